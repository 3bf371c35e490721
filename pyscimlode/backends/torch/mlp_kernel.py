"""The kernel of multi-layer perceptron fields, with the derivatives written out."""

from __future__ import annotations

from typing import Any

from pyscimlode.backends.torch.activations import ACTIVATIONS
from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.kernels import Rows
from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.network import MLP
from pyscimlode.models.neural_ode import LOG_OFFSET
from pyscimlode.models.parameters import Parameter, ParameterLayout

FEW_ROWS = 32
"""With fewer rows a member, one long product over slots and rows beats one product a slot."""


class MLPTape:
    """Layer inputs and cotangents of some stages; see :class:`kernels.Tape`.

    ``layers[l]`` is the input of layer ``l`` with a last row of ones, ``cotangents[l]`` the
    cotangent of its output before the activation, both ``(slots, features, *rows)``. Until
    the backward pass ``cotangents[l]`` keeps what the derivative of the activation needs.
    """

    def __init__(self, kernel: MLPKernel, slots: int, rows: Rows) -> None:
        arrays, states, sizes = kernel.arrays, kernel.n_states, kernel.mlp.sizes
        self.used = slots
        self.layers = [arrays.empty((slots, size + 1, *rows)) for size in sizes[:-1]]
        for layer in self.layers:
            layer[:, -1] = 1.0
        self.cotangents = [arrays.empty((slots, size, *rows)) for size in sizes[1:]]
        first, heads = self.layers[0], self.cotangents[-1]
        self.state = [first[slot, :states].reshape(-1) for slot in range(slots)]
        self.states = [first[slot, :states] for slot in range(slots)]
        self.logs = [first[slot, states : 2 * states] for slot in range(slots)]
        self.inputs = first[:, kernel.n_features : kernel.n_features + kernel.n_controls]
        if kernel.production_degradation:
            field_cotangents = arrays.empty((slots, states, *rows))
            self.cotangent = list(field_cotangents)
            self.degradation = [heads[slot, states:] for slot in range(slots)]
            self.production = [heads[slot, :states] for slot in range(slots)]
            self.heads = [heads[slot].reshape((2, states, *rows)) for slot in range(slots)]
            self.degradation_rates = arrays.empty((slots, states, *rows))
        else:
            self.cotangent = list(heads)
        view = kernel.batched
        self.products_in = [[view(a[slot]) for a in self.layers] for slot in range(slots)]
        self.products_out = [[view(a[slot, :-1]) for a in self.layers[1:]] for slot in range(slots)]
        self.hidden = [[a[slot, :-1] for a in self.layers[1:]] for slot in range(slots)]
        self.back = [[view(c[slot]) for c in self.cotangents] for slot in range(slots)]
        self.factors = [[c[slot] for c in self.cotangents[:-1]] for slot in range(slots)]
        self.head_products = [view(heads[slot]) for slot in range(slots)]
        self.head_values = [heads[slot] for slot in range(slots)]
        self.scratch = [arrays.empty((size, *rows)) for size in sizes[1:-1]]
        self.scratch_products = [view(array) for array in self.scratch]
        self.features = arrays.empty((kernel.n_features, *rows))
        self.features_product = view(self.features)
        if kernel.log_features:
            self.log_slopes = arrays.empty((slots, states, *rows))


