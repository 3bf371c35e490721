from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pyscimlode.backends.julia.process import WorkerProcess, resident_bytes
from pyscimlode.errors import EngineDied


def until(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def runs(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


def test_what_the_process_has_started_ends_with_it() -> None:
    process = WorkerProcess(["sh", "-c", "sleep 60 & echo $! >&2; wait"], os.environ)
    assert until(lambda: process.stderr.strip().isdigit())
    child = int(process.stderr)
    assert runs(child)
    process.kill()
    assert until(lambda: not runs(child))
    assert process.exit_code == -9


def test_a_process_that_ends_when_its_input_does_is_not_killed() -> None:
    process = WorkerProcess(["sh", "-c", "cat > /dev/null; exit 7"], os.environ)
    assert process.alive
    process.stop()
    assert process.exit_code == 7
    assert not process.alive


def test_a_process_that_stays_is_killed() -> None:
    process = WorkerProcess(["sleep", "60"], os.environ)
    process.stop()
    assert process.exit_code == -9


def test_the_end_of_its_output_is_told() -> None:
    process = WorkerProcess(["true"], os.environ)
    assert process.inbox.get(timeout=10) is None
    process.kill()


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(EngineDied, match=r"cannot be started: .*nowhere"):
        WorkerProcess(["/nowhere"], os.environ)


def test_standard_error_is_kept_by_lines() -> None:
    script = "printf 'one\\ntwo' >&2; printf ' more\\nthr\\377ee' >&2"
    process = WorkerProcess(["sh", "-c", script], os.environ)
    assert until(lambda: process.stderr.endswith("ee"))
    assert process.stderr == "one\ntwo more\nthr\ufffdee"
    process.kill()


def test_memory_of_a_process() -> None:
    assert resident_bytes(os.getpid()) > 2**20
    assert resident_bytes(2**22 + 1) == 0
