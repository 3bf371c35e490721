"""What TPOT finds within a budget, and how well that forecasts."""
