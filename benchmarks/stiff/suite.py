"""Every solver at every tolerance on one problem: errors first, then times in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.stiff.measure import cpu_seconds, time_in_turn
from benchmarks.stiff.rows import LARGEST, Row, Solution, Solver, scaled_error

FloatArray = npt.NDArray[np.float64]
Say = Callable[[str], None]
HOPELESS = ("time limit", "step limit", "MAX_STEPS", "max_num_steps")
"""After such an end, tighter tolerances are not tried."""


class Problem(Protocol):
    """What is solved."""

    @property
    def name(self) -> str:
        """Its name in the table."""

    @property
    def atol_factor(self) -> float:
        """Absolute over relative tolerance."""


def measure(
    problem: Problem,
    reference: FloatArray,
    solvers: Sequence[Solver],
    tolerances: Sequence[float],
    *,
    known: Collection[tuple[str, str, float]] = (),
    limit: float = 10.0,
    rounds: int = 5,
    say: Say = lambda text: None,
    error: Callable[[FloatArray, FloatArray], float] = scaled_error,
) -> list[Row]:
    """Return the rows of a problem.

    Args:
        problem: handed to the solvers.
        reference: ``(..., times, states)``, the right answer.
        solvers: those that are installed.
        tolerances: relative ones, loosest first.
        known: keys of rows that are not measured again.
        limit: seconds a solve may take.
        rounds: timed rounds.
        say: is told of the progress.
        error: ``(values, reference)`` -> the error of a row.
    """
    rows: list[Row] = []
    calls: list[Callable[[], Solution] | None] = []
    compiled = ("diffrax", "julia")
    for solver in solvers:
        hopeless = ""
        for rtol in tolerances:
            if (problem.name, solver.label, rtol) in known:
                continue
            start = cpu_seconds()
            row, call = _first(problem, reference, solver, rtol, limit, hopeless, error)
            seconds = cpu_seconds() - start
            if any(word in row.status for word in HOPELESS) and not hopeless:
                hopeless = f"not tried: {row.status} at rtol {rtol:.0e}"
            if seconds > limit and solver.library not in compiled and not hopeless:
                hopeless = f"not tried: {seconds:.0f} s at rtol {rtol:.0e}"
            rows.append(row)
            calls.append(call)
        say(f"{problem.name}: {solver.label}")
    timed = time_in_turn(
        [call for call in calls if call is not None],
        warm=[
            row.first_seconds > 0.5 and row.library not in compiled
            for row, call in zip(rows, calls, strict=True)
            if call is not None
        ],
        rounds=rounds,
    )
    waiting = iter(timed)
    for index, call in enumerate(calls):
        if call is not None:
            cpu, wall, count = next(waiting).medians
            rows[index] = replace(rows[index], seconds=cpu, wall_seconds=wall, rounds=count)
    return rows


def _first(
    problem: Any,
    reference: FloatArray,
    solver: Solver,
    rtol: float,
    limit: float,
    hopeless: str,
    error_of: Callable[[FloatArray, FloatArray], float],
) -> tuple[Row, Callable[[], Solution] | None]:
    """Solve once; return the row without times, and the call where it has an answer."""
    atol = rtol * problem.atol_factor
    row = Row(problem.name, solver.label, solver.library, solver.kind, rtol, atol)
    if hopeless:
        return replace(row, status=hopeless), None
    solve = solver.prepare(problem, rtol, atol, limit)
    start = time.perf_counter()
    found = solve()
    row = replace(
        row,
        first_seconds=time.perf_counter() - start,
        nfev=found.nfev,
        steps=found.steps,
        status=found.status,
    )
    if found.status != "success":
        return row, None
    error = error_of(found.values, reference)
    if not error <= LARGEST:
        return replace(row, error=error, status="wrong answer"), None
    return replace(row, error=error), solve
