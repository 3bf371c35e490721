"""Scientific machine learning for metabolic pathway dynamics."""
