"""A Gaussian process from proteins straight to trajectories, without an ODE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedBaseline, initial_states
from pyscimlode.baselines.regressors import (
    fit_quietly,
    gaussian_process,
    log1p_of_positive,
    reseeded,
)
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import controls_at
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import ModelError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DirectGaussianProcess:
    """One Gaussian process a metabolite: (proteins, start, time) -> value, no ODE.

    The features of a strain's value at a time are the time, the strain's first measured states
    (log1p) and its proteins over the whole course: log1p p(t) at the training times, standardised
    on the training strains, averaged over time. Features that do not vary over the training
    strains are left out. Each feature has a length scale of its own, learned from the training
    strains by marginal likelihood.

    Args:
        max_rows: measured values a process is trained on at most, drawn at random.
        scale_rows: how many of these the length scales are learned from at most; learning them
            takes some hundred times as long as using them.
        seed: of the draws.
    """

    max_rows: int = 1000
    scale_rows: int = 250
    seed: int = 0

    @property
    def name(self) -> str:
        """Name in score tables."""
        return "direct Gaussian process"

    def fit(self, train: Dataset) -> FittedDirectGaussianProcess:
        """Learn from the measured values of the training strains.

        Raises:
            DataError: for data that cannot be trained on.
            ModelError: for a limit of less than two rows.
        """
        if min(self.max_rows, self.scale_rows) < 2:
            raise ModelError(
                f"max_rows={self.max_rows}, scale_rows={self.scale_rows}: a Gaussian process needs "
                "two rows."
            )
        validate_for_training(train)
        descriptors = _strain_descriptors(train, train.times)
        varies = np.ptp(descriptors, axis=0) > 0
        inputs = _Inputs(
            grid=train.times,
            columns=np.flatnonzero(varies),
            shift=descriptors[:, varies].mean(axis=0),
            scale=descriptors[:, varies].std(axis=0),
            time_shift=float(train.times.mean()),
            time_scale=float(train.times.std()),
        )
        x = np.concatenate(inputs.rows(train, [e.times for e in train]))
        y = np.concatenate([e.states for e in train])
        template = gaussian_process(x.shape[1])
        processes = tuple(
            self._fit_column(template, x, y[:, column], column)
            for column in range(len(train.state_names))
        )
        return FittedDirectGaussianProcess(self.name, train, inputs, processes)

    def _fit_column(self, template: Any, x: FloatArray, target: FloatArray, column: int) -> Any:
        known = np.flatnonzero(np.isfinite(target))
        rows = np.random.default_rng([self.seed, column]).permutation(known)[: self.max_rows]
        few = rows[: self.scale_rows]
        learned = fit_quietly(reseeded(template, self.seed), x[few], target[few])
        if len(few) == len(rows):
            return learned
        process = reseeded(template, self.seed).set_params(kernel=learned.kernel_, optimizer=None)
        return process.fit(x[rows], target[rows])


@dataclass(frozen=True, eq=False)
class _Inputs:
    """From a strain's start and p(t) to features, with the training strains' scales."""

    grid: FloatArray
    columns: npt.NDArray[np.intp]
    shift: FloatArray
    scale: FloatArray
    time_shift: float
    time_scale: float

    def rows(self, dataset: Dataset, times: Sequence[FloatArray]) -> list[FloatArray]:
        described = _strain_descriptors(dataset, self.grid)[:, self.columns]
        scaled = (described - self.shift) / self.scale
        return [
            np.column_stack(
                ((asked - self.time_shift) / self.time_scale, np.tile(row, (len(asked), 1)))
            )
            for asked, row in zip(times, scaled, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class FittedDirectGaussianProcess(FittedBaseline):
    """Trained Gaussian processes, one a state; see :class:`DirectGaussianProcess`."""

    inputs: _Inputs
    processes: tuple[Any, ...]

    def _trajectories(self, dataset: Dataset, times: Sequence[FloatArray]) -> list[FloatArray]:
        return [
            np.column_stack([process.predict(x) for process in self.processes])[None]
            for x in self.inputs.rows(dataset, times)
        ]


def _strain_descriptors(dataset: Dataset, grid: FloatArray) -> FloatArray:
    """Return ``(experiments, states + controls)``: log1p of the start, mean log1p of p(t)."""
    starts = log1p_of_positive(initial_states(dataset))
    courses = [_mean_course(dataset, e, grid) for e in dataset]
    return np.column_stack((starts, np.stack(courses)))


def _mean_course(dataset: Dataset, experiment: Experiment, grid: FloatArray) -> FloatArray:
    inside = grid[(grid >= experiment.times[0]) & (grid <= experiment.times[-1])]
    asked = inside if len(inside) else experiment.times
    return log1p_of_positive(controls_at(dataset, experiment.name, asked)).mean(axis=0)
