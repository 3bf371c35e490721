"""Settings of natural evolution strategies: the published ones and better ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyscimlode.errors import TrainingError
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD

LEAST = {"population": 2, "models": 1, "generations": 0}


@dataclass(frozen=True)
class Evolution:
    """Settings of an evolution; see :func:`published` and :func:`mirrored`.

    Attributes:
        population: members of a generation, two or more; even with ``mirror``.
        sigma: standard deviation of a member's weights around the parent's.
        learning_rate: of the first generation.
        decay: factor on the learning rate after every generation.
        models: models that a member is judged by.
        generations: how many.
        mirror: members come in pairs with opposite noise and the same inputs.
        shaping: ``"zscore"`` or ``"rank"``.
        threshold: largest lambda_max of a valid model, 1/h.
        screened: reject models by Arnoldi steps first. Incidence is the same; rewards that look
            at the lambda_max of invalid models see lower bounds.
        seed: of everything.
    """

    population: int = 20
    sigma: float = 1e-2
    learning_rate: float = 1e-3
    decay: float = 0.95
    models: int = 100
    generations: int = 50
    mirror: bool = False
    shaping: str = "zscore"
    threshold: float = THRESHOLD
    screened: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                value = getattr(self, name)
                raise TrainingError(f"{name}={value!r} must be {least} or more.")
        for name in ("sigma", "learning_rate", "decay"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise TrainingError(f"{name}={getattr(self, name)!r} must be a positive number.")
        if not np.isfinite(self.threshold):
            raise TrainingError(f"threshold={self.threshold!r} must be a finite number.")
        if self.mirror and self.population % 2:
            raise TrainingError(f"population={self.population} must be even with mirror=True.")
        if self.shaping not in ("zscore", "rank"):
            raise TrainingError(f"shaping={self.shaping!r} is not known; there are zscore, rank.")


def published(**changes: Any) -> Evolution:
    """Return the published settings (the article's sigma of 1e2 lost its minus sign)."""
    return Evolution(**changes)


def mirrored(**changes: Any) -> Evolution:
    """Return settings with mirrored pairs and rewards shaped by rank."""
    return Evolution(**{"mirror": True, "shaping": "rank", **changes})
