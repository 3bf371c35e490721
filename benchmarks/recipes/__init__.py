"""How the recipe for pooled strains was chosen, and what the choice scores on other strains."""
