"""Kinetic models over time: perturbed, in culture, as data sets, fitted."""
