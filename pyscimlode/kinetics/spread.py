"""Work in portions: here or through an executor, with progress and time left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from pyscimlode.kinetics.progress import StepLines

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = bool | Callable[[int, int], None]
"""True writes lines to standard error; a function is called with (done, all)."""


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
    return StepLines(what, done=0) if progress else _silent


class _Later(Generic[Item, Result]):
    def __init__(self, work: Callable[[Item], Result], item: Item) -> None:
        self.work, self.item = work, item

    def __call__(self) -> Result:
        return self.work(self.item)


def _silent(done: int, every: int) -> None:
    """Say nothing."""
