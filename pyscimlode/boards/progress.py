"""How far a board is, across its batches of training."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from pyscimlode.training.progress import duration


class BoardProgress:
    """Writes a line at the start of every job: ``3 of 12: pooled7, hybrid; ...``.

    Args:
        total: number of jobs.
        shown: False writes nothing.
        stream: where to write; standard error by default.
        clock: returns seconds.
    """

    def __init__(
        self,
        total: int,
        *,
        shown: bool = True,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._shown = shown
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._index = 0
        self._run = 0

    def start(self, label: str, *, done: bool = False) -> None:
        """Say which job is next.

        Args:
            label: what it is.
            done: its forecasts are there from an earlier run.
        """
        self._index += 1
        parts = [f"{self._index} of {self._total}: {label}"]
        if done:
            parts.append("kept from an earlier run")
        elif self._run:
            spent = self._clock() - self._started
            left = spent / self._run * (self._total - self._index + 1)
            parts.append(f"{duration(spent)} spent, about {duration(left)} left")
        self._run += not done
        if self._shown:
            stream = self._stream or sys.stderr
            stream.write("; ".join(parts) + "\n")
            stream.flush()
