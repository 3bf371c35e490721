"""Networks as data: species, reactions, moieties, steady states, and their checks."""
