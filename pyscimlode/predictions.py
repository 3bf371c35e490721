"""Forecasts for some experiments: what every model and baseline answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.status import Status
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError, TimeError, ValueRangeError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


class IntervalRule(Protocol):
    """Bounds that take the place of the members' spread, such as a conformal calibration."""

    @property
    def kind(self) -> str:
        """One word, such as ``"conformal"``."""

    @property
    def strains(self) -> tuple[str, ...]:
        """The strains that the bounds were learned from; they cannot test them."""

    def bounds(
        self, prediction: Prediction, name: str, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds ``(times, states)`` of one experiment."""

    def words(self, level: float) -> str:
        """Say what the interval is, for legends and reports."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Trajectories of all ensemble members for some experiments.

    Attributes:
        state_names: the forecast states.
        times: experiment id -> ``(times,)``.
        members: experiment id -> ``(members, times, states)``, measured units, NaN where a
            member's solve failed.
        status: experiment id -> ``(members,)`` codes of :class:`Status`.
        time_unit: unit of the times.
        level: nominal level of :meth:`interval`.
        notes: what the engine has to say, such as failed members.
        rule: what makes the intervals; None for quantiles over the members.
    """

    state_names: tuple[str, ...]
    times: Mapping[str, FloatArray]
    members: Mapping[str, FloatArray]
    status: Mapping[str, npt.NDArray[np.int64]]
    time_unit: str = "h"
    level: float = 0.9
    notes: tuple[str, ...] = ()
    rule: IntervalRule | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of the forecast experiments."""
        return tuple(self.members)

    def __getitem__(self, name: str) -> FloatArray:
        """Return the forecast (median over members) of one experiment, ``(times, states)``."""
        return self.median(name)

    def median(self, name: str) -> FloatArray:
        """Return the median over the members that succeeded, ``(times, states)``.

        NaN where no member did.
        """
        return self._quantile(name, 0.5)

    def interval(self, name: str, level: float | None = None) -> tuple[FloatArray, FloatArray]:
        """Return lower and upper bounds ``(times, states)``.

        Without a ``rule`` they are quantiles over the members: with few members their range at
        most. They say how far retraining moves the forecast, not how far the truth may lie.

        Raises:
            ValueRangeError: for a level that is no probability.
        """
        asked = self._level(level)
        if self.rule is not None:
            return self.rule.bounds(self, name, asked)
        tail = (1.0 - asked) / 2.0
        return self._quantile(name, tail), self._quantile(name, 1.0 - tail)

    @property
    def interval_kind(self) -> str:
        """``"ensemble"`` for quantiles over the members, else the kind of the rule."""
        return "ensemble" if self.rule is None else self.rule.kind

    def interval_words(self, level: float | None = None) -> str:
        """Say what :meth:`interval` is, for legends and reports."""
        asked = self._level(level)
        return "ensemble interval" if self.rule is None else self.rule.words(asked)

    def spread(self, name: str) -> FloatArray:
        """Return the standard deviation over the members that succeeded, ``(times, states)``.

        NaN where no member did.
        """
        values = self._members(name)
        known = np.isfinite(values)
        count = known.sum(axis=0)
        mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1)
        square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / np.maximum(count, 1)
        return np.asarray(np.where(count > 0, np.sqrt(square), np.nan))

    def series(self, name: str, state: str) -> FloatArray:
        """Return the median of one state of one experiment, ``(times,)``."""
        return self.median(name)[:, self._column(state)]

    def to_frame(self) -> pd.DataFrame:
        """Return rows ``experiment, time, state, median, lower, upper``."""
        import pandas as pd

        frames = []
        for name in self.names:
            low, high = self.interval(name)
            middle = self.median(name)
            n_times, n_states = middle.shape
            frames.append(
                pd.DataFrame(
                    {
                        "experiment": name,
                        "time": np.repeat(self.times[name], n_states),
                        "state": np.tile(np.array(self.state_names, dtype=object), n_times),
                        "median": middle.ravel(),
                        "lower": low.ravel(),
                        "upper": high.ravel(),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)

    def __repr__(self) -> str:
        failed = sum(int((codes != Status.SUCCESS).sum()) for codes in self.status.values())
        n_members = next(iter(self.members.values())).shape[0]
        failures = f", {failed} failed solve(s)" if failed else ""
        return (
            f"Prediction: {len(self.members)} experiment(s) ({', '.join(self.names[:6])}"
            f"{', ...' if len(self.members) > 6 else ''}), {len(self.state_names)} states, "
            f"{n_members} member(s){failures}"
        )

    def _column(self, state: str) -> int:
        if state not in self.state_names:
            raise ExperimentError(
                f"There is no state {state!r}; there are {', '.join(self.state_names)}."
                + did_you_mean(state, self.state_names)
            )
        return self.state_names.index(state)

    def _level(self, level: float | None) -> float:
        asked = self.level if level is None else level
        if not 0.0 < asked <= 1.0:
            raise ValueRangeError(
                f"level={asked!r}: the level of an interval is a probability, such as 0.9."
            )
        return asked

    def _members(self, name: str) -> FloatArray:
        if name not in self.members:
            raise ExperimentError(
                f"There is no forecast of {name!r}; there are {', '.join(self.names)}."
                + did_you_mean(name, self.names)
            )
        return self.members[name]

    def _quantile(self, name: str, q: float) -> FloatArray:
        values = self._members(name)
        known = np.isfinite(values)
        if known.all():
            return np.asarray(np.quantile(values, q, axis=0))
        reached = known.any(axis=0)
        filled = np.where(reached, values, 0.0)
        result = np.nanquantile(filled, q, axis=0)
        return np.asarray(np.where(reached, result, np.nan))


def checked_times(dataset: Dataset, times: npt.ArrayLike) -> FloatArray:
    """Return the times ``(times,)`` at which all experiments of a data set are to be forecast.

    Raises:
        TimeError: for times that are not finite, not increasing, or before an experiment begins.
    """
    asked = np.asarray(times, dtype=np.float64)
    if asked.ndim != 1 or len(asked) == 0 or not np.isfinite(asked).all():
        raise TimeError(f"times={times!r}: give a list of finite times.")
    if (np.diff(asked) <= 0).any():
        raise TimeError("The times to predict at must be strictly increasing.")
    for experiment in dataset:
        if asked[0] < experiment.times[0]:
            raise TimeError(
                f"A forecast of {experiment.name!r} starts at its first time, "
                f"{experiment.times[0]:g} {dataset.time_unit}; {asked[0]:g} lies before it."
            )
    return asked
