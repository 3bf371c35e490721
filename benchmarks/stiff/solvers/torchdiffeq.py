"""torchdiffeq's odeint in float64. Its adaptive methods are explicit.

``implicit_adams`` takes fixed steps, solved by functional iteration, which converges only for
steps as short as an explicit method's; it has no tolerance to vary and is left out.
``scipy_solver`` hands the field to SciPy.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torchdiffeq import odeint

from benchmarks.stiff.limits import Counted, TimeLimit
from benchmarks.stiff.rows import MAX_STEPS, Solution, Solver
from pyscimlode.data.stiff_problems import StiffProblem

OPTIONS = {
    "dopri5": {"max_num_steps": MAX_STEPS},
    "dopri8": {"max_num_steps": MAX_STEPS},
    "scipy_solver LSODA": {"solver": "LSODA"},
}


def torch_field(problem: StiffProblem) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    """Return ``f(t, y)`` for states ``(..., states)``, from the one definition."""
    return lambda t, y: torch.stack(problem.derivatives(t, y.unbind(-1)), dim=-1)


def prepare(
    method: str, problem: StiffProblem, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of a problem."""
    rhs = Counted(torch_field(problem), limit)
    initial, times = torch.tensor(problem.initial), torch.tensor(problem.times)
    nothing = np.full((len(times), len(initial)), np.nan)

    def solve() -> Solution:
        rhs.restart()
        with torch.no_grad(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = odeint(
                    rhs,
                    initial,
                    times,
                    rtol=rtol,
                    atol=atol,
                    method=method.split()[0],
                    options=dict(OPTIONS[method]),
                ).numpy()
            except TimeLimit:
                return Solution(nothing, "time limit", rhs.calls)
            except (AssertionError, RuntimeError, ValueError) as error:
                return Solution(nothing, f"{type(error).__name__}: {error}"[:80], rhs.calls)
        if found.shape != nothing.shape:  # scipy_solver returns what it has, without a word
            return Solution(nothing, "fewer outputs than asked for", rhs.calls)
        return Solution(found, nfev=rhs.calls)

    return solve


SOLVERS = tuple(
    Solver(
        "torchdiffeq",
        method,
        "explicit"
        if method.startswith("dopri")
        else "switching"
        if "LSODA" in method
        else "implicit",
        partial(prepare, method),
    )
    for method in OPTIONS
)
