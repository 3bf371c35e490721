"""Models: descriptions of a field dz/dt = f(z, p; theta), with a parameter layout."""

from __future__ import annotations

from pyscimlode.models.base import Model, bound_to
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.pathway import KineticPathway, PathwaySpecies
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.pathways import Pathway, Reaction, permuted_enzymes
from pyscimlode.models.pathways_known import (
    isopentenol_pathway,
    limonene_pathway,
    mevalonate_pathway,
    simulated_pathway,
)
from pyscimlode.models.registry import model_from_json
from pyscimlode.models.scaling import Scaling

__all__ = [
    "HybridODE",
    "KineticPathway",
    "Model",
    "NeuralODE",
    "ParameterLayout",
    "Pathway",
    "PathwaySpecies",
    "ProductionDegradation",
    "Reaction",
    "Scaling",
    "bound_to",
    "isopentenol_pathway",
    "limonene_pathway",
    "mevalonate_pathway",
    "model_from_json",
    "permuted_enzymes",
    "simulated_pathway",
]
