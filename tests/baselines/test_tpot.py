from __future__ import annotations

import importlib.util
import os
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pyscimlode.baselines import tpot
from pyscimlode.baselines.tpot import SearchEvent, TPOTBaseline, search, strain_folds
from pyscimlode.baselines.tpot_worker import Task
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError, MissingDependencyError, TrainingError

needs_tpot = pytest.mark.skipif(
    importlib.util.find_spec("tpot") is None, reason="TPOT is not installed (extra `tpot`)"
)

WORKER = """
import sys, time
from multiprocessing.connection import Connection
from sklearn.dummy import DummyRegressor
from pyscimlode.baselines.tpot_worker import Found, describe
connection = Connection(int(sys.argv[1]))
task = connection.recv()
mean = DummyRegressor().fit(task.x, task.y)
"""


@pytest.fixture
def task() -> Task:
    x = np.arange(12.0)[:, None]
    return Task(x, 2.0 * x[:, 0], np.repeat([0, 1], 6), {}, 1.0, 0.0, None)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that is started."""
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def record(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(tpot.subprocess, "Popen", record)
    return started


def test_folds_keep_strains_whole() -> None:
    groups = np.array([0, 0, 3, 3, 5, 7, 7])
    assert strain_folds(groups, 2).tolist() == [0, 0, 1, 1, 0, 1, 1]
    assert strain_folds(groups, 9).tolist() == [0, 0, 1, 1, 2, 3, 3]
    with pytest.raises(ExperimentError, match="1 strain"):
        strain_folds(np.zeros(5, dtype=np.int64), 5)


def test_a_search_that_hangs_is_ended_and_its_best_is_kept(
    monkeypatch: pytest.MonkeyPatch, task: Task, processes: list[subprocess.Popen[bytes]]
) -> None:
    hangs = "connection.send(Found(mean, describe(mean), 0.5))\nwhile True: time.sleep(1)"
    monkeypatch.setattr(tpot, "WORKER", WORKER + hangs)
    arrived: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 1e9 if arrived else 0.0)
    monkeypatch.setattr(tpot, "time", clock)

    def on_news(rmse: float, done: bool) -> None:
        if np.isfinite(rmse):
            arrived.append(rmse)

    best = search(task, 60.0, on_news)
    assert best is not None
    assert not best.final
    assert best.text == "DummyRegressor()"
    assert best.pipeline.predict([[0.0]])[0] == 11.0
    assert processes[0].returncode == -9
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0].pid, 0)


def test_a_search_that_is_done_ends_at_once(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    done = (
        "connection.send(Found(mean, 'first', 0.5))\n"
        "connection.send(Found(mean, 'second', 0.25, True))\nwhile True: time.sleep(1)"
    )
    monkeypatch.setattr(tpot, "WORKER", WORKER + done)
    news: list[tuple[float, bool]] = []
    best = search(task, 3600.0, lambda rmse, over: news.append((rmse, over)))
    assert best is not None
    assert (best.text, best.final) == ("second", True)
    assert news[-1] == (0.25, True)


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("connection.send('ValueError: no such space')", "TPOT failed: ValueError: no such space"),
        ("sys.exit(3)", "process in which TPOT searched died"),
    ],
)
def test_a_search_that_fails_says_so(
    end: str, message: str, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    monkeypatch.setattr(tpot, "WORKER", WORKER + end)
    with pytest.raises(TrainingError, match=message):
        search(task, 3600.0, lambda rmse, done: None)


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
    monkeypatch: pytest.MonkeyPatch, linear_train: Dataset, linear_test: Dataset
) -> None:
    monkeypatch.setattr(tpot, "find_spec", lambda name: "yes")
    monkeypatch.setattr(tpot, "WORKER", WORKER + "while True: time.sleep(1)")
    baseline = TPOTBaseline(max_seconds=0.1, points=40, progress=False)
    with pytest.warns(RuntimeWarning, match="ridge regression stands in"):
        fitted = baseline.fit(linear_train)
    assert fitted.finished == {"x": False, "y": False}
    assert set(fitted.pipelines) == {"x", "y"}
    forecast = fitted.predict(linear_test)["T"]
    np.testing.assert_allclose(forecast, linear_test["T"].states, atol=0.2)


def test_a_dask_client_is_passed_by_address() -> None:
    client = SimpleNamespace(scheduler=SimpleNamespace(address="tcp://10.0.0.1:8786"))
    for given in (client, "tcp://10.0.0.1:8786"):
        assert tpot._address(given) == "tcp://10.0.0.1:8786"
    with pytest.raises(TrainingError, match="cluster inside this process"):
        tpot._address("inproc://1/2")


def test_progress_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    report = tpot._reporter(True)
    report(SearchEvent("x", 0, 2, 0.5, 3.0, 60.0, False))
    report(SearchEvent("x", 0, 2, 0.5, 4.0, 60.0, True))
    assert capsys.readouterr().err == (
        "TPOT 1/2 x: best cross-validated RMSE 0.5, done; at most 56 s left\n"
    )


def test_wrong_settings(monkeypatch: pytest.MonkeyPatch, linear_train: Dataset) -> None:
    monkeypatch.setattr(tpot, "find_spec", lambda name: "yes")
    with pytest.raises(TrainingError, match="a search needs"):
        TPOTBaseline(population=1).fit(linear_train)
    with pytest.raises(ExperimentError, match="'A' is the only training strain"):
        TPOTBaseline().fit(linear_train.select(["A"]))


@needs_tpot
@pytest.mark.slow
def test_a_real_search(linear_train: Dataset, linear_test: Dataset) -> None:
    events: list[SearchEvent] = []
    baseline = TPOTBaseline(
        generations=1,
        population=6,
        max_seconds=240.0,
        max_eval_seconds=10.0,
        folds=2,
        points=20,
        progress=events.append,
    )
    one = linear_train.keep(states=["x"])
    fitted = baseline.fit(one)
    assert "Regressor" in fitted.pipelines["x"] or "SGD" in fitted.pipelines["x"]
    assert fitted.cv_rmse["x"] > 0
    assert fitted.finished["x"]
    assert events[-1].done
    assert events[-1].state == "x"
    test = linear_test.keep(states=["x"])
    assert np.isfinite(fitted.predict(test)["T"]).all()
    again = replace(baseline, progress=False).fit(one)
    assert again.pipelines == fitted.pipelines
