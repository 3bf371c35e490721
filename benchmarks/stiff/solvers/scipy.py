"""SciPy's solve_ivp; implicit methods get the analytic Jacobian."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.stiff.limits import Counted, TimeLimit
from benchmarks.stiff.rows import Solution, Solver
from pyscimlode.data.stiff_problems import StiffProblem


def prepare(
    method: str, problem: StiffProblem, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of a problem."""
    rhs = Counted(problem.rhs, limit)
    nothing = np.full((len(problem.times), len(problem.initial)), np.nan)
    options = {} if method in ("RK45", "DOP853") else {"jac": problem.jacobian}

    def solve() -> Solution:
        rhs.restart()
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = solve_ivp(
                    rhs,
                    (problem.times[0], problem.times[-1]),
                    problem.initial,
                    method,
                    t_eval=problem.times,
                    rtol=rtol,
                    atol=atol,
                    **options,
                )
            except TimeLimit:
                return Solution(nothing, "time limit", rhs.calls)
            except (ValueError, OverflowError, ZeroDivisionError) as error:
                return Solution(nothing, f"{type(error).__name__}: {error}"[:80], rhs.calls)
        if not found.success:
            return Solution(nothing, found.message, rhs.calls)
        return Solution(found.y.T, nfev=rhs.calls)

    return solve


SOLVERS = tuple(
    Solver("scipy", method, kind, partial(prepare, method))
    for method, kind in (
        ("Radau", "implicit"),
        ("BDF", "implicit"),
        ("LSODA", "switching"),
        ("DOP853", "explicit"),
    )
)
