"""Solves timed in turn: every round calls every candidate once, medians over rounds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

Call = Callable[[], object]
SAMPLE = 0.005
"""A sample takes at least so many seconds; quick solves are called several times for it."""


@dataclass(eq=False)
class Timed:
    """A call and its samples.

    Attributes:
        call: what is timed.
        calls: calls in a sample.
        cpu: seconds of CPU time a call, by round.
        wall: seconds of wall time a call, by round.
    """

    call: Call
    calls: int
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def sample(self) -> None:
        """Add one sample."""
        cpu, wall = cpu_seconds(), time.perf_counter()
        for _ in range(self.calls):
            self.call()
        self.wall.append((time.perf_counter() - wall) / self.calls)
        self.cpu.append((cpu_seconds() - cpu) / self.calls)

    @property
    def spent(self) -> float:
        """Seconds of all samples."""
        return sum(self.cpu) * self.calls

    @property
    def medians(self) -> tuple[float, float, int]:
        """Median CPU and wall time, and the number of rounds."""
        return float(np.median(self.cpu)), float(np.median(self.wall)), len(self.cpu)


def time_in_turn(
    calls: Sequence[Call], *, warm: Sequence[bool] = (), rounds: int = 5, budget: float = 0.5
) -> list[Timed]:
    """Time calls in turn.

    Args:
        calls: to be timed.
        warm: which of them need no call that is not timed before the first that is, because they
            are slow and do not compile; none by default.
        rounds: samples of each.
        budget: CPU seconds after which a call is not sampled again.
    """
    found = []
    for call, is_warm in zip(calls, warm or [False] * len(calls), strict=True):
        if is_warm:
            found.append(Timed(call, 1))
            continue
        start = time.perf_counter()
        call()
        seconds = max(time.perf_counter() - start, 1e-7)
        found.append(Timed(call, int(np.ceil(SAMPLE / seconds))))
    for index in range(rounds):
        for timed in found if index % 2 == 0 else found[::-1]:
            if not timed.cpu or timed.spent < budget:
                timed.sample()
    return found


def cpu_seconds() -> float:
    """Return the CPU time of this process and, on Linux, of its living worker processes."""
    return time.process_time() + sum(_process_seconds(child) for child in _children())


def _children() -> list[str]:
    found: list[str] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{os.getpid()}/task").iterdir():
            found += (task / "children").read_text().split()
    return found


def _process_seconds(process: str) -> float:
    """Return the CPU time of all threads of a process, in nanosecond resolution."""
    total = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total * 1e-9
