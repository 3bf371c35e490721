"""Any field given as a function, solved by an implicit method."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.arrays import Array, Arrays, choose_arrays
from pyscimlode.backends.torch.blocks import MEMORY_LIMIT
from pyscimlode.backends.torch.control import Controller
from pyscimlode.backends.torch.implicit.function_field import FunctionField, RowTimes
from pyscimlode.backends.torch.outputs import DenseOutput
from pyscimlode.backends.torch.solution import Solution
from pyscimlode.errors import SolverError, TimeError, did_you_mean

Function = Callable[..., Tensor]
Jacobian = Callable[..., Tensor]


@dataclass(frozen=True, eq=False)
class SolveStats:
    """How a solve went, one value a row.

    Attributes:
        status: codes of :class:`pyscimlode.backends.status.Status`.
        failed_at: times, NaN on success.
        nfev: evaluations of the field; those inside Jacobians do not count.
        steps: accepted steps.
        rejected: attempted steps that were not accepted.
    """

    status: npt.NDArray[np.int64]
    failed_at: npt.NDArray[np.float64]
    nfev: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    rejected: npt.NDArray[np.int64]


def odeint_implicit(
    func: Function,
    y0: Tensor,
    times: npt.ArrayLike | Tensor,
    *,
    method: str = "rosenbrock",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    jacobian: Jacobian | None = None,
    max_steps: int = 100_000,
    params: Sequence[Tensor] = (),
) -> tuple[Tensor, SolveStats]:
    """Integrate dy/dt = func(t, y), rows side by side, each with its own steps.

    The values are differentiable by ``y0`` and ``params``: exactly for the computed solution, with
    the lengths of its steps held constant. A row that fails is NaN after the time of its failure.

    Args:
        func: ``(t (rows,), y (rows, D), *params) -> (rows, D)``, differentiable torch that treats
            every row on its own and any number of rows.
        y0: ``(rows, D)`` or ``(D,)`` at ``times[0]``; device and data type are taken from it.
        times: ``(times,)``, increasing.
        method: ``"rosenbrock"`` (Rodas5P) or ``"esdirk"`` (KenCarp5).
        rtol: relative tolerance.
        atol: absolute tolerance.
        jacobian: ``(t, y, *params) -> (rows, D, D)``; by reverse mode of ``func`` if None.
        max_steps: attempted steps of a row.
        params: tensors that ``func`` depends on, of the data type of ``y0``.

    Returns:
        values ``(times, rows, D)`` (``(times, D)`` for one row without a leading axis) and how the
        solve went.

    Raises:
        SolverError: an unknown method, or a tolerance out of range.
        TimeError: times that are not increasing.
    """
    from pyscimlode.backends.torch.implicit.tableaus import IMPLICIT_METHODS

    if method not in IMPLICIT_METHODS:
        raise SolverError(
            f"method={method!r} is not one of {', '.join(IMPLICIT_METHODS)}."
            + did_you_mean(method, IMPLICIT_METHODS)
        )
    grid = np.asarray(torch.as_tensor(times, dtype=torch.float64).cpu(), dtype=np.float64)
    if grid.ndim != 1 or len(grid) < 2 or not (np.diff(grid) > 0.0).all():
        raise TimeError("times are at least two, and increase.")
    solver = SolverSpec(method, rtol=rtol, atol=atol, max_steps=max_steps)
    rows = y0 if y0.ndim == 2 else y0[None]
    run = _Run(FunctionField(func, tuple(p.shape for p in params), jacobian), solver, grid)
    theta = torch.cat([p.reshape(-1) for p in params]) if params else rows.new_zeros(0)
    values = cast(Tensor, _Solve.apply(rows, theta, run))
    return (values if y0.ndim == 2 else values[:, 0]), run.stats()


class _Run:
    """One call of :func:`odeint_implicit`: what its two directions share."""

    def __init__(self, field: FunctionField, solver: SolverSpec, times: np.ndarray) -> None:
        self.field, self.solver, self.times = field, solver, times
        self.solution: Solution | None = None
        self.output: DenseOutput | None = None

    def forward(self, y0: Tensor, theta: Tensor, *, keep: bool) -> Tensor:
        """Return values ``(times, rows, D)``."""
        from pyscimlode.backends.torch.methods import Place, open_implicit

        count, states = y0.shape
        self.arrays: Arrays = choose_arrays(y0.device, y0.dtype)
        arrays = self.arrays
        place = Place(arrays, cast(Any, RowTimes(arrays, count)), np.ones(count), (count,))
        kernel, linearisation = self.field.parts(arrays, states)
        self.method = open_implicit(kernel, linearisation, self.solver, place, MEMORY_LIMIT)
        self.method.bind(arrays.from_tensor(theta[None].contiguous()))
        integrator = self.method.integrator
        controller = Controller(
            arrays, integrator.tableau, self.solver.rtol, self.solver.atol, states
        )
        start, end = np.full(count, self.times[0]), np.full(count, self.times[-1])
        initial = arrays.from_tensor(y0.t().contiguous().reshape(-1))
        with np.errstate(all="ignore"):
            self.solution = integrator.adaptive(
                initial, start, end, controller, self.solver.max_steps, keep=keep
            )
            wanted = np.broadcast_to(self.times, (count, len(self.times))).copy()
            self.output = DenseOutput(integrator, self.solution, wanted, end)
            values = arrays.tensor(self.output.values())
        failed_at = torch.as_tensor(self.solution.failed_at, device=values.device)
        passed = torch.as_tensor(wanted, device=values.device) > failed_at[:, None]
        values = torch.where(passed[:, :, None], math.nan, values)
        return values.permute(1, 0, 2).contiguous()

    def backward(self, cotangent: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """Return the gradients of the initial states and of the parameters."""
        arrays: Arrays = self.arrays
        solution, output = cast(Solution, self.solution), cast(DenseOutput, self.output)
        failed = torch.as_tensor(solution.status != 0, device=cotangent.device)
        moved = torch.where(failed[:, None, None], 0.0, cotangent.permute(1, 0, 2)).contiguous()
        gradient: Array = arrays.empty((1, size))
        gradient[...] = 0.0
        with np.errstate(all="ignore"):
            adjoint = cast(Any, self.method.adjoint)
            adjoint.gradient(solution, output, arrays.from_tensor(moved), gradient)
        return arrays.tensor(adjoint.state).t().clone(), arrays.tensor(gradient)[0]

    def stats(self) -> SolveStats:
        """Return how the solve went."""
        solution = cast(Solution, self.solution)
        attempted = (solution.grid.h > 0.0) | ~solution.grid.accepted
        return SolveStats(
            status=solution.status,
            failed_at=solution.failed_at,
            nfev=solution.nfev,
            steps=(solution.grid.h > 0.0).sum(axis=0),
            rejected=(attempted & ~solution.grid.accepted).sum(axis=0),
        )


class _Solve(torch.autograd.Function):
    """The solve as one differentiable operation."""

    @staticmethod
    def forward(ctx: Any, y0: Tensor, theta: Tensor, run: _Run) -> Tensor:
        ctx.run, ctx.size = run, theta.numel()
        keep = any(ctx.needs_input_grad[:2])
        return run.forward(y0.detach(), theta.detach(), keep=keep)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor, Tensor, None]:
        return (*ctx.run.backward(cotangents[0], ctx.size), None)
