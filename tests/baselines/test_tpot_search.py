from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pyscimlode.baselines import tpot_search
from pyscimlode.baselines.tpot_search import SearchEvent, address_of, reporter, search
from pyscimlode.baselines.tpot_worker import Count, Found, Task
from pyscimlode.errors import TrainingError

WORKER = """
import sys, time
from multiprocessing.connection import Connection
from sklearn.dummy import DummyRegressor
from pyscimlode.baselines.tpot_worker import Count, Found, describe
connection = Connection(int(sys.argv[1]))
task = connection.recv()
mean = DummyRegressor().fit(task.x, task.y)
"""
HANGS = "\nwhile True: time.sleep(1)"


@pytest.fixture
def task() -> Task:
    x = np.arange(12.0)[:, None]
    return Task(x, 2.0 * x[:, 0], np.repeat([0, 1], 6), {}, 1, 1.0, 0.0, None)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every process that is started."""
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def record(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(tpot_search.subprocess, "Popen", record)
    return started


def gone(process: subprocess.Popen[bytes]) -> bool:
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    return False


def ignore(best: Found | None, count: Count, done: bool) -> None:
    pass


def test_a_search_that_hangs_is_ended_and_its_best_is_kept(
    monkeypatch: pytest.MonkeyPatch, task: Task, processes: list[subprocess.Popen[bytes]]
) -> None:
    hangs = "connection.send(Found(mean, describe(mean), 0.5))" + HANGS
    monkeypatch.setattr(tpot_search, "WORKER", WORKER + hangs)
    arrived: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 1e9 if arrived else 0.0)
    monkeypatch.setattr(tpot_search, "time", clock)

    def on_news(best: Found | None, count: Count, done: bool) -> None:
        if best is not None:
            arrived.append(best.rmse)

    found = search(task, 60.0, on_news)
    assert found is not None
    assert not found.final
    assert found.text == "DummyRegressor()"
    assert found.pipeline.predict([[0.0]])[0] == 11.0
    assert processes[0].returncode == -9
    assert gone(processes[0])


def test_a_search_that_is_done_ends_at_once(monkeypatch: pytest.MonkeyPatch, task: Task) -> None:
    done = (
        "connection.send(Found(mean, 'first', 0.5, False, Count(1, 3)))\n"
        "connection.send(Count(2, 5))\n"
        "connection.send(Found(mean, 'second', 0.25, True, Count(3, 8)))" + HANGS
    )
    monkeypatch.setattr(tpot_search, "WORKER", WORKER + done)
    news: list[tuple[float, Count, bool]] = []

    def on_news(best: Found | None, count: Count, over: bool) -> None:
        news.append((best.rmse if best else np.nan, count, over))

    best = search(task, 3600.0, on_news)
    assert best is not None
    assert (best.text, best.final, best.count) == ("second", True, Count(3, 8))
    assert best.seconds > 0
    assert (0.5, Count(2, 5), False) in news
    assert news[-1] == (0.25, Count(3, 8), True)


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
    monkeypatch.setattr(tpot_search, "WORKER", WORKER + end)
    with pytest.raises(TrainingError, match=message):
        search(task, 3600.0, ignore)


def test_what_was_found_before_the_process_died_is_kept(
    monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    dies = "connection.send(Found(mean, 'first', 0.5)); sys.exit(3)"
    monkeypatch.setattr(tpot_search, "WORKER", WORKER + dies)
    with pytest.warns(RuntimeWarning, match="The best pipeline until then is kept"):
        best = search(task, 3600.0, ignore)
    assert best is not None
    assert (best.text, best.final) == ("first", False)


def test_ctrl_c_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, task: Task, processes: list[subprocess.Popen[bytes]]
) -> None:
    monkeypatch.setattr(tpot_search, "WORKER", WORKER + "connection.send(Count(1, 1))" + HANGS)

    def on_news(best: Found | None, count: Count, done: bool) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(task, 3600.0, on_news)
    assert gone(processes[0])


def test_a_dask_client_is_passed_by_address() -> None:
    client = SimpleNamespace(scheduler=SimpleNamespace(address="tcp://10.0.0.1:8786"))
    for given in (client, "tcp://10.0.0.1:8786"):
        assert address_of(given) == "tcp://10.0.0.1:8786"
    assert address_of(None) is None
    with pytest.raises(TrainingError, match="cluster inside this process"):
        address_of("inproc://1/2")


def test_progress_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    event = SearchEvent("x", 0, 2, 0.5, 3.0, 60.0, False, Count(1, 7))
    report = reporter(True)
    report(event)
    report(replace(event, seconds=4.0, done=True))
    reporter(False)(replace(event, done=True))
    assert capsys.readouterr().err == (
        "TPOT 1/2 x: best cross-validated RMSE 0.5 of 7 pipelines, done; at most 56 s left\n"
    )
