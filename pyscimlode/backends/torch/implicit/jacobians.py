"""Jacobians of a field along a batch, and what the adjoint needs of their own derivatives.

Fields with a :class:`kernels.Kernel` of their own evaluate fast; these classes add the derivative
by states and by time that implicit methods need, for every row at once.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any, Protocol

import torch
from torch import Tensor

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.fields import TorchField, build_field
from pyscimlode.backends.torch.implicit.mlp_linearisation import (
    SECOND_DERIVATIVES,
    MLPLinearisation,
)
from pyscimlode.backends.torch.kernels import Kernel
from pyscimlode.backends.torch.kinetic_kernel import KineticKernel, KineticLinearisation
from pyscimlode.backends.torch.mlp_kernel import MLPKernel
from pyscimlode.backends.torch.tensors import ScalingTensors


class Linearisation(Protocol):
    """Derivatives of a field, with parameters bound.

    ``drift`` is du/dt ``(controls, *rows)`` in the unit of the field's own time; None where the
    inputs do not change within a step.
    """

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        ...

    def jacobian(self, tape: Any, slot: int, drift: Array | None) -> tuple[Array, Array | None]:
        """Return df/dy ``(states, states, *rows)`` and df/dt ``(states, *rows)`` of a slot.

        The slot was evaluated, and its tape not yet linearised.
        """
        ...

    def curvature(
        self,
        y: Array,
        u: Array,
        drift: Array | None,
        directions: tuple[Array, Array],
        cotangents: Array,
        gradient: Array,
    ) -> Array:
        """Return the derivative by y of ``sum_i v_i . (df/dy U_i + q_i df/dt)``.

        It is ``(states, *rows)``; the derivative by the parameters is added to ``gradient``.

        Args:
            y: ``(states, *rows)``.
            u: ``(controls, *rows)``.
            drift: see the class.
            directions: U ``(stages, states, *rows)`` and q ``(stages, 1, *rows)``.
            cotangents: v ``(stages, states, *rows)``.
            gradient: ``(members, size)``.
        """
        ...


@cache
def prepare_forward_mode() -> None:
    """Load forward mode, whose first use warns of functions that torch itself deprecates."""
    one = torch.ones(())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (one,), (one,))


class FieldLinearisation:
    """Derivatives of any differentiable torch field, by automatic differentiation.

    Jacobians by reverse mode, which costs less dispatch than forward mode; the derivatives of
    their products by reverse over forward mode (``torch.func.jvp``).

    Args:
        field: the field.
        arrays: where numbers live.
        n_members: of the batch.
    """

    def __init__(self, field: TorchField, arrays: Arrays, n_members: int) -> None:
        prepare_forward_mode()
        self.field, self.arrays, self.n_members = field, arrays, n_members
        self.theta: Tensor = torch.zeros(0)

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        self.theta = self.arrays.tensor(theta)

    def _tiled(self, values: Array, lead: int) -> Tensor:
        """Return ``(copies, features, *rows)`` as ``(members, copies, rows, features)``."""
        tensor = self.arrays.tensor(values)
        tensor = tensor.reshape(lead, tensor.shape[1], self.n_members, tensor.shape[-1])
        return tensor.permute(2, 0, 3, 1)

    def _flat(self, tensor: Tensor) -> Tensor:
        return tensor.flatten(1, 2).contiguous()

    def jacobian(self, tape: Any, slot: int, drift: Array | None) -> tuple[Array, Array | None]:
        """Return df/dy and df/dt of a slot; see the protocol."""
        u = tape.inputs[slot]
        rows = u.shape[1:]
        y = self._tiled(tape.state[slot].reshape((1, -1, *rows)), 1)
        by_state, by_input = self._pull(y, self._tiled(u[None], 1))
        states = y.shape[-1]
        values = self.arrays.from_tensor(
            by_state.permute(1, 3, 0, 2).reshape(states, states, *rows)
        )
        if drift is None:
            return values, None
        by_time = (by_input * self._tiled(drift[None], 1)).sum(-1)
        return values, self.arrays.from_tensor(by_time.permute(1, 0, 2).reshape(states, *rows))

    def _pull(self, y: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
        """Return the derivatives of every output ``(members, outputs, rows, inputs)``.

        Rows are independent, so the gradient of output d over the d-th copy of all rows, summed
        over d, is the whole Jacobian: one evaluation and one pass back.

        Args:
            y: states ``(members, 1, rows, states)``.
            u: inputs ``(members, 1, rows, controls)``.
        """
        members, _, count, states = y.shape
        params = self.field.unpack(self.theta.detach())
        with torch.enable_grad():
            leaves = [
                x.detach().expand(-1, states, -1, -1).flatten(1, 2).contiguous().requires_grad_()
                for x in (y, u)
            ]
            out = self.field(params, *leaves).reshape(members, states, count, states)
            total = out.diagonal(dim1=1, dim2=3).sum()
            if not total.requires_grad:
                found = [torch.zeros_like(leaf) for leaf in leaves]
            else:
                found = list(
                    torch.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)
                )
        by_state, by_input = (x.reshape(members, states, count, -1) for x in found)
        return by_state, by_input

    def _push(self, theta: Tensor, y: Tensor, u: Tensor, y_rate: Tensor, u_rate: Tensor) -> Tensor:
        params = self.field.unpack(theta)

        def call(state: Tensor, inputs: Tensor) -> Tensor:
            return self.field(params, state, inputs)

        flat = self._flat
        primals, tangents = (flat(y), flat(u)), (flat(y_rate), flat(u_rate))
        return torch.func.jvp(call, primals, tangents)[1]

    def curvature(
        self,
        y: Array,
        u: Array,
        drift: Array | None,
        directions: tuple[Array, Array],
        cotangents: Array,
        gradient: Array,
    ) -> Array:
        """Return the derivative of the Jacobian's products; see the protocol."""
        stages, states, *rows = cotangents.shape
        with torch.enable_grad():
            theta = self.theta.detach().requires_grad_()
            leaf = self._tiled(y[None], 1).detach().requires_grad_()
            inputs = self._tiled(u[None], 1).expand(-1, stages, -1, -1)
            y_rate = self._tiled(directions[0], stages)
            u_rate = torch.zeros_like(inputs)
            if drift is not None:
                u_rate = self._tiled(directions[1] * drift[None], stages)
            pushed = self._push(theta, leaf.expand(-1, stages, -1, -1), inputs, y_rate, u_rate)
            total = (pushed * self._flat(self._tiled(cotangents, stages))).sum()
            if not total.requires_grad:
                return self.arrays.empty((states, *rows)) * 0.0
            by_theta, by_state = torch.autograd.grad(
                total, (theta, leaf), allow_unused=True, materialize_grads=True
            )
        gradient += self.arrays.from_tensor(by_theta)
        back = by_state[:, 0].permute(2, 0, 1).reshape(states, *rows)
        return self.arrays.from_tensor(back)


def build_linearisation(scaling: ScalingTensors, kernel: Kernel, arrays: Arrays) -> Linearisation:
    """Return the derivatives of a model's field: written out where they are, else automatic."""
    if isinstance(kernel, MLPKernel) and kernel.mlp.activation in SECOND_DERIVATIVES:
        return MLPLinearisation(kernel)
    if isinstance(kernel, KineticKernel):
        return KineticLinearisation(kernel)
    return FieldLinearisation(build_field(scaling), arrays, scaling.n_members)
