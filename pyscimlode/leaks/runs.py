"""One run of a workflow, and whether two runs forecast the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.predictions import Prediction

Workflow = Callable[[Dataset, Dataset], FittedForecaster | Prediction]
"""``workflow(train, test)``: everything that is done, up to a fitted model or a forecast."""

NEARLY = 1e-6
"""Relative difference that the make-up of a batch may cause by rounding, and a leak exceeds."""


@dataclass(frozen=True, eq=False)
class Run:
    """What a workflow returned.

    Attributes:
        forecast: of the held-out strains that it was given.
        fitted: the fitted model; None where it returned a forecast.
    """

    forecast: Prediction
    fitted: FittedForecaster | None


def perform(workflow: Workflow, train: Dataset, test: Dataset) -> Run:
    """Run a workflow.

    Raises:
        ExperimentError: it returns something else, or does not forecast a held-out strain.
    """
    returned = workflow(train, test)
    if isinstance(returned, Prediction):
        run = Run(returned, None)
    elif hasattr(returned, "predict"):
        run = Run(returned.predict(test), returned)
    else:
        raise ExperimentError(
            f"The workflow returned a {type(returned).__name__}; it must return a fitted model "
            "that has predict(test), or a Prediction."
        )
    for name in test.names:
        if name not in run.forecast.members:
            raise ExperimentError(
                f"The workflow does not forecast the held-out strain {name!r}; it forecasts "
                f"{', '.join(run.forecast.names)}."
            )
    return run


def same_bits(run: Run, base: Run, names: Sequence[str]) -> bool:
    """Whether the forecasts of these experiments are identical."""
    return not moved_strains(run, base, names)


def same_nearly(run: Run, base: Run, names: Sequence[str]) -> bool:
    """Whether the forecasts of these experiments are equal up to rounding."""
    return not moved_strains(run, base, names, nearly=True)


def moved_strains(
    run: Run, base: Run, names: Sequence[str], *, nearly: bool = False
) -> tuple[str, ...]:
    """Return the experiments whose forecasts differ."""
    tolerance = NEARLY if nearly else 0.0
    return tuple(name for name in names if not _equal(run.forecast, base.forecast, name, tolerance))


def largest_move(run: Run, base: Run, names: Sequence[str]) -> float:
    """Return how far a forecast moves at most, as a share of its state's largest value.

    Infinite where a forecast has another shape, or is finite in one run alone.
    """
    return max(_move(run.forecast, base.forecast, name) for name in names)


def _move(one: Prediction, other: Prediction, name: str) -> float:
    values, expected = one.members[name], other.members[name]
    if values.shape != expected.shape or not np.array_equal(one.times[name], other.times[name]):
        return math.inf
    if not np.array_equal(np.isfinite(values), np.isfinite(expected)):
        return math.inf
    known = np.isfinite(expected)
    size = np.where(known, np.abs(expected), 0.0).max(axis=(0, 1), initial=0.0)
    moved = np.zeros(values.shape)
    np.subtract(values, expected, out=moved, where=known)
    moved = np.abs(moved).max(axis=(0, 1), initial=0.0)
    shares = np.divide(moved, size, out=np.where(moved > 0, np.inf, 0.0), where=size > 0)
    return float(shares.max(initial=0.0))


def _equal(one: Prediction, other: Prediction, name: str, tolerance: float) -> bool:
    if tolerance > 0.0:
        return _move(one, other, name) <= tolerance
    values, expected = one.members[name], other.members[name]
    return np.array_equal(values, expected, equal_nan=True) and np.array_equal(
        one.times[name], other.times[name]
    )
