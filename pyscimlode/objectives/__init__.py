"""What is minimised and what is reported: losses, protocols, scores."""
