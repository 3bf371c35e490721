"""Score boards: models side by side, and the published tables beside our own."""
