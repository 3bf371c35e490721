"""One experiment of one member, integrated by SciPy in scaled states.

Every leg ends at a knot of p(t) or at an output time, so no step runs over a kink of p(t) and
every output is the end of a step.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

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


class Span(Protocol):
    """A piece of time without a knot inside."""

    @property
    def start(self) -> float:
        """Its first time."""

    @property
    def stop(self) -> float:
        """Its last."""


class StepLimit(Exception):
    """An experiment took more evaluations than its step limit allows."""


EVALUATIONS_A_STEP = 30
"""SciPy counts evaluations, not steps; a step of any of its methods costs fewer than these."""


@dataclass(eq=False)
class RightHandSide:
    """dy/dt of one member and experiment, y = z / state_scale.

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

    @classmethod
    def of(
        cls, problem: Problem, theta: FloatArray, index: int, experiment: int, solver: SolverSpec
    ) -> RightHandSide:
        """Return the right-hand side of member ``index``."""
        limit = float(solver.max_steps) * EVALUATIONS_A_STEP
        return cls(problem, theta, member(problem.scaling, index), experiment, limit)

    def controls(self, t: FloatArray, span: Span) -> FloatArray:
        """Return p(t) ``(rows, controls)`` at times ``(rows,)`` of a span, measured units.

        No knot lies inside a span; of two values at one knot the span sees that on its own side.
        """
        knots = self.problem.knot_times[self.experiment]
        values = self.problem.knot_values[self.experiment]
        middle = 0.5 * (span.start + span.stop)
        before = max(int(np.searchsorted(knots, middle, side="right")) - 1, 0)
        after = min(before + 1, len(knots) - 1)
        width = knots[after] - knots[before]
        if self.problem.control_interpolation == "step" or width <= 0:
            return np.broadcast_to(values[before], (len(t), values.shape[1]))
        part = np.clip((t - knots[before]) / width, 0.0, 1.0)[:, None]
        return np.asarray(values[before] + part * (values[after] - values[before]))

    def rows(self, p: FloatArray, y: FloatArray, theta: FloatArray | None = None) -> FloatArray:
        """Return dy/dt ``(rows, states)`` at controls ``(rows, controls)`` and scaled states."""
        scale = self.scaling.state_scale
        parameters = self.theta if theta is None else theta
        value = self.problem.model.field(parameters, y * scale, p, self.scaling)
        return np.asarray(value / scale)

    def on(self, span: Span) -> Callable[[float, FloatArray], FloatArray]:
        """Return ``f(t, y) -> dy/dt`` on a span, which counts its evaluations."""

        def evaluate(t: float, y: FloatArray) -> FloatArray:
            self.nfev += 1
            if self.nfev > self.limit:
                raise StepLimit
            return np.asarray(self.rows(self.controls(np.array([t]), span), y[None])[0])

        return evaluate


@dataclass(frozen=True, eq=False)
class Leg:
    """One piece of a trajectory.

    Attributes:
        start: its first time.
        stop: its last.
        y: scaled states at ``stop``, NaN after a failure.
        solution: SciPy's, with its dense output; None after a failure.
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
    nothing = np.full_like(y, np.nan)
    span = Leg(start, stop, nothing, None, Status.SUCCESS, float("nan"))
    options: dict[str, Any] = {
        "method": METHODS[solver.method],
        "rtol": solver.rtol,
        "atol": solver.atol,
        "dense_output": True,
    }
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # LSODA speaks of what the status says
        try:
            solution = solve_ivp(rhs.on(span), (start, stop), y, **options)
        except StepLimit:
            return replace(span, status=Status.MAX_STEPS, failed_at=start)
        except ValueError:  # infinities reach SciPy's linear algebra
            return replace(span, status=Status.NON_FINITE, failed_at=start)
    end = solution.y[:, -1]
    if solution.success and np.isfinite(end).all():
        return replace(span, y=end, solution=solution)
    status = Status.STEP_TOO_SMALL if np.isfinite(end).all() else Status.NON_FINITE
    return replace(span, status=status, failed_at=float(solution.t[-1]))
