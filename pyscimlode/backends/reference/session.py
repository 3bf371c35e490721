"""A problem opened in the reference engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.arguments import (
    check_problem,
    checked_theta,
    indices,
    output_times,
)
from pyscimlode.backends.base import IntArray, LossParts, Trajectory
from pyscimlode.backends.opened import OpenedProblem
from pyscimlode.backends.reference.derivatives import jacobian_parameters
from pyscimlode.backends.reference.integrate import RightHandSide, legs
from pyscimlode.backends.reference.sensitivities import sensitivities
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.models.scaling import member
from pyscimlode.objectives.losses import data_slope, data_term, pir_slope, pir_term
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]


class ReferenceSession(OpenedProblem):
    """Members and experiments one after the other, each with SciPy.

    Gradients are forward sensitivities of Radau's steps (:mod:`.sensitivities`), contracted with
    the derivative of the loss: nothing that the other engines do is in them.

    Args:
        problem: the problem.
        solver: method and tolerances on scaled states.

    Raises:
        TimeError: times or knots are not finite, or decrease.
        ValueRangeError: initial states or control values are not finite.
    """

    def __init__(self, problem: Problem, solver: SolverSpec) -> None:
        check_problem(problem)
        super().__init__(problem)
        self._solver = solver

    def field(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(members, rows, states)``; see the protocol."""
        theta = checked_theta(self._problem, theta)
        return np.stack([self._field(theta[m], m, z, p) for m in range(len(theta))])

    def field_vjp(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, cotangent: FloatArray
    ) -> FloatArray:
        """Return the gradient ``(members, size)`` of ``sum(cotangent * field(...))``."""
        theta = checked_theta(self._problem, theta)
        slopes = np.zeros_like(theta)
        for m, parameters in enumerate(theta):
            jacobian = jacobian_parameters(
                lambda values, m=m: self._field(values, m, z, p),  # type: ignore[misc]
                parameters,
            )
            slopes[m] = np.einsum("rs,rsk->k", cotangent[m], jacobian)
        return slopes

    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        """Integrate from the initial states to the output times; see the protocol.

        Raises:
            TimeError: a time is not finite or lies before an experiment's start.
        """
        problem = self._problem
        parameters = checked_theta(problem, theta)
        chosen = indices(experiments, problem.n_experiments, "experiments")
        grid = output_times(problem, chosen, times)
        shape = (problem.n_members, len(chosen))
        z = np.full((*shape, grid.shape[1], problem.n_states), np.nan)
        status = np.zeros(shape, dtype=np.int64)
        failed_at = np.full(shape, np.nan)
        nfev = np.zeros(shape, dtype=np.int64)
        for m, e in np.ndindex(shape):
            rhs = RightHandSide.of(problem, parameters[m], m, int(chosen[e]), self._solver)
            z[m, e][grid[e] == problem.times[chosen[e], 0]] = problem.initial[chosen[e]]
            for leg in legs(rhs, grid[e], self._solver):
                z[m, e][grid[e] == leg.stop] = leg.y * rhs.scaling.state_scale
                status[m, e], failed_at[m, e] = int(leg.status), leg.failed_at
            nfev[m, e] = rhs.nfev
        return Trajectory(grid, z, status, failed_at, nfev, self.notes)

    def _field(self, theta: FloatArray, index: int, z: FloatArray, p: FloatArray) -> FloatArray:
        states = z[index] if np.ndim(z) == 3 else z
        controls = p[index] if np.ndim(p) == 3 else p
        scaling = member(self._problem.scaling, index)
        return self._problem.model.field(theta, states, controls, scaling)

    def _evaluate(
        self,
        theta: FloatArray,
        members: IntArray,
        experiments: IntArray,
        *,
        refresh: bool,
        gradient: bool,
    ) -> tuple[LossParts, FloatArray]:
        problem = self._problem
        data, pir = np.zeros(len(members)), np.zeros(len(members))
        slope = np.zeros_like(theta)
        status = np.zeros((len(members), problem.n_experiments), dtype=np.int64)
        nfev = 0
        for row, m in enumerate(members):
            for e in experiments:
                cell = Cell(problem, int(m), int(e))
                if not cell.counts:
                    continue
                rhs = RightHandSide.of(problem, theta[row], int(m), int(e), self._solver)
                outcome, y, slopes = trajectory(rhs, cell, self._solver, gradient)
                status[row, e] = int(outcome)
                nfev += rhs.nfev
                if outcome is not Status.SUCCESS:
                    continue
                terms = cell.loss(y)
                data[row] += terms[0]
                pir[row] += terms[1]
                if gradient:
                    slope[row] += np.einsum("ts,tsk->k", cell.slope(y), slopes)
        return LossParts(data + pir, data, pir, status, nfev), slope


