"""Training engines and the contract that they all answer."""
