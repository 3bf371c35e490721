"""Engines beside each other: start, gradients, forecasts, trainings, memory, at equal accuracy."""
