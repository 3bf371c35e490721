"""Progress of a training on the screen, with the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from pyscimlode.training.progress import LINE_SECONDS, QUIET_SECONDS, duration


class StepLines:
    """Writes a line after a step, every ten seconds; what takes under two seconds is not shown.

    Args:
        what: a step is called.
        total: number of steps.
        done: steps of an earlier run.
        stream: where to write; standard error by default.
        clock: returns seconds.
    """

    def __init__(
        self,
        what: str,
        total: int,
        *,
        done: int = 0,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._total, self._done = what, total, done
        self._stream, self._clock = stream, clock
        self._started = clock()
        self._next = self._started + QUIET_SECONDS

    def __call__(self, number: int, text: str) -> None:
        """Say that a step, counted from one, is done; the last one is shown if others were."""
        now = self._clock()
        shown = self._next > self._started + QUIET_SECONDS
        if now < self._next and not (shown and number == self._total):
            return
        self._next = now + LINE_SECONDS
        spent = now - self._started
        parts = [f"{self._what} {number}/{self._total}", text, f"{duration(spent)} spent"]
        if number < self._total:
            left = spent / (number - self._done) * (self._total - number)
            parts.append(f"about {duration(left)} left")
        print("  ".join(parts), file=self._stream or sys.stderr, flush=True)
