"""Networks that make KM, what trains them, and measured KM among generated ones."""
