"""Models: descriptions of a field dz/dt = f(z, p; theta), with a parameter layout."""

from __future__ import annotations

from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.registry import model_from_json
from pyscimlode.models.scaling import Scaling

__all__ = [
    "Model",
    "NeuralODE",
    "ParameterLayout",
    "ProductionDegradation",
    "Scaling",
    "model_from_json",
]
