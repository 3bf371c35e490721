"""The vocabulary of errors: one base class, one class a kind of mistake.

Every message names what is wrong, where (column, strain, time) and how to mend it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class PyscimlodeError(Exception):
    """Base class of all errors that pyscimlode raises on purpose."""


class DataError(PyscimlodeError, ValueError):
    """A table or data set that cannot be used as it is."""


class ColumnError(DataError):
    """A column that is missing, unknown, empty or in two roles."""


class TimeError(DataError):
    """Times that are missing, not finite, not increasing or not covered."""


class ValueRangeError(DataError):
    """Values that are not numbers, not finite or out of range."""


class ExperimentError(DataError):
    """An experiment (strain) that is unknown, duplicated, or on both sides of a split."""


class LeakError(DataError):
    """Held-out strains that reach a model; the message names every leak and what to do."""


class UnitError(DataError):
    """Units that contradict each other or are not known."""


class DownloadError(PyscimlodeError, OSError):
    """A named data set is neither on this machine nor can be downloaded."""


class MissingDependencyError(PyscimlodeError, ImportError):
    """An optional package that is not installed; the message says how to install it."""


class TrainingWarning(UserWarning):
    """Training ended with something that makes its result doubtful."""


class DataWarning(UserWarning):
    """Data that can be used, but in which something will surprise."""


class ModelError(PyscimlodeError, ValueError):
    """A model description that cannot be built."""


class SolverError(PyscimlodeError, ValueError):
    """An unknown solver, or options that the solver does not take."""


class TrainingError(PyscimlodeError, RuntimeError):
    """Training that cannot start, go on or be resumed."""


class TrainingInterrupted(TrainingError, KeyboardInterrupt):
    """Training was stopped by Ctrl-C; what was reached is kept.

    Also a ``KeyboardInterrupt``, so that whoever waits for Ctrl-C gets this one too.

    Attributes:
        path: of the checkpoint; None when none was asked for.
        state: what was reached; ``pyscimlode.training.train(..., resume=state)`` goes on from it.
    """

    def __init__(self, message: str, path: Path | None = None, state: Any = None) -> None:
        super().__init__(message)
        self.path = path
        self.state = state


class BackendUnavailable(PyscimlodeError, RuntimeError):
    """An engine that is not installed or does not run here; the message says what to do."""


class EngineError(PyscimlodeError, RuntimeError):
    """An engine in a process of its own that failed while it computed.

    Attributes:
        status: code of :class:`pyscimlode.backends.status.Status`, where one fits.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EngineDied(EngineError):
    """The engine's process ended, or answered what is no answer; the next call starts it again."""


class EngineTimeout(EngineError):
    """The engine did not answer in time and was stopped; the next call starts it again."""


class EngineOutOfMemory(EngineError):
    """The engine took more memory than it may and was stopped; the next call starts it again."""


class ArtifactError(PyscimlodeError, OSError):
    """A saved model or checkpoint that is missing, damaged or of another version."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'X'?"`` for the closest known name, or an empty string."""
    names = list(known)
    lowered = {candidate.lower(): candidate for candidate in names}
    close = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return f" Did you mean {lowered[close[0]]!r}?" if close else ""
