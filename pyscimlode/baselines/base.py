"""What every forecaster answers, and what fitted baselines have in common."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.validation import check_initial_state, check_same_layout
from pyscimlode.errors import ExperimentError, TrainingError, did_you_mean
from pyscimlode.predictions import Prediction, checked_times

if TYPE_CHECKING:
    from pyscimlode.results import Scores

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


class FittedForecaster(Protocol):
    """Anything that forecasts strains: a ``FitResult`` or a fitted baseline."""

    @property
    def name(self) -> str:
        """As it stands in score tables."""

    @property
    def train(self) -> Dataset:
        """The experiments that it was trained on."""

    def predict(self, what: Dataset, times: npt.ArrayLike | None = None) -> Prediction:
        """Forecast experiments from their first measured states and their controls p(t)."""


class Forecaster(Protocol):
    """Anything that learns from strains to forecast others."""

    @property
    def name(self) -> str:
        """As it stands in score tables."""

    def fit(self, train: Dataset) -> FittedForecaster:
        """Learn from training experiments."""


@dataclass(frozen=True, eq=False)
class FittedBaseline(ABC):
    """A trained baseline; answers ``predict`` and ``score`` like a ``FitResult``.

    Attributes:
        name: as it stands in score tables.
        train: the training experiments.
    """

    name: str
    train: Dataset

    @abstractmethod
    def _trajectories(self, dataset: Dataset, times: Sequence[FloatArray]) -> list[FloatArray]:
        """Return ``(members, times, states)`` of each experiment, NaN where one blew up."""

    def predict(
        self, what: Dataset | str | Sequence[str], times: npt.ArrayLike | None = None
    ) -> Prediction:
        """Forecast experiments from their first measured states and their controls p(t).

        Args:
            what: a data set with the same columns, or ids of training experiments. Only first
                states, controls and times are read.
            times: ``(times,)`` in the data set's time unit; each experiment's own times by
                default. They begin at or after the experiment's first time.

        Returns:
            trajectories of all members; one that blows up is NaN from there on, with a status.

        Raises:
            ExperimentError: for an unknown strain.
            ColumnError: for a data set with other columns.
            TimeError: for times before the start, or not increasing.
            ValueRangeError: when an initial state is missing.
        """
        dataset = what if isinstance(what, Dataset) else self._training_strains(what)
        check_same_layout(self.train, dataset)
        for experiment in dataset:
            check_initial_state(dataset, experiment)
        asked = None if times is None else checked_times(dataset, times)
        grids = [e.times if asked is None else asked for e in dataset]
        values = self._trajectories(dataset, grids)
        failed = [np.asarray(np.isnan(members).any(axis=2)) for members in values]
        return Prediction(
            state_names=dataset.state_names,
            times=dict(zip(dataset.names, grids, strict=True)),
            members=dict(zip(dataset.names, values, strict=True)),
            status={
                name: np.where(rows.any(axis=-1), int(Status.NON_FINITE), int(Status.SUCCESS))
                for name, rows in zip(dataset.names, failed, strict=True)
            },
            time_unit=dataset.time_unit,
            notes=_failures(dataset, grids, failed),
        )

    def score(self, test: Dataset, *, score_scale: Literal["all", "test"] = "all") -> Scores:
        """Score held-out strains, beside the controls.

        Args:
            test: the held-out strains.
            score_scale: the unit of NRMSE: the standard deviation over all strains (``"all"``)
                or the held-out strains (``"test"``).

        Raises:
            ExperimentError: when a strain of ``test`` was trained on.
        """
        scoring = importlib.import_module("pyscimlode.results.scoring")
        scores: Scores = scoring.score_forecasters(
            {self.name: self}, self.train, test, score_scale=score_scale
        )
        return scores

    def _training_strains(self, names: str | Sequence[str]) -> Dataset:
        wanted = [names] if isinstance(names, str) else list(names)
        known = (*self.train.names, *self.train.strains)
        for name in wanted:
            if name not in known:
                raise ExperimentError(
                    f"There is no strain {name!r} among the training strains "
                    f"({', '.join(self.train.names[:20])}); give held-out strains as a Dataset."
                    + did_you_mean(str(name), known)
                )
        return self.train.select(wanted)


def check_ensemble(ensemble: int) -> None:
    """Check the number of members.

    Raises:
        TrainingError: when it is not positive.
    """
    if ensemble < 1:
        raise TrainingError(f"ensemble={ensemble}: at least one member is trained.")


def initial_states(dataset: Dataset) -> FloatArray:
    """Return ``(experiments, states)``; a state that a strain never has starts at zero."""
    return np.nan_to_num(np.stack([e.states[0] for e in dataset]), nan=0.0)


def _failures(
    dataset: Dataset, times: Sequence[FloatArray], failed: Sequence[BoolArray]
) -> tuple[str, ...]:
    notes = []
    for experiment, grid, rows in zip(dataset, times, failed, strict=True):
        for member in np.flatnonzero(rows.any(axis=1)):
            when = grid[int(np.argmax(rows[member]))]
            notes.append(
                f"Member {member} is not finite on {experiment.name} at {when:g} "
                f"{dataset.time_unit}: its learned derivatives lead away from all training data."
            )
    return tuple(notes)
