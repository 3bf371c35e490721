"""Which models stand for a steady state of a landscape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.generators.evolution import Evolution, evolve
from pyscimlode.kinetics.generators.generator import BOUNDS, KineticGenerator

FloatArray = npt.NDArray[np.float64]
Search = Callable[[KineticEvaluator, int], npt.ArrayLike]
"""(evaluator, seed) -> ln KM ``(models, KM)`` whose fastest stands for a state."""


@dataclass(frozen=True)
class UniformSearch:
    """KM uniform in ln between two bounds (ln mM): quick, and far from what evolution finds."""

    models: int = 200
    low: float = BOUNDS[0]
    high: float = BOUNDS[1]

    def __call__(self, evaluator: KineticEvaluator, seed: int) -> FloatArray:
        """Return ln KM ``(models, KM)``."""
        shape = (self.models, len(evaluator.network.km_names))
        return np.random.default_rng(seed).uniform(self.low, self.high, shape)


@dataclass(frozen=True, eq=False)
class GeneratorSearch:
    """Models of a generator that was trained, as a rule, on one of the states."""

    generator: KineticGenerator
    theta: FloatArray
    models: int = 200

    def __call__(self, evaluator: KineticEvaluator, seed: int) -> FloatArray:
        """Return ln KM ``(models, KM)``."""
        return self.generator.sample(self.theta, self.models, seed)


@dataclass(frozen=True, eq=False)
class EvolutionSearch:
    """Models of a generator that is trained on each state, as in the article."""

    generator: KineticGenerator
    settings: Evolution
    models: int = 200

    def __call__(self, evaluator: KineticEvaluator, seed: int) -> FloatArray:
        """Return ln KM ``(models, KM)``."""
        settings = replace(self.settings, seed=seed)
        trained = evolve(self.generator, evaluator, settings, reward="fastest", progress=False)
        return trained.generator.sample(trained.theta, self.models, seed)
