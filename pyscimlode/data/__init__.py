"""Data sets: reading, validation, interpolation, audit, named and simulated data."""
