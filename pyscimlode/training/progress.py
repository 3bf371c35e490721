"""Progress on the screen: stage, loss and time left."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

import numpy as np

from pyscimlode.training.events import Event, OnEvent

QUIET_SECONDS = 2.0
"""What takes less long is not shown."""
LIVE_SECONDS = 0.2
"""Time between two updates of a line that is overwritten."""
LINE_SECONDS = 10.0
"""Time between two lines where the output is no terminal."""
BAR_WIDTH = 20
LABELS = {"collocation": "Collocation", "adam": "Adam", "bfgs": "BFGS", "lbfgs": "L-BFGS"}


def make_progress(progress: bool | OnEvent) -> OnEvent | None:
    """Return what is called with every event: a printer, nothing, or the function itself."""
    if callable(progress):
        return progress
    return ProgressPrinter() if progress else None


class ProgressPrinter:
    """Shows training that takes longer than two seconds.

    In a terminal or notebook one line that is overwritten; elsewhere (log files) a line every ten
    seconds. :func:`pyscimlode.training.train` calls :meth:`close` when it ends in any way.

    Args:
        stream: where to write; standard error by default.
        live: whether the line may be overwritten; None asks the stream.
        clock: returns seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        live: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._live = live
        self._clock = clock
        self._next: float | None = None
        self._stage = -1
        self._width = 0

    def __call__(self, event: Event) -> None:
        """Show an event, if it is time to."""
        now = self._clock()
        if self._next is None:
            self._next = now + max(0.0, QUIET_SECONDS - event.seconds)
        if now < self._next:
            return
        if self._is_live():
            self._overwrite(event)
            self._next = now + LIVE_SECONDS
        else:
            self._write(describe(event) + "\n")
            self._next = now + LINE_SECONDS

    def close(self) -> None:
        """End the line that is overwritten."""
        if self._width:
            self._write("\n")
        self._width, self._next, self._stage = 0, None, -1

    def _overwrite(self, event: Event) -> None:
        if self._stage not in (-1, event.stage_index):
            self._write("\n")
            self._width = 0
        self._stage = event.stage_index
        columns = shutil.get_terminal_size((100, 24)).columns
        text = f"{_bar(event)} {describe(event)}"[: max(20, columns - 1)]
        self._write("\r" + text.ljust(self._width))
        self._width = len(text)

    def _write(self, text: str) -> None:
        stream = self._stream or sys.stderr
        stream.write(text)
        stream.flush()

    def _is_live(self) -> bool:
        if self._live is None:
            self._live = (self._stream or sys.stderr).isatty() or _in_notebook()
        return self._live


def describe(event: Event) -> str:
    """Return one line: stage, iterations, loss over the members, time spent and left."""
    label = LABELS.get(event.stage, event.stage)
    parts = [
        f"{label} ({event.stage_index + 1}/{event.stages})",
        f"{event.iteration}/{event.total}",
        _loss(event.loss),
        f"{duration(event.seconds)} spent",
    ]
    if np.isfinite(event.eta):
        most = "at most " if event.stage in ("bfgs", "lbfgs") else ""
        parts.append(f"{most}{duration(event.eta)} left in this stage")
    if event.message:
        parts.append(event.message)
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Return minutes and seconds, or hours and minutes.

    >>> duration(75.4), duration(3700)
    ('1:15', '1 h 01 min')
    """
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _loss(loss: np.ndarray) -> str:
    known = loss[np.isfinite(loss)]
    if not len(known):
        return "loss unknown"
    if len(loss) == 1:
        return f"loss {known[0]:.4g}"
    return f"loss {np.median(known):.4g} (best {known.min():.4g} of {len(loss)})"


def _bar(event: Event) -> str:
    filled = round(BAR_WIDTH * min(1.0, event.iteration / max(1, event.total)))
    return "[" + "=" * filled + " " * (BAR_WIDTH - filled) + "]"


def _in_notebook() -> bool:
    """Whether this is a Jupyter kernel, whose streams are no terminals but take carriage returns.

    IPython is looked at only where it runs already.
    """
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
