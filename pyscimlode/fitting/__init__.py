"""From a request to trained members: inputs, recipes, one batch of training."""
