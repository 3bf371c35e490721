"""Progress on the screen, with the time that is left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from pyscimlode.training.progress import LINE_SECONDS, QUIET_SECONDS, duration


class StepLines:
    """Writes a line after a step; what takes under two seconds is not shown.

    Args:
        what: a step is called.
        done: steps of an earlier run, or before the first that is told; None: the first step that
            is told is the first one of this run.
        quiet: seconds before the first line.
        every: seconds between lines.
        stream: where to write; standard error by default.
        clock: returns seconds.
    """

    def __init__(
        self,
        what: str,
        *,
        done: int | None = None,
        quiet: float = QUIET_SECONDS,
        every: float = LINE_SECONDS,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._done, self._every = what, done, every
        self._stream, self._clock = stream, clock
        self._started = clock()
        self._next = self._started + quiet
        self._shown = False

    def __call__(self, number: int, total: int, text: str = "") -> None:
        """Say that steps up to this one, counted from one, are done.

        The last one is shown where others were.
        """
        if self._done is None:
            self._done = number - 1
        now = self._clock()
        if now < self._next and not (self._shown and number == total):
            return
        self._next, self._shown = now + self._every, True
        spent = now - self._started
        parts = [f"{self._what} {number}/{total}", text, f"{duration(spent)} spent"]
        if number < total:
            left = spent / (number - self._done) * (total - number)
            parts.append(f"about {duration(left)} left")
        print("  ".join(filter(None, parts)), file=self._stream or sys.stderr, flush=True)
