"""A right-hand side that counts its evaluations and ends a solve that takes too long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

EVERY = 64
"""Evaluations between two looks at the clock."""


class TimeLimit(Exception):
    """A solve took longer than its limit."""


class Counted:
    """``function`` with a counter and a limit of CPU seconds."""

    def __init__(self, function: Callable[[Any, Any], Any], seconds: float) -> None:
        self.function, self.seconds = function, seconds
        self.restart()

    def restart(self) -> None:
        """Begin a new solve."""
        self.calls = 0
        self.deadline = time.process_time() + self.seconds

    def __call__(self, t: Any, y: Any) -> Any:
        """Evaluate the function."""
        self.calls += 1
        if self.calls % EVERY == 0 and time.process_time() > self.deadline:
            raise TimeLimit
        return self.function(t, y)
