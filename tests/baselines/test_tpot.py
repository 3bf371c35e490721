from __future__ import annotations

import importlib.util
import socket
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest

from pyscimlode.baselines import FittedTPOT, tpot, tpot_search
from pyscimlode.baselines.tpot import TPOTBaseline, strain_folds
from pyscimlode.baselines.tpot_search import SearchEvent
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import (
    ExperimentError,
    MissingDependencyError,
    TrainingError,
    TrainingInterrupted,
)

WORKER = """
import sys, time
from multiprocessing.connection import Connection
from sklearn.dummy import DummyRegressor
from pyscimlode.baselines.tpot_worker import Count, Found, describe
connection = Connection(int(sys.argv[1]))
task = connection.recv()
mean = DummyRegressor().fit(task.x, task.y)
"""
FINDS = WORKER + "connection.send(Found(mean, describe(mean), 0.5, True, Count(1, 2)))"
HANGS = WORKER + "while True: time.sleep(1)"
SMALL = TPOTBaseline(
    generations=1,
    population=6,
    max_seconds=240.0,
    max_eval_seconds=10.0,
    folds=2,
    points=20,
    progress=False,
)


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put another program in the place of TPOT, which need not be installed."""
    monkeypatch.setattr(tpot, "find_spec", lambda name: "yes")

    def use(program: str) -> None:
        monkeypatch.setattr(tpot_search, "WORKER", program)

    return use


def test_folds_keep_strains_whole() -> None:
    groups = np.array([0, 0, 3, 3, 5, 7, 7])
    assert strain_folds(groups, 2).tolist() == [0, 0, 1, 1, 0, 1, 1]
    assert strain_folds(groups, 9).tolist() == [0, 0, 1, 1, 2, 3, 3]
    with pytest.raises(ExperimentError, match="1 strain"):
        strain_folds(np.zeros(5, dtype=np.int64), 5)


def test_without_tpot_the_error_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, linear_train: Dataset
) -> None:
    monkeypatch.setattr(tpot, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[tpot\]'"):
        TPOTBaseline().fit(linear_train)
    monkeypatch.setattr(tpot, "find_spec", lambda name: None if name == "pkg_resources" else "yes")
    with pytest.raises(MissingDependencyError, match="setuptools<81"):
        TPOTBaseline().fit(linear_train)


def test_nothing_found_in_time_is_ridge_and_a_warning(
    worker: Any, linear_train: Dataset, linear_test: Dataset
) -> None:
    worker(HANGS)
    baseline = TPOTBaseline(max_seconds=0.1, points=40, progress=False)
    with pytest.warns(RuntimeWarning, match="within 0 s; ridge regression stands in") as caught:
        fitted = baseline.fit(linear_train)
    assert ["'x'" in str(caught[0].message), "'y'" in str(caught[1].message)] == [True, True]
    assert fitted.finished == {"x": False, "y": False}
    assert np.isnan(fitted.cv_rmse["x"])
    assert set(fitted.pipelines) == {"x", "y"}
    assert fitted.table()["stand_in"].all()
    forecast = fitted.predict(linear_test)["T"]
    np.testing.assert_allclose(forecast, linear_test["T"].states, atol=0.2)


def test_a_state_of_a_single_strain_has_ridge(worker: Any, linear_train: Dataset) -> None:
    worker(FINDS)
    strains = [
        e
        if e.name == "A"
        else replace(e, states=np.column_stack((e.states[:, 0], e.times * np.nan)))
        for e in linear_train
    ]
    train = replace(linear_train, experiments=tuple(strains))
    with pytest.warns(RuntimeWarning, match="'y' is measured in a single training strain"):
        fitted = TPOTBaseline(points=20, progress=False).fit(train)
    assert fitted.table()["stand_in"].tolist() == [False, True]


def test_what_was_found_is_shown(worker: Any, linear_train: Dataset) -> None:
    worker(FINDS)
    events: list[SearchEvent] = []
    fitted = TPOTBaseline(points=20, progress=events.append).fit(linear_train)
    table = fitted.table().set_index("state")
    assert table.index.tolist() == ["x", "y"]
    assert table.loc["y", ["steps", "cv_rmse", "generations", "evaluated"]].tolist() == [
        "DummyRegressor",
        0.5,
        1,
        2,
    ]
    assert "DummyRegressor" in repr(fitted)
    assert "trained on A, B, C, D" in repr(fitted)
    assert [(e.state, e.index, e.total) for e in events if e.done] == [("x", 0, 2), ("y", 1, 2)]


def test_ctrl_c_keeps_what_was_found(worker: Any, linear_train: Dataset) -> None:
    worker(FINDS)

    def stop_at_y(event: SearchEvent) -> None:
        if event.state == "y":
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted, match="1 of 2 metabolites are done") as caught:
        TPOTBaseline(points=20, progress=stop_at_y).fit(linear_train)
    assert isinstance(caught.value, KeyboardInterrupt)
    searched: list[str] = []
    fitted = TPOTBaseline(points=20, progress=lambda event: searched.append(event.state)).fit(
        linear_train, found=caught.value.state
    )
    assert set(searched) == {"y"}
    assert fitted.found["x"] is caught.value.state["x"]
    assert list(fitted.pipelines) == ["x", "y"]


def test_wrong_settings(worker: Any, linear_train: Dataset) -> None:
    with pytest.raises(TrainingError, match="a search needs"):
        TPOTBaseline(population=1).fit(linear_train)
    with pytest.raises(ExperimentError, match="'A' is the only training strain"):
        TPOTBaseline().fit(linear_train.select(["A"]))
    with pytest.raises(ExperimentError, match="'z' is not a metabolite of the training strains"):
        TPOTBaseline().fit(linear_train, found={"z": None})


@pytest.fixture(scope="module")
def searched(linear_train: Dataset) -> tuple[FittedTPOT, list[SearchEvent]]:
    """A small real search and what was told of it."""
    if importlib.util.find_spec("tpot") is None:
        pytest.skip("TPOT is not installed (extra `tpot`)")
    events: list[SearchEvent] = []
    return replace(SMALL, progress=events.append).fit(linear_train.keep(states=["x"])), events


@pytest.mark.slow
def test_a_real_search(
    searched: tuple[FittedTPOT, list[SearchEvent]], linear_test: Dataset
) -> None:
    fitted, events = searched
    found = fitted.found["x"]
    assert "Regressor" in found.text or "SGD" in found.text
    assert found.rmse > 0
    assert found.final
    assert found.count.generations == 1
    assert 1 <= found.count.evaluated <= 6
    assert events[-1].done
    assert events[-1].state == "x"
    assert np.isfinite(fitted.predict(linear_test.keep(states=["x"]))["T"]).all()


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same_and_is_left_as_it_was(
    searched: tuple[FittedTPOT, list[SearchEvent]], linear_train: Dataset
) -> None:
    from dask.distributed import Client, LocalCluster

    local = "127.0.0.1:0"
    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address=local,
        worker_dashboard_address=local,
    )
    with cluster, Client(cluster) as client:
        pid = cluster.workers[0].pid
        host, port = cluster.scheduler_address.removeprefix("tcp://").split(":")
        fitted = replace(SMALL, client=client).fit(linear_train.keep(states=["x"]))
        assert client.submit(int, 2).result() == 2
    assert fitted.pipelines == searched[0].pipelines
    assert fitted.cv_rmse == searched[0].cv_rmse
    assert not psutil.pid_exists(pid)
    with pytest.raises(ConnectionRefusedError), socket.create_connection((host, int(port))):
        pass
