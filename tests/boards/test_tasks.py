from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode import datasets
from pyscimlode.boards.tasks import (
    Task,
    check_protocols,
    fold_tasks,
    known_pathway,
    measured_tasks,
    pooled_strains,
    simulated_tasks,
)
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import DataError, ExperimentError

EXCLUDED = {
    "L1": {"GPP"},
    "L2": {"GPP"},
    "L3": set(),
    "I1": {"GPP"},
    "I2": {"GPP", "Mev-P"},
    "I3": {"GPP", "Mev-P"},
}
TRAINED = {
    "own": {"L1": {"L2", "L3"}, "I3": {"I1", "I2"}},
    "pooled": {"L1": {"L2", "L3", "I1", "I2", "I3"}},
    "pooled7": {"I3": {"L1", "L2", "L3", "I1", "I2", "B1", "B2"}},
}


@pytest.mark.parametrize("protocol", TRAINED)
def test_six_folds_train_on_the_strains_of_the_protocol(protocol: str, measured_data: Path) -> None:
    tasks = {task.name: task for task in measured_tasks(protocol)}
    assert list(tasks) == [f"{protocol}/{s}" for s in ("L1", "L2", "L3", "I1", "I2", "I3")]
    for strain, trained in TRAINED[protocol].items():
        task = tasks[f"{protocol}/{strain}"]
        assert set(task.train.strains) == trained
        assert task.n == len(trained)
        assert task.test.strains == (strain,)


@pytest.mark.parametrize("protocol", TRAINED)
def test_what_does_not_count_and_the_unit_are_those_of_the_pathway(
    protocol: str, measured_data: Path
) -> None:
    for task in measured_tasks(protocol):
        (strain,) = task.test.strains
        family = "limonene" if strain.startswith("L") else "isopentenol"
        assert set(task.unit_of.strains) == set(datasets.load(family).strains)
        assert set(task.excluded[strain]) == EXCLUDED[strain]


def test_pooled_strains_are_those_of_the_pathway_files(measured_data: Path) -> None:
    pool = pooled_strains(["B1"])
    assert pool.strains == ("L1", "L2", "L3", "I1", "I2", "I3", "B1")
    assert len(pool.state_names) == 14
    assert "Bisabolene" not in pool.state_names
    for family in ("limonene", "isopentenol"):
        published = datasets.load(family)
        ours = pool.select(published.strains).keep(published.state_names, published.control_names)
        for experiment in published:
            same = ours[experiment.name]
            np.testing.assert_array_equal(same.times, experiment.times)
            # The raw file's last digits differ.
            np.testing.assert_allclose(same.states, experiment.states, rtol=1e-14)
            np.testing.assert_array_equal(same.controls, experiment.controls)


def test_pathways_of_the_tasks(measured_data: Path) -> None:
    assert {t.name: t.pathway for t in measured_tasks("own")}["own/I2"] == "isopentenol"
    assert {t.pathway for t in measured_tasks("pooled7")} == {"mevalonate"}
    assert known_pathway(datasets.load("limonene")) == "limonene"
    assert known_pathway(pooled_strains()) == "mevalonate"
    assert known_pathway(simulate(n=2, times=(0, 1))) == "simulated"
    assert known_pathway(simulate(n=2, times=(0, 1)).keep(states=["GPP"])) == ""


def test_a_learning_curve_has_every_size_and_draw() -> None:
    tasks = simulated_tasks("sim-sparse", n=(10, 2), draws=2)
    assert [task.name for task in tasks] == [
        "sim-sparse/n=2/draw=0",
        "sim-sparse/n=2/draw=1",
        "sim-sparse/n=10/draw=0",
        "sim-sparse/n=10/draw=1",
    ]
    assert [len(task.train.strains) for task in tasks] == [2, 2, 10, 10]
    assert set(tasks[0].train.strains) <= set(tasks[2].train.strains)
    assert set(tasks[0].train.strains) != set(tasks[1].train.strains)
    assert {task.test.content_hash for task in tasks} == {tasks[0].unit_of.content_hash}
    assert len(tasks[0].test.strains) == 20


def test_folds_hold_every_strain_or_the_named_ones_out_once() -> None:
    strains = simulate(n=4, times=(0, 6, 12))
    assert [task.name for task in fold_tasks(strains)] == [f"folds/S{k}" for k in (1, 2, 3, 4)]
    chosen = fold_tasks(strains, ["S2", "S4"])
    assert [task.test.strains for task in chosen] == [("S2",), ("S4",)]
    assert chosen[0].train.strains == ("S1", "S3", "S4")
    assert chosen[0].unit_of.strains == strains.strains
    (own,) = fold_tasks(strains.select(["S1", "S2"]), strains.select(["S3", "S4"]))
    assert (own.name, own.n, own.unit_of.strains) == ("folds/S3+S4", 2, ("S3", "S4"))


def test_wrong_requests() -> None:
    with pytest.raises(DataError, match=r"no protocol 'pooled8'.*Did you mean 'pooled"):
        check_protocols(["own", "pooled8"])
    with pytest.raises(DataError, match="No protocol is named"):
        check_protocols([])
    with pytest.raises(DataError, match=r"draws=0: .* at least once"):
        simulated_tasks("sim-sparse", n=(2,), draws=0)
    with pytest.raises(DataError, match="n is 400; the benchmark has 1 to 320"):
        simulated_tasks("sim-dense", n=(400,), draws=1)
    with pytest.raises(DataError, match="n names no number"):
        simulated_tasks("sim-dense", n=(), draws=1)
    strains = simulate(n=3, times=(0, 6))
    with pytest.raises(ExperimentError, match="There is no experiment 'S9'"):
        fold_tasks(strains, "S9")
    with pytest.raises(ExperimentError, match=r"unit_of lacks the held-out strain\(s\) S1"):
        Task(
            "folds",
            "folds/S1",
            1,
            0,
            strains.select(["S2"]),
            strains.select(["S1"]),
            strains.select(["S3"]),
        )
    with pytest.raises(ExperimentError, match="also a training strain"):
        Task("folds", "folds/S1", 2, 0, strains, strains.select(["S1"]), strains)