class MLPKernel:
    """Network fields ``neural_ode`` and ``production_degradation``.

    Learned slopes multiply weights and biases before anything is evaluated; what is evaluated is a
    network without them.

    Args:
        scaling: of the selected members.
        arrays: where numbers live.
    """

    def __init__(self, scaling: ScalingTensors, arrays: Arrays) -> None:
        model: Any = scaling.model
        self.arrays = arrays
        self.n_members = scaling.n_members
        self.n_states = scaling.n_states
        self.n_controls = scaling.n_controls
        self.mlp: MLP = model.network(scaling.n_states, scaling.n_controls)
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        self.log_features: bool = model.features == "log"
        self.n_features = self.n_states * (2 if self.log_features else 1)
        self.production_degradation = model.kind == "production_degradation"
        self.slot_floats = 2 * sum(self.mlp.sizes) + 3 * self.n_states
        self.activation = ACTIVATIONS[self.mlp.activation](arrays)
        self.parameters = [self._parameters(layer) for layer in range(len(self.mlp.widths) + 1)]
        self.theta: Array = None
        self.weights: list[Array] = []
        self.transposed: list[Array] = []
        self.matmul = arrays.dot if self.n_members == 1 else arrays.xp.matmul

    def batched(self, array: Array) -> Array:
        """Return ``(features, members, rows)`` as a batch of matrices; one member needs none."""
        return array if self.n_members == 1 else self.arrays.swap(array, (1, 0, 2))

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        self.theta = theta
        self.weights, self.transposed = [], []
        for weight, bias, slope in self.parameters:
            matrix, full = self._matrices(weight, bias)
            if slope is not None:
                steepness = theta[:, slope.slice][:, :, None]
                matrix, full = matrix * steepness, full * steepness
            if self.n_members == 1:
                self.weights.append(full[0])
                self.transposed.append(matrix[0].T)
            else:
                self.weights.append(full)
                self.transposed.append(self.arrays.swap(matrix, (0, 2, 1)))
        self.transposed[0] = self.transposed[0][..., : self.n_features, :]

    def _parameters(self, layer: int) -> tuple[Parameter, Parameter, Parameter | None]:
        """Return weight, bias and, where it is learned, slope of a layer."""
        name = f"{self.mlp.name}.{layer}"
        learned = self.mlp.learns_slopes and layer < len(self.mlp.widths)
        slope = self.layout[f"{name}.slope"] if learned else None
        return self.layout[f"{name}.weight"], self.layout[f"{name}.bias"], slope

    def _matrices(self, weight: Parameter, bias: Parameter) -> tuple[Array, Array]:
        """Return the weight ``(members, out, in)``, and with the bias as its last column."""
        matrix = self.theta[:, weight.slice].reshape((-1, *weight.shape))
        column = self.theta[:, bias.slice][:, :, None]
        return matrix, self.arrays.xp.concatenate([matrix, column], axis=2)

    def tape(self, slots: int, rows: Rows) -> MLPTape:
        """Return memory for so many stages."""
        return MLPTape(self, slots, rows)

    def forward(self, tape: MLPTape, slot: int, out: Array) -> None:
        """Write ``time_scale * dy/dt`` at the slot's states into ``out: (states, *rows)``."""
        xp, matmul, weights = self.arrays.xp, self.matmul, self.weights
        if self.log_features:
            logs = self.arrays.positive_part(tape.states[slot], out=tape.logs[slot])
            logs += LOG_OFFSET
            xp.log(logs, out=logs)
        inputs, outputs = tape.products_in[slot], tape.products_out[slot]
        hidden, saved = tape.hidden[slot], tape.factors[slot]
        for layer, product in enumerate(outputs):
            matmul(weights[layer], inputs[layer], out=product)
            self.activation.apply(hidden[layer], saved[layer])
        if self.production_degradation:
            matmul(weights[-1], inputs[-1], out=tape.head_products[slot])
            self.arrays.softplus(tape.head_values[slot], out=tape.head_values[slot])
            xp.multiply(tape.degradation[slot], tape.states[slot], out=out)
            xp.subtract(tape.production[slot], out, out=out)
        else:
            matmul(weights[-1], inputs[-1], out=self.batched(out))

    def linearise(self, tape: MLPTape) -> None:
        """Turn saved values into derivatives, for all used slots at once."""
        xp, used = self.arrays.xp, slice(0, tape.used)
        for layer, factor in zip(tape.layers[1:], tape.cotangents[:-1], strict=True):
            self.activation.derivative(layer[used, :-1], factor[used])
        y = tape.layers[0][used, : self.n_states]
        if self.production_degradation:
            heads = tape.cotangents[-1][used]
            degradation = heads[:, self.n_states :]
            xp.multiply(degradation, -1.0, out=tape.degradation_rates[used])
            xp.negative(heads, out=heads)
            xp.expm1(heads, out=heads)
            xp.negative(heads[:, : self.n_states], out=heads[:, : self.n_states])
            xp.multiply(degradation, y, out=degradation)
        if self.log_features:
            slopes = tape.log_slopes[used]
            logs = tape.layers[0][used, self.n_states : self.n_features]
            xp.negative(logs, out=slopes)
            xp.exp(slopes, out=slopes)
            slopes *= y > 0.0

    def backward(self, tape: MLPTape, slot: int, out: Array) -> None:
        """Write the Jacobian's transpose times the slot's cotangent into ``out``."""
        xp, matmul, transposed = self.arrays.xp, self.matmul, self.transposed
        if self.production_degradation:
            xp.multiply(tape.heads[slot], tape.cotangent[slot], out=tape.heads[slot])
        back, factors = tape.back[slot], tape.factors[slot]
        for layer in range(len(transposed) - 1, 0, -1):
            matmul(transposed[layer], back[layer], out=tape.scratch_products[layer - 1])
            factor = factors[layer - 1]
            xp.multiply(factor, tape.scratch[layer - 1], out=factor)
        if self.log_features:
            matmul(transposed[0], back[0], out=tape.features_product)
            logs = tape.features[self.n_states :]
            xp.multiply(logs, tape.log_slopes[slot], out=logs)
            xp.add(tape.features[: self.n_states], logs, out=out)
        else:
            matmul(transposed[0], back[0], out=self.batched(out))
        if self.production_degradation:
            rates = tape.degradation_rates[slot]
            xp.multiply(rates, tape.cotangent[slot], out=rates)
            xp.add(out, rates, out=out)

    def add_gradient(self, tape: MLPTape, gradient: Array) -> None:
        """Add the parameters' gradient over the used slots to ``gradient: (members, size)``."""
        for layer in range(len(self.parameters)):
            full = self._contract(
                tape.cotangents[layer][: tape.used], tape.layers[layer][: tape.used]
            )
            self.add_layer_gradient(layer, full, gradient)

    def add_layer_gradient(self, layer: int, full: Array, gradient: Array) -> None:
        """Add a layer's part to ``gradient: (members, size)``.

        Args:
            layer: number of the layer.
            full: ``(members, out, in + 1)`` cotangent of the matrix that is evaluated, whose last
                column is the bias.
            gradient: of the parameters.
        """
        weight, bias, slope = self.parameters[layer]
        if slope is not None:
            unscaled = self._matrices(weight, bias)[1]
            gradient[:, slope.slice] += (full * unscaled).sum(-1).sum(-1)[:, None]
            full = full * self.theta[:, slope.slice][:, :, None]
        gradient[:, weight.slice] += full[:, :, :-1].reshape((self.n_members, -1))
        gradient[:, bias.slice] += full[:, :, -1]

    def _contract(self, cotangents: Array, inputs: Array) -> Array:
        """Sum outer products over slots and rows; returns ``(members, out, in + 1)``."""
        swap, matmul = self.arrays.swap, self.arrays.xp.matmul
        if self.n_members == 1:
            cotangents, inputs = cotangents[:, :, None], inputs[:, :, None]
        n_out, n_in, rows = cotangents.shape[1], inputs.shape[1], cotangents.shape[-1]
        if rows < FEW_ROWS or not self.arrays.host:
            left, right = (
                self._side_by_side("left", cotangents),
                self._side_by_side("right", inputs),
            )
            return matmul(left, swap(right, (0, 2, 1)))
        shape = (self.n_members, len(inputs), n_out, n_in)
        products = self.arrays.scratch("products", shape)
        matmul(swap(cotangents, (2, 0, 1, 3)), swap(inputs, (2, 0, 3, 1)), out=products)
        return products.sum(axis=1)

    def _side_by_side(self, name: str, values: Array) -> Array:
        """Return ``(slots, features, members, rows)`` as ``(members, features, slots * rows)``."""
        slots, features, members, rows = values.shape
        joined = self.arrays.scratch(name, (members, features, slots, rows))
        joined[...] = self.arrays.swap(values, (2, 1, 0, 3))
        return joined.reshape((members, features, -1))

    def clear_non_finite(self, tape: MLPTape) -> None:
        """Replace what overflowed by zeros, so that zero cotangents stay zero."""
        for array in (*tape.layers, *tape.cotangents):
            self.arrays.clear_non_finite(array[: tape.used])
