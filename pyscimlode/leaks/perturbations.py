"""Held-out strains changed where a forecast must not look: their states after the start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Change = Callable[[FloatArray], FloatArray]

SCALED_BY = 1000.0
"""So much that any choice by error goes to the model that forecasts most."""

NUDGED_BY = 1e-6


def scaled(test: Dataset, factor: float = SCALED_BY) -> Dataset:
    """Return the strains with all states after the start times a factor."""
    return _changed(test, lambda values: values * factor)


def nudged(test: Dataset) -> Dataset:
    """Return the strains with all states after the start larger by one part in a million."""
    return scaled(test, 1.0 + NUDGED_BY)


def noise(test: Dataset, seed: int = 0) -> Dataset:
    """Return the strains with states after the start replaced by noise, much larger than they."""
    rng = np.random.default_rng(seed)

    def draw(values: FloatArray) -> FloatArray:
        size = np.nanmax(np.abs(values)) if np.isfinite(values).any() else 1.0
        return np.where(
            np.isfinite(values), SCALED_BY * (size or 1.0) * rng.random(len(values)), np.nan
        )

    return _changed(test, draw)


def permuted(test: Dataset) -> Dataset:
    """Return the strains with the states after the start in reverse order.

    The values of a state over all strains, times and cells are turned round together: who has which
    value, and when, changes, while the maximum, mean and standard deviation stay.
    """
    return _changed(test, _reversed)


def shrunk(test: Dataset) -> Dataset:
    """Return the strains with all states after the start next to zero."""
    return scaled(test, 1.0 / SCALED_BY)


def hidden(test: Dataset) -> Dataset:
    """Return the strains with no state measured after the start."""
    return _changed(test, lambda values: np.full_like(values, np.nan))


def nearly_hidden(test: Dataset) -> Dataset:
    """Return the strains with one value of each state after the start, the first one measured.

    For workflows that score what they forecast, which nothing can be without a value.
    """

    def first(values: FloatArray) -> FloatArray:
        return np.where(np.cumsum(np.isfinite(values)) == 1, values, np.nan)

    changed = [_changed(replace(test, experiments=(e,)), first).experiments[0] for e in test]
    return replace(test, experiments=tuple(changed))


def only(test: Dataset, changed: Dataset, name: str) -> Dataset:
    """Return the strains with one experiment as in ``changed`` and the others as they are."""
    experiments = tuple(changed[e.name] if e.name == name else e for e in test)
    return replace(test, experiments=experiments)


def reordered(test: Dataset) -> Dataset:
    """Return the strains in reverse order."""
    return replace(test, experiments=tuple(reversed(test.experiments)))


def reduced(test: Dataset) -> Dataset:
    """Return the strains without the last one."""
    return test.drop([test.strains[-1]])


def extended(test: Dataset) -> Dataset:
    """Return the strains and one more: the first with states and controls twice as large."""
    first = test.experiments[0]
    name = f"{first.name} doubled"
    extra = replace(
        first, name=name, strain=name, states=2.0 * first.states, controls=2.0 * first.controls
    )
    return replace(test, experiments=(*test.experiments, extra))


def _changed(test: Dataset, change: Change) -> Dataset:
    """Apply a change to the values of each state, after the start, of all strains together."""
    ends = np.cumsum([len(e.times) - 1 for e in test])
    later = np.concatenate([e.states[1:] for e in test])
    columns = [change(later[:, column]) for column in range(later.shape[1])]
    parts = np.split(np.stack(columns, axis=1), ends[:-1])
    experiments = tuple(
        replace(e, states=np.concatenate([e.states[:1], part]))
        for e, part in zip(test, parts, strict=True)
    )
    return replace(test, experiments=experiments)


def _reversed(values: FloatArray) -> FloatArray:
    measured = np.isfinite(values)
    turned = values.copy()
    turned[measured] = values[measured][::-1]
    return turned
