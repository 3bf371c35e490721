"""The worker that all sessions of a Python process share: started when needed, and again."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from pyscimlode.backends.julia.calls import Worker
from pyscimlode.backends.julia.limits import Limits


class Engine:
    """At most one worker, and one call at a time.

    Sessions of several threads wait for each other. After a fork the child starts a worker of its
    own, and at exit the worker ends.

    Args:
        command: called at every start; returns what to run.
        environment: called at every start with the number of threads that was asked for; returns
            its environment variables.
    """

    def __init__(
        self,
        command: Callable[[], Sequence[str]],
        environment: Callable[[int | None], Mapping[str, str]] = lambda threads: os.environ,
    ) -> None:
        self._command = command
        self._environment = environment
        self._lock = threading.RLock()
        self._worker: Worker | None = None
        _engines.add(self)

    @contextmanager
    def worker(self, limits: Limits, threads: int | None = None) -> Iterator[Worker]:
        """Hold the worker, started if there is none, until the block is done.

        Args:
            limits: of the start.
            threads: of a worker that is started here.

        Raises:
            EngineDied: it does not start.
            EngineTimeout: it does not start in time.
        """
        with self._lock:
            if self._worker is not None and not self._worker.process.alive:
                self._worker.process.kill()
                self._worker = None
            if self._worker is None:
                self._worker = Worker(self._command(), self._environment(threads), limits)
            yield self._worker

    @contextmanager
    def running(self) -> Iterator[Worker | None]:
        """Hold the worker if there is one; nothing is started."""
        with self._lock:
            alive = self._worker is not None and self._worker.process.alive
            yield self._worker if alive else None

    def close(self) -> None:
        """End the worker; the next call starts another."""
        with self._lock:
            worker, self._worker = self._worker, None
            if worker is not None:
                worker.process.stop()

    def abandon(self) -> None:
        """Let go of the parent's worker after a fork."""
        self._lock = threading.RLock()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.process.abandon()


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


def _close_all() -> None:
    for engine in list(_engines):
        engine.close()


def _abandon_all() -> None:
    for engine in list(_engines):
        engine.abandon()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_abandon_all)
