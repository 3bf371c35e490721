"""Controls: forecasts without a model. A score means nothing before it is below theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import controls_at

FloatArray = npt.NDArray[np.float64]

GEOMETRIC_OFFSET = 1e-3
"""Added before the logarithm of the geometric mean, in state units."""


@dataclass(frozen=True)
class Control:
    """A forecast that needs no training.

    Attributes:
        name: as it stands in score tables.
        meaning: one line for reports.
        needs_controls: whether it reads p(t).
        predict: ``(train, test, experiment, times) -> (times, states)``.
    """

    name: str
    meaning: str
    needs_controls: bool
    predict: Callable[[Dataset, Dataset, Experiment, FloatArray], FloatArray]


def persistence(
    train: Dataset, test: Dataset, experiment: Experiment, times: FloatArray
) -> FloatArray:
    """Nothing changes: z(t) = z(t0); states without a value at t0 are NaN."""
    return np.broadcast_to(experiment.states[0], (len(times), len(test.state_names))).copy()


def mean(train: Dataset, test: Dataset, experiment: Experiment, times: FloatArray) -> FloatArray:
    """The mean of the training experiments' trajectories, each linear in time."""
    return _nanmean(_trajectories(train, times))


def geometric_mean(
    train: Dataset, test: Dataset, experiment: Experiment, times: FloatArray
) -> FloatArray:
    """The geometric mean of the training experiments' trajectories (offset 1e-3)."""
    shifted = np.maximum(_trajectories(train, times), 0.0) + GEOMETRIC_OFFSET
    return np.asarray(np.exp(_nanmean(np.log(shifted))) - GEOMETRIC_OFFSET)


def nearest_strain(
    train: Dataset, test: Dataset, experiment: Experiment, times: FloatArray
) -> FloatArray:
    """The trajectory of the training experiment with the most similar controls.

    Similar: least mean squared distance of log1p(p(t)) at the training experiments' times within
    the tested experiment's time span.
    """
    grid = train.times
    grid = grid[(grid >= experiment.times[0]) & (grid <= experiment.times[-1])]
    grid = grid if len(grid) else experiment.times
    own = _log_controls(test, experiment.name, grid)
    distances = [((_log_controls(train, e.name, grid) - own) ** 2).mean() for e in train]
    return _trajectories(train, times)[int(np.argmin(distances))]


CONTROLS: tuple[Control, ...] = (
    Control("persistence", "every metabolite stays at its first value", False, persistence),
    Control("mean", "mean trajectory of the training strains", False, mean),
    Control(
        "geometric mean", "geometric mean trajectory of the training strains", False, geometric_mean
    ),
    Control(
        "nearest strain", "the training strain with the most similar proteins", True, nearest_strain
    ),
)
"""All controls, in the order of score tables."""


def control_predictions(
    train: Dataset, test: Dataset, times: FloatArray | None = None
) -> dict[str, dict[str, FloatArray]]:
    """Return ``control -> experiment -> (times, states)`` for all tested experiments.

    Args:
        train: training experiments.
        test: experiments to forecast; their first states and controls are read, nothing else.
        times: where to forecast; each experiment's own times by default.

    Controls that read p(t) are left out where the data have no controls.
    """
    return {
        control.name: {
            e.name: control.predict(train, test, e, e.times if times is None else times)
            for e in test
        }
        for control in CONTROLS
        if train.control_names or not control.needs_controls
    }


def _log_controls(dataset: Dataset, name: str, times: FloatArray) -> FloatArray:
    return np.log1p(np.maximum(controls_at(dataset, name, times), 0.0))


def _trajectories(train: Dataset, times: FloatArray) -> FloatArray:
    """Return ``(experiments, times, states)``, linear between measured values, NaN if none."""
    result = np.full((len(train), len(times), len(train.state_names)), np.nan)
    for row, experiment in enumerate(train):
        for column in range(len(train.state_names)):
            known = experiment.mask[:, column]
            if known.any():
                result[row, :, column] = np.interp(
                    times, experiment.times[known], experiment.states[known, column]
                )
    return result


def _nanmean(values: FloatArray) -> FloatArray:
    known = np.isfinite(values)
    count = known.sum(axis=0)
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
