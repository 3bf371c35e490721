"""Every way in which a worker can fail: a typed error, and a new worker for the next call."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyscimlode.backends.julia import calls
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.backends.status import Status
from pyscimlode.errors import (
    EngineDied,
    EngineError,
    EngineOutOfMemory,
    EngineTimeout,
    SolverError,
)
from tests.backends.julia.workers import QUICK, ask, is_gone, pid_of, standin_engine


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    shared = standin_engine()
    yield shared
    shared.close()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("kill", r"was ended by signal SIGKILL .* during 'fault'.*started again on the next call"),
        ("segv", r"was ended by signal SIGSEGV(.|\n)*what Julia says of segmentation faults"),
        ("exit", r"ended with exit code 3(.|\n)*Its last words:\nlast words of the worker"),
        ("garbage", r"answered 'fault' with what is no answer, and was stopped: A frame begins"),
        ("truncate", r"with what is no answer.*The stream ends after 8 of 1000 bytes"),
        ("not_json", r"with what is no answer.*The header b'nope' cannot be read"),
    ],
)
def test_a_worker_that_dies(engine: Engine, kind: str, text: str) -> None:
    before = pid_of(engine)
    with pytest.raises(EngineDied, match=text) as caught:
        ask(engine, "fault", kind=kind)
    assert caught.value.status == Status.WORKER_DIED
    assert is_gone(before)
    assert pid_of(engine) != before


def test_a_worker_that_hangs_is_stopped(engine: Engine) -> None:
    before = pid_of(engine)
    limits = Limits(start=0.3, call=0.3)
    with pytest.raises(EngineTimeout, match=r"not answered 'fault' within 0\.3 s") as caught:
        ask(engine, "fault", limits, kind="hang")
    assert caught.value.status == Status.TIMEOUT
    assert "PYSCIMLODE_JULIA_TIMEOUT" in str(caught.value)
    assert is_gone(before)
    assert pid_of(engine) != before


def test_a_first_call_has_more_time_than_the_next(engine: Engine) -> None:
    limits = Limits(start=30.0, call=0.2)
    engine.close()
    pid_of(engine)
    assert ask(engine, "fault", limits, kind="hang", seconds=0.5) == {"lived": True}
    with pytest.raises(EngineTimeout, match=r"within 0\.2 s"):
        ask(engine, "fault", limits, kind="hang", seconds=5)


def test_a_worker_that_takes_too_much_memory_is_stopped(engine: Engine) -> None:
    before = pid_of(engine)
    limits = replace(QUICK, memory=400 * 2**20)
    with pytest.raises(EngineOutOfMemory, match=r"took \d+ MiB .* limit of 400 MiB") as caught:
        ask(engine, "fault", limits, kind="allocate")
    assert caught.value.status == Status.OUT_OF_MEMORY
    assert is_gone(before)
    assert pid_of(engine) != before


def test_an_error_of_the_worker_does_not_end_it(engine: Engine) -> None:
    before = pid_of(engine)
    with pytest.raises(EngineError, match=r"during 'fault': ValueError: a DimensionMismatch"):
        ask(engine, "fault", kind="raise")
    with pytest.raises(SolverError, match=r"no such solver in Julia"):
        ask(engine, "fault", kind="ours")
    with pytest.raises(EngineOutOfMemory, match=r"ran out of memory during 'fault'"):
        ask(engine, "fault", kind="memory_error")
    assert pid_of(engine) == before


def test_what_the_worker_prints_is_no_answer(engine: Engine) -> None:
    before = pid_of(engine)
    assert ask(engine, "fault", kind="print") == {"lived": True}
    with engine.worker(QUICK) as worker:
        until = time.monotonic() + 10
        while "written" not in worker.process.stderr and time.monotonic() < until:
            time.sleep(0.01)
        assert "printed where frames go" in worker.process.stderr
        assert "written where frames go" in worker.process.stderr
    assert pid_of(engine) == before


def test_a_flood_on_standard_error_neither_blocks_nor_fills_memory(engine: Engine) -> None:
    assert ask(engine, "fault", kind="noise") == {"lived": True}
    with pytest.raises(EngineDied, match=r"the last line\nlast words") as caught:
        ask(engine, "fault", kind="exit")
    assert len(str(caught.value)) < 10_000


def test_a_worker_found_dead_is_replaced_without_a_word(engine: Engine) -> None:
    before = pid_of(engine)
    with engine.worker(QUICK) as worker:
        worker.process.kill()
    assert pid_of(engine) != before


@pytest.mark.parametrize(
    ("fault", "error", "text"),
    [
        ("exit", EngineDied, r"exit code 3 during 'start'(.|\n)*last words of the worker"),
        ("raise", EngineError, r"during 'start': ValueError: a DimensionMismatch"),
        ("hang", EngineTimeout, r"not answered 'start' within 1 s"),
    ],
)
def test_a_worker_that_does_not_start(fault: str, error: Any, text: str) -> None:
    engine = standin_engine("--at-start", fault)
    with pytest.raises(error, match=text):
        ask(engine, "state", Limits(start=1.0 if fault == "hang" else 30.0))
    with engine.running() as worker:
        assert worker is None


def test_a_program_that_is_not_there() -> None:
    engine = Engine(lambda: ["/nowhere/python"])
    with pytest.raises(EngineDied, match=r"cannot be started: .*/nowhere/python"):
        ask(engine, "state")


def test_large_requests_to_a_worker_that_does_not_read_end_in_time(engine: Engine) -> None:
    with engine.worker(QUICK) as worker:
        os.kill(worker.process.pid, signal.SIGSTOP)
        with pytest.raises(EngineTimeout, match=r"not answered 'state' within 0\.3 s"):
            worker.request("state", {}, {"z": np.zeros(1 << 20)}, Limits(start=0.3, call=0.3))
    assert pid_of(engine)


def test_progress_is_passed_on_and_gives_time_anew(engine: Engine) -> None:
    seen: list[dict[str, Any]] = []
    with engine.worker(QUICK) as worker:
        worker.request("warm", {}, {}, QUICK, seen.append)
    assert [item["done"] for item in seen] == [1, 2, 3]
    assert seen[0] == {"done": 1, "total": 3, "what": "solver 1"}


def test_an_error_of_the_callback_keeps_the_worker_in_step(engine: Engine) -> None:
    before = pid_of(engine)

    def refuse(done: dict[str, Any]) -> None:
        raise SolverError("enough")

    with engine.worker(QUICK) as worker, pytest.raises(SolverError, match="enough"):
        worker.request("warm", {}, {}, QUICK, refuse)
    assert pid_of(engine) == before


def interrupted(engine: Engine, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let Ctrl-C come 0.2 s into a call that takes some seconds."""
    look, started = calls._Watch.look, time.monotonic()
    sent: list[bool] = []

    def look_and_stop(watch: Any) -> None:
        look(watch)
        if not sent and time.monotonic() > started + 0.2:
            sent.append(True)
            raise KeyboardInterrupt

    monkeypatch.setattr(calls._Watch, "look", look_and_stop)
    with pytest.raises(KeyboardInterrupt):
        ask(engine, "fault", kind="hang", seconds=seconds)
    monkeypatch.undo()


def test_ctrl_c_keeps_a_worker_that_is_done_soon(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pid_of(engine)
    monkeypatch.setattr(calls, "GRACE", 30.0)
    interrupted(engine, monkeypatch, seconds=0.5)
    assert pid_of(engine) == before


def test_ctrl_c_stops_a_worker_that_goes_on(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pid_of(engine)
    interrupted(engine, monkeypatch, seconds=60)
    assert is_gone(before)
    assert pid_of(engine) != before


def test_threads_wait_for_each_other(engine: Engine) -> None:
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.extend(pid_of(engine) for _ in range(20)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 80
    assert len(set(found)) == 1


def test_the_worker_outlives_the_thread_that_started_it() -> None:
    engine = standin_engine()
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(pid_of(engine)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert pid_of(engine) == found[0]
    engine.close()
    assert is_gone(found[0])


def test_the_worker_never_loads_torch(engine: Engine) -> None:
    assert ask(engine, "state")["torch"] == 0
