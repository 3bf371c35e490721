"""A kernel for any differentiable torch field, by ``torch.func.vjp``."""

from __future__ import annotations

import torch
from torch import Tensor

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.fields import TorchField, build_field
from pyscimlode.backends.torch.kernels import Rows
from pyscimlode.backends.torch.tensors import ScalingTensors


class AutogradTape:
    """States, inputs and cotangents of some stages; see :class:`kernels.Tape`."""

    def __init__(self, kernel: AutogradKernel, slots: int, rows: Rows) -> None:
        arrays = kernel.arrays
        self.used = slots
        self.states = arrays.empty((slots, kernel.n_states, *rows))
        self.inputs = arrays.empty((slots, kernel.n_controls, *rows))
        self.cotangents = arrays.empty((slots, kernel.n_states, *rows))
        self.state = [array.reshape(-1) for array in self.states]
        self.cotangent = list(self.cotangents)
        self.gradient: Array = 0.0


class AutogradKernel:
    """The generic kernel: one ``torch.func.vjp`` a stage.

    Args:
        scaling: of the selected members.
        arrays: where numbers live.
        field: the field; the registered one of the model by default.
    """

    def __init__(
        self, scaling: ScalingTensors, arrays: Arrays, field: TorchField | None = None
    ) -> None:
        self.arrays = arrays
        self.n_members = scaling.n_members
        self.n_states = scaling.n_states
        self.n_controls = scaling.n_controls
        self.slot_floats = 2 * self.n_states + self.n_controls
        self.field = build_field(scaling) if field is None else field
        self.theta: Tensor = torch.zeros(0)

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        self.theta = self.arrays.tensor(theta)

    def tape(self, slots: int, rows: Rows) -> AutogradTape:
        """Return memory for so many stages."""
        return AutogradTape(self, slots, rows)

    def _rows_first(self, array: Array) -> Tensor:
        """Return ``(features, *rows)`` as a tensor ``(members, rows, features)``."""
        tensor = self.arrays.tensor(array)
        return (tensor[:, None] if self.n_members == 1 else tensor).permute(1, 2, 0)

    def _features_first(self, tensor: Tensor) -> Array:
        moved = tensor.permute(2, 0, 1)
        return self.arrays.from_tensor(moved[:, 0] if self.n_members == 1 else moved)

    def forward(self, tape: AutogradTape, slot: int, out: Array) -> None:
        """Write ``time_scale * dy/dt`` at the slot's states into ``out: (states, *rows)``."""
        y, u = self._rows_first(tape.states[slot]), self._rows_first(tape.inputs[slot])
        with torch.no_grad():
            out[...] = self._features_first(self.field(self.field.unpack(self.theta), y, u))

    def linearise(self, tape: AutogradTape) -> None:
        """Start a new gradient."""
        tape.gradient = 0.0

    def backward(self, tape: AutogradTape, slot: int, out: Array) -> None:
        """Write the Jacobian's transpose times the slot's cotangent into ``out``."""
        u = self._rows_first(tape.inputs[slot])

        def call(theta: Tensor, y: Tensor) -> Tensor:
            return self.field(self.field.unpack(theta), y, u)

        y = self._rows_first(tape.states[slot])
        pull = torch.func.vjp(call, self.theta, y)[1]
        theta_cotangent, state_cotangent = pull(self._rows_first(tape.cotangent[slot]))
        tape.gradient = tape.gradient + self.arrays.from_tensor(theta_cotangent)
        out[...] = self._features_first(state_cotangent)

    def add_gradient(self, tape: AutogradTape, gradient: Array) -> None:
        """Add the parameters' gradient over the used slots to ``gradient: (members, size)``."""
        gradient += tape.gradient

    def clear_non_finite(self, tape: AutogradTape) -> None:
        """Replace states that overflowed by zeros, so that zero cotangents stay zero."""
        self.arrays.clear_non_finite(tape.states[: tape.used])
