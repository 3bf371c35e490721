"""Independent workers whose questions are answered together.

An optimiser calls a function and waits for its value. To evaluate many members as one batch, each
member's optimiser runs in a thread of its own; when all threads wait for an answer, the calling
thread answers all questions at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Answer = tuple[float, FloatArray]
"""Value and gradient ``(size,)``."""
Ask = Callable[[FloatArray], Answer]


class _Cancelled(BaseException):
    """Unwinds a worker whose answer will not come."""


class Rendezvous:
    """Runs one worker a member and brings their questions together.

    Between :meth:`answer` and :meth:`gather` the workers compute; at all other times they wait,
    so the calling thread needs no locks and sees questions in the order of ``work``.

    Args:
        work: what each member's thread runs; it calls the function that it is given with
            ``theta: (size,)`` as often as it likes.
    """

    def __init__(self, work: Mapping[int, Callable[[Ask], Any]]) -> None:
        self._alive = list(work)
        self._outbox: SimpleQueue[tuple[int, FloatArray | BaseException | None]] = SimpleQueue()
        self._inboxes: dict[int, SimpleQueue[Answer | None]] = {m: SimpleQueue() for m in work}
        self._asked: dict[int, FloatArray] = {}
        self._threads = [
            threading.Thread(target=self._run, args=(member, item), daemon=True)
            for member, item in work.items()
        ]
        self._closed = False
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:
            self.close()
            raise

    def gather(self) -> dict[int, FloatArray]:
        """Return what the members ask for, once all that still run have asked.

        Empty when all are done. The first error of a worker, by member, is raised here.
        """
        failed: dict[int, BaseException] = {}
        while len(self._asked) + len(failed) < len(self._alive):
            member, message = self._outbox.get()
            if message is None:
                self._alive.remove(member)
            elif isinstance(message, BaseException):
                failed[member] = message
            else:
                self._asked[member] = message
        if failed:
            raise failed[min(failed)]
        return {member: self._asked[member] for member in self._alive}

    def answer(self, answers: Mapping[int, Answer]) -> None:
        """Answer all that :meth:`gather` returned."""
        self._asked = {}
        for member, reply in answers.items():
            self._inboxes[member].put(reply)

    def close(self) -> None:
        """End all workers; when this returns, no thread is left."""
        if self._closed:
            return
        for inbox in self._inboxes.values():
            inbox.put(None)
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self._closed = True

    def _run(self, member: int, work: Callable[[Ask], Any]) -> None:
        def ask(theta: FloatArray) -> Answer:
            self._outbox.put((member, np.array(theta, dtype=np.float64)))
            reply = self._inboxes[member].get()
            if reply is None:
                raise _Cancelled
            return reply

        try:
            with np.errstate(all="ignore"):
                work(ask)
        except _Cancelled:
            return
        except BaseException as error:
            self._outbox.put((member, error))
        else:
            self._outbox.put((member, None))
