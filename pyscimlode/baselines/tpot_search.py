"""One search of TPOT, seen from the process that waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from pyscimlode.baselines.tpot_worker import Count, Found, Task
from pyscimlode.errors import TrainingError

WORKER = "from pyscimlode.baselines.tpot_worker import main; main()"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Set to 1 where unset: pipelines are compared side by side, not their matrix products."""
QUIET_SECONDS = 10.0
"""Time between two lines of progress."""


@dataclass(frozen=True)
class SearchEvent:
    """How far the search is.

    Attributes:
        state: the metabolite whose derivative is searched for.
        index: its number, from 0.
        total: number of metabolites.
        rmse: cross-validated error of the best pipeline so far, NaN before the first.
        seconds: spent on the whole search.
        limit: seconds that the whole search may take.
        done: whether the search for this metabolite is over.
        count: generations and pipelines that were compared for this metabolite.
    """

    state: str
    index: int
    total: int
    rmse: float
    seconds: float
    limit: float
    done: bool
    count: Count


News = Callable[[Found | None, Count, bool], None]
"""Called with the best pipeline so far, what was compared and whether the search is over."""

DIED = "The process in which TPOT searched died (out of memory?)."
DIED_FIX = "Lower n_jobs, max_rows or points."


def search(task: Task, seconds: float, on_news: News) -> Found | None:
    """Search in a process of its own, which is gone after so many seconds.

    Ctrl-C ends that process too.

    Returns:
        the best pipeline until then; None if there was none.

    Raises:
        TrainingError: when TPOT fails.
    """
    started = time.monotonic()
    ours, theirs = Pipe()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", WORKER, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**dict.fromkeys(THREADS, "1"), **os.environ},
            )
        try:
            with suppress(BrokenPipeError):
                ours.send(task)
            best = _listen(ours, started + seconds, on_news)
            return best and replace(best, seconds=time.monotonic() - started)
        finally:
            _end(process)


def address_of(client: Any) -> str | None:
    """Return the address of a dask client's scheduler, which another process can connect to.

    Raises:
        TrainingError: when the cluster is inside this process.
    """
    if client is None:
        return None
    address = client if isinstance(client, str) else str(client.scheduler.address)
    if address.startswith("inproc:"):
        raise TrainingError(
            "client= is a dask cluster inside this process, which the search, in a process of its "
            "own, cannot reach. Make it with LocalCluster(processes=True), or leave client out."
        )
    return address


def reporter(progress: bool | Callable[[SearchEvent], None]) -> Callable[[SearchEvent], None]:
    """Return what is called with every event: lines on standard error for True."""
    if callable(progress):
        return progress
    written = time.monotonic()

    def write(event: SearchEvent) -> None:
        nonlocal written
        now = time.monotonic()
        if event.done or now - written >= QUIET_SECONDS:
            written = now
            left = max(event.limit - event.seconds, 0.0)
            print(
                f"TPOT {event.index + 1}/{event.total} {event.state}: best cross-validated RMSE "
                f"{event.rmse:.4g} of {event.count.evaluated} pipelines"
                f"{', done' if event.done else ''}; at most {left:.0f} s left",
                file=sys.stderr,
                flush=True,
            )

    return write if progress else lambda event: None


def _listen(connection: Connection, deadline: float, on_news: News) -> Found | None:
    best: Found | None = None
    count = Count()
    while (left := deadline - time.monotonic()) > 0:
        if connection.poll(min(left, 1.0)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    news = connection.recv()
            except (EOFError, ConnectionResetError) as error:
                if best is None:
                    raise TrainingError(f"{DIED} {DIED_FIX}") from error
                warnings.warn(
                    f"{DIED} The best pipeline until then is kept. {DIED_FIX}",
                    RuntimeWarning,
                    stacklevel=4,
                )
                break
            if isinstance(news, str):
                raise TrainingError(f"TPOT failed: {news}")
            if isinstance(news, Count):
                count = news
            else:
                best, count = news, news.count
        on_news(best, count, False)
        if best is not None and best.final:
            break
    on_news(best, count, True)
    return None if best is None else replace(best, count=count)


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
