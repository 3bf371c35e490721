"""Speed of a loss and its gradient: our engine beside torchdiffeq and diffrax."""
