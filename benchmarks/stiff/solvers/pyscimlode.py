"""The package's own implicit solvers on a function: Jacobians by reverse mode, or given."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from benchmarks.stiff.limits import Counted, TimeLimit
from benchmarks.stiff.rows import MAX_STEPS, Solution, Solver
from benchmarks.stiff.solvers.torchdiffeq import torch_field
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.implicit.functions import odeint_implicit
from pyscimlode.data.stiff_problems import StiffProblem


def prepare(
    method: str, given: bool, problem: StiffProblem, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of a problem."""
    rhs = Counted(torch_field(problem), limit)
    initial, times = torch.tensor(problem.initial), problem.times
    nothing = np.full((len(times), len(initial)), np.nan)

    def jacobian(t: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        rows = zip(t.tolist(), y.numpy(), strict=True)
        return torch.from_numpy(np.stack([problem.jacobian(time, row) for time, row in rows]))

    def solve() -> Solution:
        rhs.restart()
        with torch.no_grad():
            try:
                values, stats = odeint_implicit(
                    rhs,
                    initial,
                    times,
                    method=method,
                    rtol=rtol,
                    atol=atol,
                    max_steps=MAX_STEPS,
                    jacobian=jacobian if given else None,
                )
            except TimeLimit:
                return Solution(nothing, "time limit", rhs.calls)
            except RuntimeError as error:
                return Solution(nothing, f"{type(error).__name__}: {error}"[:80], rhs.calls)
        status = Status(int(stats.status[0]))
        steps = int(stats.steps[0] + stats.rejected[0])
        said = "success" if status is Status.SUCCESS else status.name
        return Solution(values.numpy(), said, int(stats.nfev[0]), steps)

    return solve


SOLVERS = tuple(
    Solver("pyscimlode", label, "implicit", partial(prepare, method, given))
    for label, method, given in (
        ("rosenbrock, Jacobian given", "rosenbrock", True),
        ("esdirk, Jacobian given", "esdirk", True),
        ("rosenbrock", "rosenbrock", False),
    )
)
