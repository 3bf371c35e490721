"""Calls to a worker: numbered, limited in time and memory, with typed errors.

A call during which the worker ends is not repeated: what ended it would most often end it again,
after another cold start. The caller gets an error, and the next call a new worker.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty
from typing import Any

import numpy.typing as npt

from pyscimlode import errors
from pyscimlode.backends.julia.frames import Frame, FrameError, encode
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.process import GRACE, POLL, WorkerProcess, resident_bytes
from pyscimlode.backends.julia.serve import HELLO
from pyscimlode.backends.status import Status
from pyscimlode.errors import EngineDied, EngineError, EngineOutOfMemory, EngineTimeout

OnProgress = Callable[[dict[str, Any]], None]


class Worker:
    """A worker that is ready for calls.

    Args:
        command: what to run.
        environment: its environment variables.
        limits: of time until it is ready, and of memory.

    Attributes:
        seconds: from the start until it was ready.

    Raises:
        EngineDied: it cannot be started, or ends before it is ready.
        EngineTimeout: it is not ready in time.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], limits: Limits
    ) -> None:
        self._number = HELLO
        self._called: set[tuple[object, ...]] = set()
        self._waiting = False
        started = time.monotonic()
        self.process = WorkerProcess(command, environment)
        try:
            self._answer(HELLO, _Watch(self.process, "start", limits.start, limits.memory))
        except BaseException:
            self.process.kill()
            raise
        self.seconds = time.monotonic() - started

    def request(
        self,
        op: str,
        meta: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        limits: Limits,
        on_progress: OnProgress | None = None,
    ) -> Frame:
        """Ask and return the answer.

        After Ctrl-C, or an error of ``on_progress``, the worker has a second to end the call; then
        it is killed.

        Raises:
            EngineDied: the worker ended or answered what is no frame.
            EngineTimeout: it did not answer in time, and was stopped.
            EngineOutOfMemory: it passed the limit of memory, and was stopped.
            EngineError: it answered that it failed.
            PyscimlodeError: what the worker raised, if that is one of ours.
        """
        self._number += 1
        kind = (op, meta.get("handle"), meta.get("gradient"))
        seconds = limits.call if kind in self._called else max(limits.start, limits.call)
        watch = _Watch(self.process, op, seconds, limits.memory)
        pieces = encode({"op": op, "id": self._number, "meta": dict(meta)}, arrays)
        try:
            taken = self.process.send(pieces, watch.look)
        except BaseException:
            self.process.kill()
            raise
        if not taken:
            raise _died(self.process, op)
        self._waiting = True
        try:
            answer = self._answer(self._number, watch, on_progress)
        except BaseException:
            if self._waiting and self.process.alive:
                self._settle()
            raise
        self._called.add(kind)
        return answer

    def _answer(self, number: int, watch: _Watch, on_progress: OnProgress | None = None) -> Frame:
        while True:
            try:
                found = self.process.inbox.get(timeout=POLL)
            except Empty:
                watch.look()
                continue
            if found is None:
                raise _died(self.process, watch.op)
            if isinstance(found, FrameError):
                raise _babbled(self.process, watch.op, str(found))
            header = found.header
            if header.get("id") != number:
                continue  # the answer to a call that was interrupted
            if "progress" in header:
                watch.look()
                watch.restart()
                if on_progress is not None:
                    on_progress(header["progress"])
                continue
            self._waiting = False
            if header.get("ok") is True and isinstance(header.get("meta"), dict):
                return found
            raise _failed(watch.op, header.get("error"))

    def _settle(self) -> None:
        """Wait a moment for the answer to an interrupted call, so that the worker can be kept."""
        try:
            self._answer(self._number, _Watch(self.process, "interrupted call", GRACE, None))
        except errors.PyscimlodeError:
            return
        except BaseException:
            self.process.kill()
            raise


class _Watch:
    """Looks after a call: its time and the worker's memory."""

    def __init__(
        self, process: WorkerProcess, op: str, seconds: float, memory: float | None
    ) -> None:
        self.op = op
        self._process = process
        self._seconds = seconds
        self._memory = memory
        self.restart()

    def restart(self) -> None:
        """Give the call its time anew."""
        self._until = time.monotonic() + self._seconds

    def look(self) -> None:
        """Stop the worker if it is too late or too large.

        Raises:
            EngineTimeout: it is too late.
            EngineOutOfMemory: it is too large.
        """
        if time.monotonic() > self._until:
            self._process.kill()
            raise EngineTimeout(
                f"The Julia worker has not answered {self.op!r} within {self._seconds:g} s and was "
                f"stopped. {Status.TIMEOUT.advice} The limits are options={{'timeout': seconds}} "
                "(PYSCIMLODE_JULIA_TIMEOUT) and, for the start and first calls, which compile, "
                f"'start_timeout' (PYSCIMLODE_JULIA_START_TIMEOUT).{_words(self._process)}",
                Status.TIMEOUT,
            )
        size = 0 if self._memory is None else resident_bytes(self._process.pid)
        if self._memory is not None and size > self._memory:
            self._process.kill()
            raise EngineOutOfMemory(
                f"The Julia worker took {size / 2**20:.0f} MiB during {self.op!r}, more than the "
                f"limit of {self._memory / 2**20:.0f} MiB, and was stopped. "
                f"{Status.OUT_OF_MEMORY.advice} The limit is options={{'memory_limit': bytes}} or "
                "PYSCIMLODE_JULIA_MEMORY_LIMIT.",
                Status.OUT_OF_MEMORY,
            )


def _died(process: WorkerProcess, op: str) -> EngineDied:
    code = process.exit_code
    process.kill()
    code = process.exit_code if code is None else code
    how = f"ended with exit code {code}"
    if code is not None and code < 0:
        how = f"was ended by signal {signal.Signals(-code).name}"
        if -code == signal.SIGKILL:
            how += " (as the system does when memory runs out)"
    return EngineDied(
        f"The Julia worker {how} during {op!r}. {Status.WORKER_DIED.advice}{_words(process)}",
        Status.WORKER_DIED,
    )


def _babbled(process: WorkerProcess, op: str, what: str) -> EngineDied:
    process.kill()
    return EngineDied(
        f"The Julia worker answered {op!r} with what is no answer, and was stopped: {what} "
        f"{Status.WORKER_DIED.advice}{_words(process)}",
        Status.WORKER_DIED,
    )


def _failed(op: str, described: Any) -> errors.PyscimlodeError:
    known = described if isinstance(described, dict) else {}
    kind, message = str(known.get("kind")), str(known.get("message"))
    if kind == "MemoryError" or "OutOfMemoryError" in message:
        return EngineOutOfMemory(
            f"The Julia worker ran out of memory during {op!r}. {Status.OUT_OF_MEMORY.advice}",
            Status.OUT_OF_MEMORY,
        )
    ours = getattr(errors, kind, None)
    if isinstance(ours, type) and issubclass(ours, errors.PyscimlodeError):
        return ours(message)
    return EngineError(f"The Julia worker failed during {op!r}: {kind}: {message}")


def _words(process: WorkerProcess) -> str:
    return f"\nIts last words:\n{process.stderr}" if process.stderr else ""
