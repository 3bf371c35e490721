"""Small workflows, honest and leaking, as people write them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pyscimlode.data import Dataset, from_frame, simulate
from pyscimlode.predictions import Prediction

TIMES = (0.0, 4.0, 8.0, 12.0, 24.0, 36.0, 48.0, 72.0)


def strains(n: int = 7, *, noise: float = 0.1) -> Dataset:
    data = simulate(n, times=TIMES, noise=noise, seed=3)
    return data.keep(states=data.state_names[:3], controls=data.control_names[:2])


def split(n_test: int = 3) -> tuple[Dataset, Dataset]:
    data = strains()
    held_out = data.names[-n_test:]
    return data.drop(held_out), data.select(held_out)


@dataclass(frozen=True)
class Ridge:
    """Each state at each time, from the start and the controls; states in units of ``scale``."""

    train: Dataset
    scale: npt.NDArray[np.float64]
    penalty: float = 1.0
    name: str = "ridge"
    reads_targets: bool = False

    def predict(self, what: Dataset, times: npt.ArrayLike | None = None) -> Prediction:
        x = np.stack([self._features(e) for e in self.train])
        y = np.stack([np.nan_to_num(e.states / self.scale) for e in self.train])
        gram = x.T @ x + self.penalty * np.eye(x.shape[1])
        beta = np.linalg.solve(gram, x.T @ y.reshape(len(x), -1))
        members = {}
        for e in what:
            forecast = (self._features(e) @ beta).reshape(y.shape[1:]) * self.scale
            if self.reads_targets:
                measured = np.nan_to_num(e.states[:-1])
                forecast[1:] = 0.5 * forecast[1:] + 0.5 * measured
            members[e.name] = forecast[None]
        return Prediction(
            state_names=what.state_names,
            times={e.name: e.times for e in what},
            members=members,
            status={e.name: np.zeros(1, dtype=np.int64) for e in what},
        )

    def _features(self, experiment: object) -> npt.NDArray[np.float64]:
        start = experiment.states[0] / self.scale  # type: ignore[attr-defined]
        controls = np.log1p(experiment.controls).mean(axis=0)  # type: ignore[attr-defined]
        return np.concatenate([start, controls, [1.0]])


def largest(data: Dataset) -> npt.NDArray[np.float64]:
    return np.nanmax(np.concatenate([e.states for e in data]), axis=0)


def joined(train: Dataset, test: Dataset) -> Dataset:
    return replace(train, experiments=(*train.experiments, *test.experiments))


def honest(train: Dataset, test: Dataset) -> Ridge:
    return Ridge(train, largest(train))


def scaler_on_all_strains(train: Dataset, test: Dataset) -> Ridge:
    return Ridge(train, largest(joined(train, test)))


def rescaled_by_all_strains(train: Dataset, test: Dataset) -> Ridge:
    """Divides the training data themselves by the maximum over all strains."""
    scale = largest(joined(train, test))
    scaled = tuple(replace(e, states=e.states / scale) for e in train)
    return Ridge(replace(train, experiments=scaled), np.ones(len(scale)))


def teacher_forcing(train: Dataset, test: Dataset) -> Ridge:
    return Ridge(train, largest(train), reads_targets=True)


def best_on(
    strains_of: Callable[[Dataset, Dataset], Dataset], train: Dataset, test: Dataset
) -> Ridge:
    """Keeps the penalty that forecasts some strains best."""
    judges = strains_of(train, test)
    kept = train if judges is test else train.drop(judges.names)
    candidates = [Ridge(kept, largest(kept), penalty) for penalty in (1e-3, 0.1, 10.0, 1e3)]

    def error(candidate: Ridge) -> float:
        forecast = candidate.predict(judges)
        return float(
            sum(np.nansum(((forecast[e.name] - e.states) / largest(kept)) ** 2) for e in judges)
        )

    return min(candidates, key=error)


def selected_on_test(train: Dataset, test: Dataset) -> Ridge:
    return best_on(lambda _, test: test, train, test)


def selected_on_a_training_strain(train: Dataset, test: Dataset) -> Ridge:
    return best_on(lambda train, _: train.select(train.names[0]), train, test)


def trained_on_test(train: Dataset, test: Dataset) -> Ridge:
    """Trains on all strains under another name, so that names tell nothing."""
    renamed = tuple(replace(e, name=f"{e.name}'", strain=f"{e.name}'") for e in test)
    everything = replace(train, experiments=(*train.experiments, *renamed))
    return Ridge(everything, np.ones(len(train.state_names)))


def with_gaps(data: Dataset) -> Dataset:
    """The strains, the last value of each state in each strain not measured."""
    gaps = []
    for e in data:
        states = e.states.copy()
        states[-1] = np.nan
        gaps.append(replace(e, states=states))
    return replace(data, experiments=tuple(gaps))


def _filled(table: pd.DataFrame, states: tuple[str, ...], *, by_strain: bool) -> pd.DataFrame:
    filled = table.copy()
    columns = list(states)
    if by_strain:
        filled[columns] = table.groupby("strain")[columns].transform(
            lambda series: series.interpolate(limit_direction="both")
        )
    else:
        filled[columns] = table[columns].interpolate(limit_direction="both")
    return filled


def _training_part(table: pd.DataFrame, train: Dataset) -> Dataset:
    rows = table[table["strain"].isin(train.strains)].drop(columns="experiment")
    return from_frame(
        rows,
        time="time",
        experiment="strain",
        states=list(train.state_names),
        controls=list(train.control_names),
    )


def filled_over_the_joined_table(train: Dataset, test: Dataset) -> Ridge:
    """pandas' ``interpolate`` on one long table: a gap is filled from the neighbouring strains."""
    table = joined(train, test).to_frame().sort_values("time", kind="stable")
    table = _filled(table, train.state_names, by_strain=False)
    return honest(_training_part(table, train), test)


def filled_within_strains(train: Dataset, test: Dataset) -> Ridge:
    table = _filled(train.to_frame(), train.state_names, by_strain=True)
    return honest(_training_part(table, train), test)