class Cell:
    """The loss of one experiment of one member."""

    def __init__(self, problem: Problem, index: int, experiment: int) -> None:
        self._objective = problem.objective
        self._weights = problem.weights[index, experiment][None, None]
        self._pir_weights = problem.pir_weights[index, experiment][None, None]
        self._pir = problem.pir[index : index + 1]
        self._observed = problem.observed[experiment][None]
        self._loss_scale = problem.loss_scale[index][None]
        self._state_scale = member(problem.scaling, index).state_scale[None]
        needed = (self._weights > 0).any(axis=(0, 1, 3))
        if self._pir[0] > 0:
            needed |= self._pir_weights[0, 0] > 0
        self.times = problem.times[experiment]
        self.until = float(self.times[needed].max()) if needed.any() else None
        self.counts = self.until is not None

    def loss(self, y: FloatArray) -> tuple[float, float]:
        """Return data term and penalty of scaled states ``(times, states)``."""
        z = self._measured(y)
        objective = self._objective
        data = data_term(
            z,
            self._observed,
            self._weights,
            self._loss_scale,
            kind=objective.kind,
            huber_delta=objective.huber_delta,
        )
        pir = pir_term(z, self._pir_weights, self._state_scale, self._pir)
        return float(data[0]), float(pir[0])

    def slope(self, y: FloatArray) -> FloatArray:
        """Return the derivative ``(times, states)`` of the loss with respect to ``y``."""
        z = self._measured(y)
        objective = self._objective
        total = data_slope(
            z,
            self._observed,
            self._weights,
            self._loss_scale,
            kind=objective.kind,
            huber_delta=objective.huber_delta,
        )
        if not objective.detached_pir:
            total = total + pir_slope(z, self._pir_weights, self._state_scale, self._pir)
        return np.asarray(total[0, 0] * self._state_scale[0])

    def _measured(self, y: FloatArray) -> FloatArray:
        return np.asarray((y * self._state_scale[0])[None, None])


def trajectory(
    rhs: RightHandSide, cell: Cell, solver: SolverSpec, gradient: bool
) -> tuple[Status, FloatArray, FloatArray]:
    """Return status, scaled states ``(times, states)`` and sensitivities ``(.., .., size)``.

    Times that do not count are zero.
    """
    times = cell.times
    n_states = rhs.problem.n_states
    y = np.zeros((len(times), n_states))
    y[times == times[0]] = rhs.problem.initial[rhs.experiment] / rhs.scaling.state_scale
    slopes = np.zeros((len(times), n_states, len(rhs.theta) if gradient else 0))
    found = list(legs(rhs, times[times <= cell.until], solver))
    if found and found[-1].status is not Status.SUCCESS:
        return found[-1].status, y, slopes
    for leg in found:
        y[times == leg.stop] = leg.y
    if gradient and found:
        for leg, slope in zip(found, sensitivities(rhs, found), strict=True):
            slopes[times == leg.stop] = slope
    return Status.SUCCESS, y, slopes
