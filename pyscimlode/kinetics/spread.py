"""Work in portions: here or through an executor, with progress and time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = bool | Callable[[int, int], None]
"""True writes lines to standard error; a function is called with (done, all)."""
QUIET_SECONDS = 2.0
LINE_SECONDS = 10.0


def spread(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    executor: Executor | None = None,
    progress: Progress = False,
    what: str = "portions",
) -> list[Result]:
    """Return ``work(item)`` of all items, in order.

    Args:
        work: a function that can travel to other processes.
        items: of the work.
        executor: anything with ``submit``, such as a process pool or a client of dask or ray.
        progress: True writes what takes longer than two seconds to standard error.
        what: the items are called in these lines.
    """
    report = reporter(progress, what)
    if executor is None:
        pending: list[Callable[[], Result]] = [_Later(work, item) for item in items]
    else:
        pending = [executor.submit(work, item).result for item in items]
    results = []
    for number, result in enumerate(pending, 1):
        results.append(result())
        report(number, len(items))
    return results


def reporter(progress: Progress, what: str) -> Callable[[int, int], None]:
    """Return what is called with (done, all): lines on standard error, a function, or nothing."""
    if callable(progress):
        return progress
    return _Lines(what) if progress else _silent


class _Later(Generic[Item, Result]):
    def __init__(self, work: Callable[[Item], Result], item: Item) -> None:
        self.work, self.item = work, item

    def __call__(self) -> Result:
        return self.work(self.item)


class _Lines:
    """A line every ten seconds, with the time left at the mean speed so far."""

    def __init__(self, what: str) -> None:
        self.what, self.start = what, time.monotonic()
        self.next = QUIET_SECONDS

    def __call__(self, done: int, every: int) -> None:
        passed = time.monotonic() - self.start
        if passed >= self.next and done < every:
            self.next = passed + LINE_SECONDS
            left = passed / done * (every - done)
            print(f"{done} of {every} {self.what}, {left:.0f} s left", file=sys.stderr, flush=True)


def _silent(done: int, every: int) -> None:
    """Say nothing."""
