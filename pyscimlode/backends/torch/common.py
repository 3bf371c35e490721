"""What all torch sessions share: the problem, the field on its own, checks of arguments."""

from __future__ import annotations

from abc import ABC
from dataclasses import replace

import torch
from torch import Tensor

from pyscimlode.backends.arguments import checked_theta
from pyscimlode.backends.base import FloatArray
from pyscimlode.backends.opened import OpenedProblem
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.fields import build_field
from pyscimlode.backends.torch.inputs import transform_controls
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.problem import Problem

FLOAT32_RTOL = 5e-6
"""Tighter tolerances ask float32 for more than its rounding leaves."""


def tolerances_for(solver: SolverSpec, dtype: torch.dtype) -> tuple[SolverSpec, tuple[str, ...]]:
    """Return the solver with a tolerance that the data type can keep, and a note if it changed."""
    if dtype != torch.float32 or solver.rtol >= FLOAT32_RTOL:
        return solver, ()
    note = (
        f"rtol={solver.rtol:g} is beyond float32, {FLOAT32_RTOL:g} was used; "
        "dtype='float64' takes tighter tolerances."
    )
    return replace(solver, rtol=FLOAT32_RTOL), (note,)


class TorchSession(OpenedProblem, ABC):
    """A problem opened in torch: the field and its derivative; a solver is what subclasses add.

    Args:
        problem: the problem.
        device: where to compute.
        dtype: ``torch.float64`` or ``torch.float32``.
    """

    def __init__(self, problem: Problem, device: torch.device | str, dtype: torch.dtype) -> None:
        super().__init__(problem)
        self._device = torch.device(device)
        self._dtype = dtype

    def field(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(members, rows, states)``; see the protocol."""
        with torch.no_grad():
            return to_numpy(self._field(self._theta(theta), z, p))

    def field_vjp(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, cotangent: FloatArray
    ) -> FloatArray:
        """Return the gradient ``(members, size)`` of ``sum(cotangent * field(...))``."""
        parameters = self._theta(theta).requires_grad_()
        value = (self._field(parameters, z, p) * self._tensor(cotangent)).sum()
        return to_numpy(torch.autograd.grad(value, parameters)[0])

    def _field(self, theta: Tensor, z: FloatArray, p: FloatArray) -> Tensor:
        scaling = scaling_tensors(self._problem, device=self._device, dtype=self._dtype)
        scale = scaling.state_scale[:, None, :]
        y = self._tensor(z) / scale
        controls = self._tensor(p).expand(*y.shape[:2], scaling.n_controls)
        field = build_field(scaling)
        value = field(field.unpack(theta), y, transform_controls(scaling, controls))
        return value * scale / scaling.time_scale[:, None, None]

    def _theta(self, theta: FloatArray) -> Tensor:
        return self._tensor(checked_theta(self._problem, theta))

    def _tensor(self, values: FloatArray) -> Tensor:
        return torch.tensor(values, device=self._device, dtype=self._dtype)


def to_numpy(values: Tensor) -> FloatArray:
    """Return a float64 copy on the host."""
    return values.detach().cpu().to(torch.float64).numpy().copy()
