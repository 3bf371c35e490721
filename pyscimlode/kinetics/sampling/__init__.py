"""Steady states that are sampled: directions, hit-and-run, equilibrium constants."""
