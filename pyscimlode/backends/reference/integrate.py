"""One experiment of one member, integrated by SciPy in scaled states.

Every leg ends at a knot of p(t) or at an output time, so no step runs over a kink of p(t) and
every output is the end of a step.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.models.scaling import Scaling, member
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]

METHODS = {
    "auto": "Radau",
    "dopri5": "RK45",
    "dopri8": "DOP853",
    "bdf": "BDF",
    "scipy:RK45": "RK45",
    "scipy:DOP853": "DOP853",
    "scipy:Radau": "Radau",
    "scipy:BDF": "BDF",
    "scipy:LSODA": "LSODA",
}
"""Names of solvers and what they are in SciPy."""


class StepLimit(Exception):
    """An experiment took more evaluations than its step limit allows."""


EVALUATIONS_A_STEP = 30
"""SciPy counts evaluations, not steps; a step of any of its methods costs fewer than these."""


@dataclass(eq=False)
class RightHandSide:
    """dy/dt of one member and experiment on one leg, y = z / state_scale.

    Attributes:
        problem: the problem.
        theta: ``(size,)``.
        scaling: of the member.
        experiment: index.
        nfev: evaluations so far.
        limit: evaluations that are allowed.
    """

    problem: Problem
    theta: FloatArray
    scaling: Scaling
    experiment: int
    limit: float
    nfev: int = field(default=0)
    _middle: float = field(default=0.0)

    @classmethod
    def of(
        cls, problem: Problem, theta: FloatArray, index: int, experiment: int, solver: SolverSpec
    ) -> RightHandSide:
        """Return the right-hand side of member ``index``."""
        limit = float(solver.max_steps) * EVALUATIONS_A_STEP
        return cls(problem, theta, member(problem.scaling, index), experiment, limit)

    def begin_leg(self, start: float, stop: float) -> None:
        """Tell where the leg runs; controls that step have one value on it."""
        self._middle = 0.5 * (start + stop)

    def controls(self, t: FloatArray) -> FloatArray:
        """Return p(t) ``(rows, controls)`` at times ``(rows,)`` of the leg, measured units."""
        knots = self.problem.knot_times[self.experiment]
        values = self.problem.knot_values[self.experiment]
        if self.problem.control_interpolation == "step":
            last = int(np.searchsorted(knots, self._middle, side="right")) - 1
            return np.broadcast_to(values[max(last, 0)], (len(t), values.shape[1]))
        # Of knots at one time the leg sees those on its own side.
        side = max(int(np.searchsorted(knots, self._middle, side="right")) - 1, 0)
        after = min(side + 1, len(knots) - 1)
        width = knots[after] - knots[side]
        part = np.clip((t - knots[side]) / width, 0.0, 1.0) if width > 0 else np.zeros(len(t))
        return np.asarray(values[side] + part[:, None] * (values[after] - values[side]))

    def rows(self, t: FloatArray, y: FloatArray, theta: FloatArray | None = None) -> FloatArray:
        """Return dy/dt ``(rows, states)`` at times ``(rows,)`` and states ``(rows, states)``."""
        scale = self.scaling.state_scale
        parameters = self.theta if theta is None else theta
        value = self.problem.model.field(parameters, y * scale, self.controls(t), self.scaling)
        return np.asarray(value / scale)

    def __call__(self, t: float, y: FloatArray) -> FloatArray:
        """Return dy/dt ``(states,)``, counted."""
        self.nfev += 1
        if self.nfev > self.limit:
            raise StepLimit
        return np.asarray(self.rows(np.array([t]), y[None])[0])


@dataclass(frozen=True, eq=False)
class Leg:
    """One piece of a trajectory.

    Attributes:
        start: its first time.
        stop: its last.
        y: scaled states at ``stop``, NaN after a failure.
        solution: SciPy's, with its dense output.
        status: how it ended.
        failed_at: time of the failure, NaN on success.
    """

    start: float
    stop: float
    y: FloatArray
    solution: Any
    status: Status
    failed_at: float


def stops(problem: Problem, experiment: int, times: FloatArray) -> FloatArray:
    """Return the ends of all legs: knots and output times after the start, increasing."""
    start = problem.times[experiment, 0]
    knots = problem.knot_times[experiment]
    every = np.unique(np.concatenate([knots[knots < times.max()], times]))
    return np.asarray(every[every > start])


def legs(rhs: RightHandSide, times: FloatArray, solver: SolverSpec) -> Iterator[Leg]:
    """Integrate from the experiment's start over all legs up to the last time or a failure."""
    problem, experiment = rhs.problem, rhs.experiment
    t = float(problem.times[experiment, 0])
    y = problem.initial[experiment] / rhs.scaling.state_scale
    for stop in stops(problem, experiment, times):
        leg = _leg(rhs, t, float(stop), y, solver)
        yield leg
        if leg.status is not Status.SUCCESS:
            return
        t, y = leg.stop, leg.y


def _leg(rhs: RightHandSide, start: float, stop: float, y: FloatArray, solver: SolverSpec) -> Leg:
    rhs.begin_leg(start, stop)
    options: dict[str, Any] = {
        "method": METHODS[solver.method],
        "rtol": solver.rtol,
        "atol": solver.atol,
        "dense_output": True,
    }
    status, failed_at, solution = Status.SUCCESS, float("nan"), None
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # LSODA speaks of what the status says
        try:
            solution = solve_ivp(rhs, (start, stop), y, **options)
        except StepLimit:
            status, failed_at = Status.MAX_STEPS, start
        except ValueError:  # infinities reach SciPy's linear algebra
            status, failed_at = Status.NON_FINITE, start
    end = np.full_like(y, np.nan)
    if solution is not None:
        end = solution.y[:, -1]
        if not np.isfinite(end).all():
            status = Status.NON_FINITE
        elif not solution.success:
            status = Status.STEP_TOO_SMALL
        if status is not Status.SUCCESS:
            failed_at, end = float(solution.t[-1]), np.full_like(y, np.nan)
    return Leg(start, stop, end, solution, status, failed_at)
