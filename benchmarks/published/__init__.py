"""The published tables, reproduced, and the same nets as true forecasts."""
