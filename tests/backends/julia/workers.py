"""Engines whose worker is the stand-in."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.julia.installation import Installation, worker_environment
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.shared import Engine

STANDIN = Path(__file__).with_name("standin.py")
QUICK = Limits(start=60.0, call=60.0)


def standin_engine(*arguments: str) -> Engine:
    """Return an engine without Julia."""
    command = [sys.executable, "-P", str(STANDIN), *arguments]
    return Engine(lambda: command, lambda threads: worker_environment(Installation(), threads))


class StandInBackend(JuliaBackend):
    """The Julia engine with the stand-in as its worker; registered by tests."""

    def __init__(self) -> None:
        super().__init__(_SHARED)


_SHARED = standin_engine()


def ask(engine: Engine, op: str, limits: Limits = QUICK, **meta: Any) -> dict[str, Any]:
    """Send a request without arrays and return what it says."""
    with engine.worker(limits) as worker:
        return worker.request(op, meta, {}, limits).header["meta"]


def pid_of(engine: Engine) -> int:
    return int(ask(engine, "state")["pid"])


def is_gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends, and leaves no zombie, within some seconds."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
