"""A function f(t, y) in the place of a model's field: time is its only input."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.autograd_kernel import AutogradKernel
from pyscimlode.backends.torch.fields import Params
from pyscimlode.backends.torch.implicit.jacobians import FieldLinearisation


@dataclass(frozen=True, eq=False)
class FunctionField:
    """A function as a :class:`fields.TorchField` of one member.

    Attributes:
        func: ``(t, y, *params) -> dy/dt``.
        shapes: of the parameters.
        jacobian: ``(t, y, *params) -> (rows, D, D)`` or None.
    """

    func: Callable[..., Tensor]
    shapes: tuple[torch.Size, ...]
    jacobian: Callable[..., Tensor] | None = None

    def unpack(self, theta: Tensor) -> Params:
        """Return the parameters in their shapes."""
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = theta[0].split(sizes) if sizes else ()
        return tuple(p.reshape(shape) for p, shape in zip(parts, self.shapes, strict=True))

    def __call__(self, params: Params, y: Tensor, u: Tensor) -> Tensor:
        """Return dy/dt ``(1, rows, D)``."""
        return self.func(u[0, :, 0], y[0], *params)[None]

    def parts(self, arrays: Arrays, states: int) -> tuple[AutogradKernel, FieldLinearisation]:
        """Return the kernel of the function and its linearisation."""
        scaling = cast(Any, _Sizes(1, states, 1))
        kernel = AutogradKernel(scaling, arrays, self)
        if self.jacobian is None:
            return kernel, FieldLinearisation(self, arrays, 1)
        return kernel, GivenJacobian(self, arrays, 1)


@dataclass(frozen=True)
class _Sizes:
    n_members: int
    n_states: int
    n_controls: int


class GivenJacobian(FieldLinearisation):
    """A function with its own Jacobian; df/dt and second derivatives are automatic."""

    field: FunctionField

    def jacobian(self, tape: Any, slot: int, drift: Array | None) -> tuple[Array, Array | None]:
        """Return df/dy and df/dt of a slot; see :class:`Linearisation`."""
        given = cast(Callable[..., Tensor], self.field.jacobian)
        u, params = tape.inputs[slot], self.field.unpack(self.theta)
        y = self.arrays.tensor(tape.state[slot].reshape((-1, u.shape[-1]))).t()
        t = self.arrays.tensor(u)[0]
        with torch.no_grad():
            by_state = given(t, y, *params).permute(1, 2, 0)
        by_time = None if drift is None else super().jacobian(tape, slot, drift)[1]
        return self.arrays.from_tensor(by_state), by_time


class RowTimes:
    """Time as the input of every stage, where :class:`StageInputs` has p(t).

    Args:
        arrays: where numbers live.
        count: number of rows.
    """

    continuous = True
    n_controls = 1

    def __init__(self, arrays: Arrays, count: int) -> None:
        self.arrays = arrays
        self._never = arrays.reals(np.full(count, np.inf))
        self._ones = arrays.array(np.ones((1, 1, count)))

    def pieces(self, t: Array) -> Array:
        """Return one piece for all times."""
        return t != t

    def next_knot(self, piece: Array) -> Array:
        """Return that no knot follows."""
        return self._never

    def gather(self, piece: Array) -> None:
        """Return nothing: a piece has no values."""

    def write(self, out: Array, t: Array, h: Array, pieces: None, nodes: Array) -> None:
        """Write the times of all stages to ``out: (steps * stages, 1, rows)``."""
        times = t[:, None] + nodes * h[:, None]
        out[...] = times.reshape((-1, 1, times.shape[-1]))

    def slopes(self, t: Array, pieces: None) -> Array:
        """Return the derivative of time ``(steps, 1, rows)``."""
        return self._ones + self.arrays.array(np.zeros((len(t), 1, 1)))
