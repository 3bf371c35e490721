"""The worker's side of the pipe: read a request, call the handler, write the reply.

Frames have file descriptors of their own. What anything in the process prints to standard output
goes to standard error, which the parent keeps the end of. The process ends when its parent does:
by the kernel's signal where there is one, and by the end of the stream otherwise.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import Any, Protocol

import numpy.typing as npt

from pyscimlode.backends.julia.frames import Frame, FrameError, decode, encode

Meta = dict[str, Any]
Arrays = Mapping[str, npt.NDArray[Any]]
Progress = Callable[[Meta], None]

HELLO = 0
"""Id of the first reply, sent once the handler is ready."""
PARENT_DEATH = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Handler(Protocol):
    """What answers requests."""

    def call(self, op: str, meta: Meta, arrays: Arrays, progress: Progress) -> tuple[Meta, Arrays]:
        """Return what ``op`` asks for, as JSON data and arrays.

        Any exception becomes an error of the reply: class name and text.
        """
        ...


class Pipe:
    """Both directions of the pipe to the parent.

    Args:
        source: file descriptor to read from.
        sink: file descriptor to write to.
    """

    def __init__(self, source: int, sink: int) -> None:
        self.source = source
        self.sink = sink
        self._lock = threading.Lock()

    @classmethod
    def claimed(cls) -> Pipe:
        """Take standard input and output for frames; others find /dev/null and standard error."""
        pipe = cls(os.dup(0), os.dup(1))
        sys.stdout.flush()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        return pipe

    def read(self) -> Frame | None:
        """Return the next frame, None at the end."""
        return decode(lambda buffer: os.readv(self.source, [buffer]))

    def write(self, header: Meta, arrays: Arrays | None = None) -> None:
        """Write one frame."""
        with self._lock:
            for piece in encode(header, arrays or {}):
                while piece:
                    piece = piece[os.write(self.sink, piece) :]


def serve(make_handler: Callable[[], Handler], pipe: Pipe | None = None) -> None:
    """Answer requests until the parent goes; never returns.

    Args:
        make_handler: called on the main thread, as is the handler; may take long.
        pipe: for tests; standard input and output otherwise.
    """
    pipe = pipe or Pipe.claimed()
    end_with_parent()
    requests: SimpleQueue[Frame] = SimpleQueue()
    threading.Thread(target=_listen, args=(pipe, requests), daemon=True).start()
    try:
        handler = make_handler()
    except BaseException as error:
        traceback.print_exc()
        pipe.write(_failure(HELLO, error))
        _leave(1)
    pipe.write({"id": HELLO, "ok": True, "meta": {"pid": os.getpid()}})
    while True:
        _answer(handler, requests.get(), pipe)


def end_with_parent() -> None:
    """Ask the kernel to end this process with the thread that started it (Linux).

    The reading thread sees the end of the stream everywhere, but cannot act while the handler
    holds the interpreter.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        _leave(0)


def _listen(pipe: Pipe, requests: SimpleQueue[Frame]) -> None:
    try:
        while (frame := pipe.read()) is not None:
            requests.put(frame)
    except (FrameError, OSError) as error:
        sys.stderr.write(f"The request cannot be read: {error}\n")
        _leave(1)
    _leave(0)


def _answer(handler: Handler, request: Frame, pipe: Pipe) -> None:
    header = request.header
    number = header["id"]

    def progress(done: Meta) -> None:
        pipe.write({"id": number, "progress": done})

    try:
        meta, arrays = handler.call(header["op"], header["meta"], request.arrays, progress)
        reply = {"id": number, "ok": True, "meta": meta}
        pipe.write(reply, arrays)
    except BrokenPipeError:
        _leave(0)
    except KeyboardInterrupt:
        _leave(130)
    except BaseException as error:
        traceback.print_exc()
        pipe.write(_failure(number, error))


def _failure(number: int, error: BaseException) -> Meta:
    described = {"kind": type(error).__name__, "message": str(error)}
    return {"id": number, "ok": False, "meta": {}, "error": described}


def _leave(code: int) -> None:
    """End at once, from any thread."""
    sys.stderr.flush()
    os._exit(code)
