"""The life of the worker: it ends with its parent, whatever ends that, and belongs to it alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pyscimlode.backends.julia.installation import PACKAGE
from tests.backends.julia.workers import is_gone, pid_of, standin_engine

CHECKOUT = Path(__file__).resolve().parents[3]
BEGIN = """
    import os, signal, sys, time
    from tests.backends.julia.workers import QUICK, ask, is_gone, pid_of, standin_engine
    engine = standin_engine()
    print(pid_of(engine), flush=True)
"""


@contextmanager
def parent(script: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a script with a worker of its own; gives the process and the worker's id."""
    path = os.pathsep.join([str(PACKAGE.parent), str(CHECKOUT)])
    process = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(BEGIN) + textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(process.communicate()[1])
        yield process, int(line)
    finally:
        process.kill()
        process.communicate()


def test_the_worker_ends_with_a_program_that_ends() -> None:
    with parent("pass") as (process, worker):
        assert process.communicate(timeout=20)[1] == ""
        assert process.returncode == 0
        assert is_gone(worker)


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_worker_ends_with_a_program_that_is_killed(busy: bool, number: int) -> None:
    script = "ask(engine, 'fault', kind='hang')" if busy else "time.sleep(60)"
    with parent(script) as (process, worker):
        process.send_signal(number)
        process.wait(20)
        assert is_gone(worker)


def test_ctrl_c_ends_the_call_and_the_next_one_works() -> None:
    script = """
        try:
            ask(engine, "fault", kind="hang")
        except KeyboardInterrupt:
            print("stopped", flush=True)
        print(pid_of(engine), flush=True)
    """
    with parent(script) as (process, worker):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert err == ""
        assert process.returncode == 0
        stopped, other = out.split()
        assert stopped == "stopped"
        assert int(other) != worker
        assert is_gone(worker)
        assert is_gone(int(other))


def test_ctrl_c_while_the_worker_starts() -> None:
    script = """
        engine.close()
        slow = standin_engine("--at-start", "hang")
        try:
            pid_of(slow)
        except KeyboardInterrupt:
            print("stopped", flush=True)
        with slow.running() as worker:
            print(worker, flush=True)
    """
    with parent(script) as (process, _):
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert err == ""
        assert out.split() == ["stopped", "None"]


def test_ctrl_c_does_not_reach_the_worker() -> None:
    engine = standin_engine()
    worker = pid_of(engine)
    assert os.getpgid(worker) != os.getpgid(0)
    assert os.getsid(worker) != os.getsid(0)
    engine.close()


def test_a_forked_child_has_a_worker_of_its_own() -> None:
    script = """
        child = os.fork()
        if child == 0:
            print(pid_of(engine), flush=True)
            engine.close()
            os._exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
        print(pid_of(engine), flush=True)
    """
    with parent(script) as (process, worker):
        out, err = process.communicate(timeout=20)
        assert err == ""
        own, code, again = map(int, out.split())
        assert code == 0
        assert own != worker
        assert again == worker
        assert is_gone(own)


def test_a_forked_child_does_not_keep_the_parents_worker_alive() -> None:
    script = """
        child = os.fork()
        if child == 0:
            time.sleep(60)
            os._exit(0)
        print(child, flush=True)
        time.sleep(60)
    """
    with parent(script) as (process, worker):
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        process.wait(20)
        assert is_gone(worker)
        os.kill(child, signal.SIGKILL)


def test_closing_ends_the_worker_and_the_next_call_starts_another() -> None:
    engine = standin_engine()
    first = pid_of(engine)
    engine.close()
    engine.close()
    assert is_gone(first)
    second = pid_of(engine)
    assert second != first
    engine.close()
    assert is_gone(second)
