"""Do intervals cover what they promise? Ensemble and conformal intervals on held-out strains."""
