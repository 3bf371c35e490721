"""Strains whose forecasts are wrong by a known amount."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.predictions import Prediction

TIMES = np.array([0.0, 1.0, 2.0, 3.0])
STATES = ("x", "y")


def strain(name: str, error: float, *, y_error: float | None = None, of: str = "") -> Experiment:
    """A strain that lies ``error`` above the forecast 10 everywhere after the start."""
    states = np.full((4, 2), 10.0)
    states[1:, 0] += error
    states[1:, 1] += error if y_error is None else y_error
    return Experiment(name, TIMES, states, np.ones((4, 1)), strain=of)


def strains(*errors: float, prefix: str = "C") -> Dataset:
    made = tuple(strain(f"{prefix}{i}", error) for i, error in enumerate(errors))
    return Dataset(made, STATES, ("p",))


@dataclass(frozen=True)
class Tens:
    """Forecasts 10 for every state at every time; members are ``spread`` apart."""

    train: Dataset
    spread: float = 0.0
    members: int = 3
    name: str = "tens"

    def predict(self, what: Dataset, times: npt.ArrayLike | None = None) -> Prediction:
        offsets = self.spread * np.linspace(-1.0, 1.0, self.members)[:, None, None]
        grids = {e.name: e.times if times is None else np.asarray(times, float) for e in what}
        return Prediction(
            state_names=what.state_names,
            times=grids,
            members={
                n: np.full((self.members, len(t), len(what.state_names)), 10.0) + offsets
                for n, t in grids.items()
            },
            status={n: np.zeros(self.members, dtype=np.int64) for n in grids},
        )


def tens(**options: float) -> Tens:
    """A forecaster whose training strains have a standard deviation of about 1."""
    return Tens(strains(1.0, -1.0, prefix="T"), **options)  # type: ignore[arg-type]
