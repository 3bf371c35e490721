"""One solve: how exact, how long, how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

TOLERANCES = tuple(10.0**-k for k in (3, 4, 5, 6, 8, 10))
MAX_STEPS = 100_000
LARGEST = 10.0
"""A solution further off than this many times the largest value is no answer."""


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver returned.

    Attributes:
        values: ``(times, states)`` or ``(rows, times, states)``, NaN where there is none.
        status: ``"success"``, or why there is no answer.
        nfev: evaluations of the field, None where the library does not say.
        steps: steps taken, None where the library does not say.
    """

    values: FloatArray
    status: str = "success"
    nfev: int | None = None
    steps: int | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table: a problem, a solver, a tolerance.

    Attributes:
        problem: its name.
        solver: library and method.
        library: whose.
        kind: ``"explicit"``, ``"implicit"`` or ``"switching"``.
        rtol: relative tolerance; ``atol`` goes with it.
        atol: absolute tolerance.
        error: largest error over outputs and states, over the largest value of the state.
        seconds: CPU time of a warm solve, median.
        wall_seconds: wall time of the same, median.
        first_seconds: wall time of the first call, compilation included.
        rounds: timed rounds.
        nfev: evaluations of the field.
        steps: steps taken.
        status: ``"success"``, or why there is no answer.
        run: number of the run of the command; candidates of one run took turns. 0: not known.
    """

    problem: str
    solver: str
    library: str
    kind: str
    rtol: float
    atol: float
    error: float = float("nan")
    seconds: float = float("nan")
    wall_seconds: float = float("nan")
    first_seconds: float = float("nan")
    rounds: int = 0
    nfev: int | None = None
    steps: int | None = None
    status: str = "success"
    run: int = 0

    @property
    def key(self) -> tuple[str, str, float]:
        """What identifies the row."""
        return self.problem, self.solver, self.rtol


@dataclass(frozen=True)
class Solver:
    """A solver that problems are given to.

    Attributes:
        library: whose.
        method: what the library calls it.
        kind: ``"explicit"``, ``"implicit"`` or ``"switching"``.
        prepare: ``(problem, rtol, atol, limit) -> solve``: everything that is not timed; ``limit``
            are seconds after which a solve is ended.
        requires: packages that must be importable.
    """

    library: str
    method: str
    kind: str
    prepare: Callable[..., Callable[[], Solution]]
    requires: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What tables and figures say."""
        return f"{self.library} {self.method}"


def scaled_error(values: FloatArray, reference: FloatArray) -> float:
    """Return the largest error over the largest value of each state; infinite when not finite.

    Both are ``(..., times, states)``; the scale of a state is its largest magnitude over the
    times (and rows) of the reference.
    """
    if values.shape != reference.shape or not np.isfinite(values).all():
        return float("inf")
    axes = tuple(range(reference.ndim - 1))
    scale = np.abs(reference).max(axis=axes)
    return float(np.abs((values - reference) / np.where(scale > 0.0, scale, 1.0)).max())
