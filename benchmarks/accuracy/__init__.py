"""How well held-out strains are forecast, beside the controls."""
