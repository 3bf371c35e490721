"""Speed and memory of kinetic models: evaluation, training, parameter sets."""
