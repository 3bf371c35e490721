from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pyscimlode.boards.scores import COLUMNS, mean_scores, state_scores, task_rows
from pyscimlode.boards.tasks import Task
from pyscimlode.data.dataset import Dataset, Experiment
from tests.boards.example import prediction


def strain(name: str, states: list[list[float]]) -> Experiment:
    times = np.arange(len(states), dtype=float)
    return Experiment(name, times, np.array(states), np.ones((len(states), 1)))


def dataset(*experiments: Experiment) -> Dataset:
    return Dataset(experiments, ("A", "B"), ("E",))


@pytest.fixture
def task() -> Task:
    """Two held-out strains of three and two points; B is not measured at the last one of T1."""
    train = dataset(strain("S1", [[0.0, 0.0], [1.0, 2.0], [2.0, 4.0]]))
    test = dataset(
        strain("T1", [[1.0, 1.0], [2.0, 3.0], [4.0, np.nan]]),
        strain("T2", [[1.0, 1.0], [3.0, 5.0]]),
    )
    return Task("folds", "folds/T1+T2", 1, 0, train, test, test)


def table(task: Task, kind: str, members: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = task_rows(task, "x", kind, prediction(task, members))
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


def test_scores_of_every_seed_and_their_median_by_hand(task: Task) -> None:
    truth = {e.name: np.nan_to_num(e.states) for e in task.test}
    errors = np.array([1.0, 2.0, 6.0])[:, None, None]
    rows = table(task, "model", {name: z[None] + errors for name, z in truth.items()})
    scores = mean_scores(rows).set_index("seed")["nrmse"]
    values = np.concatenate([e.states for e in task.test])
    unit = np.nanstd(values, axis=0)
    for seed, error in (("0", 1.0), ("1", 2.0), ("2", 6.0), ("ensemble", 2.0)):
        assert scores[seed] == pytest.approx(np.mean(error / unit))
    of_t1 = rows[(rows["strain"] == "T1") & (rows["seed"] == "0")]
    assert dict(zip(of_t1["state"], of_t1["points"], strict=True)) == {"A": 2, "B": 1}


def test_the_points_of_all_strains_count_alike(task: Task) -> None:
    """A is 1 off at two points of T1 and 4 off at the one of T2."""
    members = {e.name: np.nan_to_num(e.states)[None].copy() for e in task.test}
    members["T1"][0, 1:, 0] += 1.0
    members["T2"][0, 1:, 0] += 4.0
    rows = table(task, "baseline", members)
    assert set(rows["seed"]) == {""}
    scores = state_scores(rows).set_index("state")["nrmse"]
    sd = np.std([1, 2, 4, 1, 3])
    assert scores["A"] == pytest.approx(np.sqrt((1 + 1 + 16) / 3) / sd)
    assert scores["B"] == 0.0


def test_a_failed_forecast_is_not_left_out(task: Task) -> None:
    members = {e.name: np.repeat(np.nan_to_num(e.states)[None], 2, axis=0) for e in task.test}
    members["T2"][1, 1:] = np.nan
    scores = mean_scores(table(task, "model", members)).set_index("seed")["nrmse"]
    assert scores["0"] == 0.0
    assert np.isnan(scores["1"])
    assert scores["ensemble"] == 0.0


def test_what_is_excluded_counts_only_among_all(task: Task) -> None:
    rows = table(task, "control", {e.name: np.nan_to_num(e.states)[None] + 1.0 for e in task.test})
    rows["excluded"] = rows["state"] == "B"
    unit = np.nanstd(np.concatenate([e.states for e in task.test]), axis=0)
    assert mean_scores(rows)["nrmse"].item() == pytest.approx(1.0 / unit[0])
    everything = mean_scores(rows, clean=False)["nrmse"].item()
    assert everything == pytest.approx(np.mean(1.0 / unit))


def test_states_that_do_not_vary_have_no_unit_and_are_left_out(task: Task) -> None:
    constant = [
        replace(e, states=np.column_stack((e.states[:, 0], np.ones(len(e.times)))))
        for e in task.test
    ]
    flat = replace(task.test, experiments=tuple(constant))
    task = replace(task, test=flat, unit_of=flat)
    rows = table(task, "control", {e.name: e.states[None] + 1.0 for e in flat})
    assert set(state_scores(rows)["state"]) == {"A"}
    assert np.isfinite(mean_scores(rows)["nrmse"]).all()
