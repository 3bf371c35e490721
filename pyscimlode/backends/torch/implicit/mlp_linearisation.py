"""The Jacobian of network fields as a product of matrices, and the derivative of its products."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.kernels import Rows
from pyscimlode.backends.torch.mlp_kernel import MLPKernel, MLPTape
from pyscimlode.models.neural_ode import LOG_OFFSET


def _tanh(arrays: Arrays, value: Array, saved: Array) -> Array:
    return -2.0 * value * (1.0 - value * value)


def _softplus(arrays: Arrays, value: Array, saved: Array) -> Array:
    complement = arrays.xp.exp(-value)
    return complement * (1.0 - complement)


def _silu(arrays: Arrays, value: Array, saved: Array) -> Array:
    s = arrays.sigmoid(saved)
    return s * (1.0 - s) * (2.0 + saved * (1.0 - 2.0 * s))


def _gelu(arrays: Arrays, value: Array, saved: Array) -> Array:
    density = arrays.xp.exp(-0.5 * saved * saved) * (1.0 / math.sqrt(2.0 * math.pi))
    return density * (2.0 - saved * saved)


def _elu(arrays: Arrays, value: Array, saved: Array) -> Array:
    return (1.0 + value) * (value < 0.0)


def _softsign(arrays: Arrays, value: Array, saved: Array) -> Array:
    slope = 1.0 - abs(value)
    return -2.0 * arrays.xp.sign(value) * slope * slope * slope


SECOND_DERIVATIVES: dict[str, Callable[[Arrays, Array, Array], Array]] = {
    "tanh": _tanh,
    "adaptive-tanh": _tanh,
    "softplus": _softplus,
    "silu": _silu,
    "gelu": _gelu,
    "elu": _elu,
    "softsign": _softsign,
}
"""Second derivatives of the activations, from their values and what they save."""


@dataclass(frozen=True, eq=False)
class _Slopes:
    """Derivatives of one slot's evaluation.

    Attributes:
        hidden: first derivatives of the hidden layers' activations, ``(features, *rows)``.
        logs: derivative of the log features ``(states, *rows)``, zero below zero; None without.
        heads: derivative of the production and degradation heads; None without.
    """

    hidden: list[Array]
    logs: Array | None
    heads: Array | None


class MLPLinearisation:
    """Derivatives of ``neural_ode`` and ``production_degradation`` fields.

    Several directions lie before the last axis of the rows: ``(features, *members, directions,
    rows)``, so that each layer is one product for all of them.

    Args:
        kernel: the field; its parameters are used.
    """

    def __init__(self, kernel: MLPKernel) -> None:
        self.kernel, self.arrays = kernel, kernel.arrays
        self.second = SECOND_DERIVATIVES[kernel.mlp.activation]
        self.tape: MLPTape | None = None

    def bind(self, theta: Array) -> None:
        """Do nothing: the kernel has the parameters."""

    def _product(self, matrix: Array, values: Array) -> Array:
        """Return ``matrix @ values`` for ``values: (features, *members, directions, rows)``."""
        lead, tail = values.shape[1:-2], values.shape[-2:]
        flat = values.reshape((values.shape[0], *lead, tail[0] * tail[1]))
        if self.kernel.n_members == 1:
            found = matrix @ flat
        else:
            swap = self.arrays.swap
            found = swap(matrix @ swap(flat, (1, 0, 2)), (1, 0, 2))
        return found.reshape((found.shape[0], *lead, *tail))

    def _slopes(self, tape: MLPTape, slot: int) -> _Slopes:
        kernel, xp = self.kernel, self.arrays.xp
        hidden = []
        for layer, saved in zip(tape.layers[1:], tape.cotangents[:-1], strict=True):
            slope = saved[slot] * 1.0
            kernel.activation.derivative(layer[slot, :-1], slope)
            hidden.append(slope)
        logs = heads = None
        if kernel.log_features:
            y = tape.states[slot]
            logs = (y > 0.0) / (self.arrays.at_least(y, 0.0) + LOG_OFFSET)
        if kernel.production_degradation:
            heads = -xp.expm1(-tape.head_values[slot])
        return _Slopes(hidden, logs, heads)

    def _columns(self, matrix: Array, begin: int, end: int) -> Array:
        """Return columns of a weight as ``(out, *members, columns, 1)``."""
        if self.kernel.n_members == 1:
            return matrix[:, begin:end, None]
        return self.arrays.swap(matrix[:, :, begin:end], (1, 0, 2))[..., None]

    def _by_column(self, values: Array) -> Array:
        """Return ``(columns, *rows)`` as ``(1, *members, columns, rows)``."""
        moved = values if values.ndim == 2 else self.arrays.swap(values, (1, 0, 2))
        return moved[None]

    def jacobian(self, tape: Any, slot: int, drift: Array | None) -> tuple[Array, Array | None]:
        """Return df/dy and df/dt of a slot; see :class:`jacobians.Linearisation`."""
        kernel, states = self.kernel, self.kernel.n_states
        slopes, y = self._slopes(tape, slot), tape.states[slot]
        weight = kernel.weights[0]
        n_out, lead, rows = weight.shape[-2], y.shape[1:-1], y.shape[-1]
        directions = states + (drift is not None)
        x = self.arrays.empty((n_out, *lead, directions, rows))
        x[..., :states, :] = self._columns(weight, 0, states)
        if slopes.logs is not None:
            logs = self._columns(weight, states, 2 * states) * self._by_column(slopes.logs)
            x[..., :states, :] += logs
        if drift is not None:
            end = kernel.n_features + kernel.n_controls
            inputs = weight[..., kernel.n_features : end]
            x[..., states:, :] = self._product(inputs, drift[..., None, :])
        for slope, weight in zip(slopes.hidden, kernel.weights[1:], strict=True):
            x *= slope[..., None, :]
            x = self._product(weight[..., :-1], x)
        if slopes.heads is not None:
            x = x * slopes.heads[..., None, :]
            x = x[:states] - x[states:] * y[..., None, :]
            diagonal = self.arrays.index(range(states))
            degradation = tape.head_values[slot][states:]
            if lead:
                x[diagonal, :, diagonal] -= degradation
            else:
                x[diagonal, diagonal] -= degradation
        if lead:
            x = self.arrays.swap(x, (0, 2, 1, 3))
        return x[:, :states], None if drift is None else x[:, -1]

    def curvature(
        self,
        y: Array,
        u: Array,
        drift: Array | None,
        directions: tuple[Array, Array],
        cotangents: Array,
        gradient: Array,
    ) -> Array:
        """Return the derivative of the Jacobian's products; see :class:`jacobians.Linearisation`.

        The tangents go forward through the network and the cotangents of values and of tangents
        go back.
        """
        tape = self._evaluate(y, u)
        slopes = self._slopes(tape, 0)
        inside, outside = self._push(y, drift, directions, slopes)
        top = self._inside_out(cotangents)
        values: Array | None = None
        by_state = self.arrays.empty(y.shape)
        by_state[...] = 0.0
        if slopes.heads is not None:
            top, values, by_state = self._pull_heads(
                tape, slopes.heads, self._inside_out(directions[0]), outside[-1], top
            )
        for layer in range(len(slopes.hidden), -1, -1):
            self._add_gradient(tape, layer, inside[layer], top, values, gradient)
            back = self.kernel.weights[layer][..., :-1]
            back = self.arrays.swap(back, (1, 0) if back.ndim == 2 else (0, 2, 1))
            if layer == 0:
                back = back[..., : self.kernel.n_features, :]
            tangents = self._product(back, top)
            below = None if values is None else self._product(back, values[..., None, :])
            below = None if below is None else below[..., 0, :]
            if layer:
                slope, saved = slopes.hidden[layer - 1], tape.cotangents[layer - 1][0]
                bend = self.second(self.arrays, tape.layers[layer][0, :-1], saved)
                values = bend * (outside[layer - 1] * tangents).sum(-2)
                if below is not None:
                    values = values + slope * below
                top = tangents * slope[..., None, :]
        return by_state + self._pull_inputs(slopes, directions[0], tangents, below)

    def _evaluate(self, y: Array, u: Array) -> MLPTape:
        if self.tape is None or self.tape.states[0].shape != y.shape:
            self.tape = self.kernel.tape(1, self._rows(y))
            self.value = self.arrays.empty(y.shape)
        self.tape.state[0][...] = y.reshape(-1)
        self.tape.inputs[0][...] = u
        self.kernel.forward(self.tape, 0, self.value)
        return self.tape

    @staticmethod
    def _rows(y: Array) -> Rows:
        return tuple(y.shape[1:])

    def _inside_out(self, values: Array) -> Array:
        """Move the leading axis of ``(directions, features, *rows)`` before the last one."""
        axes = (1, 0, 2) if values.ndim == 3 else (1, 2, 0, 3)
        return self.arrays.swap(values, axes)

    def _push(
        self, y: Array, drift: Array | None, directions: tuple[Array, Array], slopes: _Slopes
    ) -> tuple[list[Array], list[Array]]:
        """Return tangents of every layer's input, and of its output before the activation."""
        kernel, states = self.kernel, self.kernel.n_states
        moved = self._inside_out(directions[0])
        inputs = kernel.n_features + kernel.n_controls
        first = self.arrays.empty((inputs, *moved.shape[1:]))
        first[:states] = moved
        if slopes.logs is not None:
            first[states : 2 * states] = moved * slopes.logs[..., None, :]
        if drift is None:
            first[kernel.n_features :] = 0.0
        else:
            length = self._inside_out(directions[1])
            first[kernel.n_features :] = drift[..., None, :] * length
        inside, outside = [first], []
        for layer, weight in enumerate(kernel.weights):
            outside.append(self._product(weight[..., :-1], inside[-1]))
            if layer < len(slopes.hidden):
                inside.append(outside[-1] * slopes.hidden[layer][..., None, :])
        return inside, outside

    def _pull_heads(
        self, tape: MLPTape, heads: Array, moved: Array, outside: Array, cotangents: Array
    ) -> tuple[Array, Array, Array]:
        """Pull back production - degradation * y.

        Returns cotangents of the heads' tangents, of the heads, and of y.
        """
        xp, states, y = self.arrays.xp, self.kernel.n_states, tape.states[0]
        bend = heads * (1.0 - heads)
        slope, decay = heads[:states], heads[states:]
        weighted = cotangents * outside[states:]
        summed = weighted.sum(-2)
        values = xp.concatenate(
            [
                bend[:states] * (cotangents * outside[:states]).sum(-2),
                -bend[states:] * y * summed - decay * (cotangents * moved).sum(-2),
            ]
        )
        top = xp.concatenate(
            [cotangents * slope[..., None, :], cotangents * (-y * decay)[..., None, :]]
        )
        return top, values, -decay * summed

    def _pull_inputs(
        self, slopes: _Slopes, directions: Array, tangents: Array, below: Array | None
    ) -> Array:
        """Return the cotangent of the states from those of the first layer's input."""
        states, logs = self.kernel.n_states, slopes.logs
        total = self.arrays.empty(directions.shape[1:])
        total[...] = 0.0 if below is None else below[:states]
        if logs is not None:
            moved = self._inside_out(directions)
            total -= logs * logs * (moved * tangents[states : 2 * states]).sum(-2)
            if below is not None:
                total += logs * below[states : 2 * states]
        return total

    def _add_gradient(
        self,
        tape: MLPTape,
        layer: int,
        inside: Array,
        top: Array,
        values: Array | None,
        gradient: Array,
    ) -> None:
        """Add a layer's part of the parameters' gradient."""
        full = self.arrays.scratch("full", (self.kernel.n_members, len(top), len(inside) + 1))
        full[..., :-1] = self._outer(top, inside)
        full[..., -1] = 0.0
        if values is not None:
            full += self._outer(values[..., None, :], tape.layers[layer][0][..., None, :])
        self.kernel.add_layer_gradient(layer, full, gradient)

    def _outer(self, left: Array, right: Array) -> Array:
        """Sum outer products over directions and rows; returns ``(members, left, right)``."""
        swap, members = self.arrays.swap, self.kernel.n_members
        a = left.reshape((left.shape[0], members, -1))
        b = right.reshape((right.shape[0], members, -1))
        return swap(a, (1, 0, 2)) @ swap(b, (1, 2, 0))
