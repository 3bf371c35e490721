"""torchdiffeq as the reference path: ``solver="torchdiffeq:dopri8"`` and its other methods.

Clarity goes before speed. Experiments with equal knots and output times are integrated as one
batch whose step is controlled by its worst row; where a batch fails it is halved until the
failing row stands alone. ``torchdiffeq:dopri5`` differentiates through the steps taken;
``torchdiffeq:adjoint-dopri5`` integrates the adjoint equations backwards (Chen et al. 2018), which
needs less memory and agrees to the tolerance only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from pyscimlode.backends.arguments import (
    check_problem,
    indices,
    member_values,
    output_times,
)
from pyscimlode.backends.base import FloatArray, IntArray, LossParts, Trajectory
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.common import (
    TorchSession,
    to_numpy,
    tolerances_for,
)
from pyscimlode.backends.torch.fields import build_field
from pyscimlode.backends.torch.inputs import ControlInputs
from pyscimlode.backends.torch.losses import loss_terms
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.backends.torch.torchdiffeq_batches import (
    Batch,
    attempt,
    make_batches,
)
from pyscimlode.backends.torch.torchdiffeq_legs import (
    TORCHDIFFEQ_SOLVERS,
    Method,
    RightHandSide,
    SolveFailure,
    integrate,
)
from pyscimlode.problem import Problem

__all__ = ["TORCHDIFFEQ_SOLVERS", "TorchdiffeqSession"]


class TorchdiffeqSession(TorchSession):
    """A problem opened with torchdiffeq; see :class:`pyscimlode.backends.base.Session`.

    Args:
        problem: the problem.
        solver: method and options; ``max_steps`` counts attempted steps of a whole trajectory.
        device: where to compute.
        dtype: ``torch.float64`` or ``torch.float32``.

    Raises:
        SolverError: torchdiffeq has no such method, or a fixed-step method has no step.
        TimeError: times or knots are not finite, or decrease.
        ValueRangeError: initial states or control values are not finite.
    """

    def __init__(
        self,
        problem: Problem,
        solver: SolverSpec,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        check_problem(problem)
        super().__init__(problem, device, dtype)
        lifted, self.notes = tolerances_for(solver, dtype)
        self._method = Method.of(lifted)

    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        """Integrate from the initial states to the output times; see the protocol.

        A failed experiment keeps the outputs that it reached and is NaN after them.

        Raises:
            TimeError: a time is not finite or lies before an experiment's start.
        """
        parameters = self._theta(theta)
        members = np.arange(self._problem.n_members)
        chosen = indices(experiments, self._problem.n_experiments, "experiments")
        grid = output_times(self._problem, chosen, times)
        shape = (len(members), len(chosen))
        z = np.full((*shape, grid.shape[1], self._problem.n_states), np.nan)
        status = np.full(shape, int(Status.SUCCESS), dtype=np.int64)
        failed_at = np.full(shape, np.nan)
        nfev = np.zeros(shape, dtype=np.int64)
        scale = member_values(self._problem, self._problem.scaling.state_scale, members)

        def work(batch: Batch) -> None:
            y, evaluations = self._integrate(parameters[batch.member_rows], batch)
            cells = np.ix_(batch.member_rows, batch.experiment_rows, batch.columns)
            z[cells] = to_numpy(y) * scale[batch.members][:, None, None, :]
            nfev[cells[0][..., 0], cells[1][..., 0]] = evaluations

        def fail(batch: Batch, failure: SolveFailure) -> None:
            cell = (batch.member_rows[0], batch.experiment_rows[0])
            status[cell], failed_at[cell] = int(failure.status), failure.time
            work(batch.until(failure.time))

        needed = np.ones((*shape, grid.shape[1]), dtype=np.bool_)
        with torch.no_grad():
            for batch in make_batches(self._problem, members, chosen, grid, needed):
                attempt(batch, work, fail)
        return Trajectory(grid, z, status, failed_at, nfev, self.notes)

    def _evaluate(
        self,
        theta: FloatArray,
        members: IntArray,
        experiments: IntArray,
        *,
        refresh: bool,
        gradient: bool,
    ) -> tuple[LossParts, FloatArray]:
        """Return loss and gradient; every call adapts its steps, so ``refresh`` changes nothing."""
        problem = self._problem
        parameters = self._tensor(theta)
        data, pir = np.zeros(len(members)), np.zeros(len(members))
        slope = np.zeros(parameters.shape)
        status = np.full((len(members), problem.n_experiments), int(Status.SUCCESS), np.int64)
        evaluations = [0]

        def work(batch: Batch) -> None:
            leaf = parameters[batch.member_rows].requires_grad_(gradient)
            y, nfev = self._integrate(leaf, batch)
            terms = self._batch_loss(batch, y)
            total = terms[0] + terms[1]
            if gradient and total.requires_grad:
                slope[batch.member_rows] += to_numpy(torch.autograd.grad(total.sum(), leaf)[0])
            data[batch.member_rows] += to_numpy(terms[0])
            pir[batch.member_rows] += to_numpy(terms[1])
            evaluations[0] += nfev * len(batch.members) * len(batch.experiments)

        def fail(batch: Batch, failure: SolveFailure) -> None:
            status[batch.member_rows[0], batch.experiments[0]] = int(failure.status)

        cells = np.ix_(members, experiments)
        factor = problem.pir[members][:, None, None]
        penalised = factor * problem.pir_weights[cells] > 0
        needed = np.asarray((problem.weights[cells] > 0).any(axis=-1) | penalised)
        with torch.set_grad_enabled(gradient):
            for batch in make_batches(
                problem, members, experiments, problem.times[experiments], needed
            ):
                attempt(batch, work, fail)
        return LossParts(data + pir, data, pir, status, evaluations[0]), slope

    def _batch_loss(self, batch: Batch, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return data term and penalty of the batch, ``(members,)`` each."""
        scaling = scaling_tensors(
            self._problem, batch.members.tolist(), device=self._device, dtype=self._dtype
        )
        shape = y.shape[:2]
        terms = loss_terms(
            self._problem,
            scaling,
            batch.members,
            np.broadcast_to(batch.experiments, shape),
            np.broadcast_to(batch.columns, (*shape, len(batch.columns))),
        )
        return terms.parts(y, torch.ones(shape, dtype=torch.bool, device=self._device))

    def _integrate(self, theta: Tensor, batch: Batch) -> tuple[Tensor, int]:
        """Return scaled states ``(members, experiments, times, states)`` and evaluations."""
        problem = self._problem
        scaling = scaling_tensors(
            problem, batch.members.tolist(), device=self._device, dtype=self._dtype
        )
        rows = np.broadcast_to(batch.experiments, (len(batch.members), len(batch.experiments)))
        field = build_field(scaling)
        inputs = ControlInputs.for_rows(problem, scaling, rows)
        rhs = RightHandSide(field, field.unpack(theta), inputs, scaling.time_scale)
        initial = self._tensor(problem.initial)[batch.experiments] / scaling.state_scale[:, None, :]
        return integrate(rhs, theta, initial, self._method, batch.stops, batch.times)
