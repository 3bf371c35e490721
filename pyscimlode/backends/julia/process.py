"""One worker process: started, written to, read from and ended."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import IO

from pyscimlode.backends.julia.frames import Frame, FrameError, decode
from pyscimlode.backends.status import Status
from pyscimlode.errors import EngineDied

POLL = 0.05
"""Seconds between two looks at the clock and at the process."""
GRACE = 1.0
"""Seconds that a process has to end by itself."""
STDERR_LINES = 200
LINES_SHOWN = 12
LINE_LENGTH = 500

Inbox = SimpleQueue[Frame | FrameError | None]
"""Frames as they come; an error where bytes are none; None once the process writes no more."""


class WorkerProcess:
    """A process that speaks frames on its standard input and output.

    It has a session of its own, so that Ctrl-C in a terminal does not reach it.

    Args:
        command: what to run.
        environment: its environment variables.

    Attributes:
        inbox: what it has sent.

    Raises:
        EngineDied: it cannot be started.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.inbox: Inbox = SimpleQueue()
        self._stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._popen: subprocess.Popen[bytes] | None = None
        self._failure: OSError | None = None
        launched = threading.Event()
        arguments = (list(command), dict(environment), launched)
        self._keeper = threading.Thread(target=self._keep, args=arguments, daemon=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        try:
            self._keeper.start()
            launched.wait()
        except BaseException:
            launched.wait(GRACE)
            self.kill()
            raise
        if self._failure is not None:
            raise EngineDied(
                f"The Julia worker cannot be started: {self._failure}.", Status.WORKER_DIED
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As of subprocess: negative for a signal, None while it runs."""
        return self._process.poll()

    @property
    def stderr(self) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(list(self._stderr)[-LINES_SHOWN:])

    def send(self, pieces: Sequence[memoryview], while_waiting: Callable[[], None]) -> bool:
        """Write bytes; False if the process does not take them any more.

        Args:
            pieces: the bytes.
            while_waiting: called now and then while the process does not read.
        """
        stream = _opened(self._process.stdin)
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
        for piece in pieces:
            rest = piece
            while rest:
                try:
                    rest = rest[os.write(stream.fileno(), rest) :]
                except BlockingIOError:
                    while_waiting()
                    poll.poll(1000 * POLL)
                except BrokenPipeError:
                    return False
        return True

    def stop(self) -> None:
        """Let it end by itself, which it does when its input closes; else kill it."""
        if self._popen is None:
            return
        with suppress(OSError):
            _opened(self._popen.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(GRACE)
        self.kill()

    def kill(self) -> None:
        """End it and what it has started, at once; nothing is left of it."""
        process = self._popen
        if process is None:
            return
        if process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5 * GRACE)
        with suppress(OSError):
            _opened(process.stdin).close()
        for thread in (self._listener, self._keeper):
            thread.join(GRACE)

    def abandon(self) -> None:
        """Let go of it in a forked child, to whom it does not belong."""
        if self._popen is not None:
            for stream in (self._popen.stdin, self._popen.stdout, self._popen.stderr):
                _opened(stream).close()
            self._popen.returncode = 0

    @property
    def _process(self) -> subprocess.Popen[bytes]:
        if self._popen is None:
            raise EngineDied("The Julia worker was not started.", Status.WORKER_DIED)
        return self._popen

    def _keep(
        self, command: list[str], environment: dict[str, str], launched: threading.Event
    ) -> None:
        """Start the process and read its standard error until it ends.

        The kernel ends the worker with the thread that started it, so that thread must stay.
        """
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            self._failure = error
            launched.set()
            return
        self._popen = process
        os.set_blocking(_opened(process.stdin).fileno(), False)
        self._listener.start()
        launched.set()
        with _opened(process.stderr) as stream:
            self._keep_last_lines(stream)
        process.wait()

    def _keep_last_lines(self, stream: IO[bytes]) -> None:
        rest = b""
        while piece := stream.read(1 << 16):
            *lines, rest = (rest + piece).split(b"\n")
            rest = rest[-LINE_LENGTH:]
            for line in lines:
                self._stderr.append(line[-LINE_LENGTH:].decode(errors="replace"))
        if rest:
            self._stderr.append(rest.decode(errors="replace"))

    def _listen(self) -> None:
        with _opened(self._process.stdout) as stream:
            number = stream.fileno()
            try:
                while (frame := decode(lambda buffer: os.readv(number, [buffer]))) is not None:
                    self.inbox.put(frame)
            except FrameError as error:
                self.inbox.put(error)
        self.inbox.put(None)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process, 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _opened(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise EngineDied("The Julia worker has no pipe.", Status.WORKER_DIED)
    return stream
