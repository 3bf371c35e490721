"""Files and foreign models: case JSON, SKiMpy YAML, SBML, cobra, pyTFA tables, parameter sets."""
