"""What options against stiffness do to a trained field."""
