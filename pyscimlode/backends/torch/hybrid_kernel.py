"""The kernel of hybrid models: the network's kernel, and the pathway's derivatives written out.

With flux v_j, log v_j = log a_j + sum alpha log E + tanh(net_j) + sum log(y / (K + y)), every
derivative but that of the saturation is the flux times the derivative of its logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import logit

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.kernels import Rows
from pyscimlode.backends.torch.mlp_kernel import MLPKernel, MLPTape
from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.hybrid_structure import Structure
from pyscimlode.models.learned_rates import ENZYME_CAP, ENZYME_FLOOR
from pyscimlode.models.network import MLP
from pyscimlode.models.parameters import ParameterLayout


@dataclass(frozen=True)
class _Network:
    """The network of a hybrid model, as the network kernel reads a model."""

    mlp: MLP
    features: str
    kind: str = "network"

    def network(self, n_states: int, n_controls: int) -> MLP:
        """Return the network."""
        del n_states, n_controls
        return self.mlp

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        """Return the layout of the network's own parameters."""
        del n_states, n_controls
        return ParameterLayout.of(self.mlp.shapes())


class HybridTape:
    """The network's tape beside the fluxes of every slot; see :class:`kernels.Tape`."""

    def __init__(self, kernel: HybridKernel, slots: int, rows: Rows) -> None:
        structure, empty = kernel.structure, kernel.arrays.empty
        reactions, pairs = structure.n_reactions, len(structure.saturation_state)
        self.used = slots
        self.net: MLPTape = kernel.net.tape(slots, rows)
        self.state = self.net.state
        self.inputs = (
            self.net.inputs if kernel.sees_controls else empty((slots, kernel.n_controls, *rows))
        )
        self.cotangents = empty((slots, kernel.n_states, *rows))
        self.cotangent = list(self.cotangents)
        self.heads = empty((slots, kernel.net.mlp.n_out, *rows))
        self.logs = empty((slots, len(structure.use_control), *rows))
        self.turnover = empty((slots, reactions, *rows))
        self.flux = empty((slots, reactions, *rows))
        self.flux_cotangents = empty((slots, reactions, *rows))
        self.filled = empty((slots, pairs + 1, *rows))
        self.filled[:, -1] = 1.0
        self.saturation_cotangents = empty((slots, pairs, *rows))

    @property
    def arrays(self) -> tuple[Array, ...]:
        """What a slot holds beside the network's tape."""
        return (
            self.cotangents,
            self.heads,
            self.logs,
            self.turnover,
            self.flux,
            self.flux_cotangents,
            self.filled,
            self.saturation_cotangents,
        )


class HybridKernel:
    """Models of kind ``hybrid_ode``.

    Args:
        scaling: of the selected members; its model is bound to the data set.
        arrays: where numbers live.
    """

    def __init__(self, scaling: ScalingTensors, arrays: Arrays) -> None:
        model: Any = scaling.model
        self.arrays = arrays
        self.model = model
        self.structure: Structure = model.structure
        self.n_members = scaling.n_members
        self.n_states = scaling.n_states
        self.n_controls = scaling.n_controls
        self.sees_controls: bool = model.network_sees_controls
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        network: Any = _Network(model.network(), model.features)
        seen = scaling.n_controls if self.sees_controls else 0
        self.net = MLPKernel(replace(scaling, model=network, n_controls=seen), arrays)
        self.net_slice = slice(self.layout["net.0.weight"].offset, self.layout.size)
        structure = self.structure
        self.slot_floats = (
            self.net.slot_floats
            + self.n_controls
            + self.n_states
            + 3 * structure.n_reactions
            + self.net.mlp.n_out
            + 2 * len(structure.saturation_state)
            + len(structure.use_control)
        )
        self._constants(scaling)

    def _constants(self, scaling: ScalingTensors) -> None:
        structure, arrays = self.structure, self.arrays
        scale = scaling.state_scale.detach().double().cpu().numpy()
        self.fixed = structure.fixed_amounts(scale)
        self.learned = structure.learned_amounts()
        index = arrays.index
        self.substrates = index(structure.saturation_state)
        self.owners = index(structure.saturation_reaction)
        self.factors = [index(column) for column in structure.factors.T]
        self.others = [index(column) for column in structure.others.T]
        self.free, self.lost = index(structure.free), index(structure.lost)
        self.used_controls = index(structure.use_control)
        self.use_owners = index(structure.use_reaction)
        uses = np.zeros((structure.n_reactions, len(structure.use_control)))
        uses[structure.use_reaction, np.arange(uses.shape[1])] = 1.0
        self.uses = arrays.array(uses)
        pairs = np.zeros((self.n_states, len(structure.saturation_state)))
        pairs[structure.saturation_state, np.arange(pairs.shape[1])] = 1.0
        self.scatter = arrays.array(pairs)
        chosen = structure.use_control
        self.transform = scaling.control_transform
        self.control_scale = self._column(scaling.control_scale.cpu().numpy()[:, chosen])
        self.control_shift = self._column(scaling.control_shift.cpu().numpy()[:, chosen])
        self.control_max = self._column(scaling.control_max.cpu().numpy()[:, chosen])

    def _column(self, values: Any) -> Array:
        """Return ``(members, n)`` values from the host so that they meet ``(n, *rows)``."""
        return self._broadcast(self.arrays.array(values))

    def _broadcast(self, values: Array) -> Array:
        columns = self.arrays.swap(values, (1, 0))
        return columns if self.n_members == 1 else columns[:, :, None]

    def _product(self, matrix: Array, values: Array) -> Array:
        """Return ``matrix @ values`` for ``values: (n, *rows)``, one matrix for all or each."""
        if self.n_members == 1:
            return matrix @ values
        swap = self.arrays.swap
        return swap(matrix @ swap(values, (1, 0, 2)), (1, 0, 2))

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        xp, model = self.arrays.xp, self.model
        self.net.bind(theta[:, self.net_slice])
        parts = {
            p.name: theta[:, p.slice]
            for p in self.layout.parameters
            if not p.name.startswith("net.")
        }
        self.log_rate = self._broadcast(parts["rate"] + float(np.log(model.initial_rate)))
        if "saturation" in parts:
            self.constant = self._broadcast(model.initial_saturation * xp.exp(parts["saturation"]))
        if "exponent" in parts:
            start = float(logit(model.initial_exponent))
            self.exponents = self.arrays.sigmoid(parts["exponent"] + start)
            powers = self.uses * self.exponents[:, None, :]
            self.powers = powers[0] if self.n_members == 1 else powers
        if "loss" in parts:
            self.losses = model.initial_loss * xp.exp(parts["loss"])
            self.loss_column = self._broadcast(self.losses)
        amounts = self.arrays.array(self.fixed)
        if "yield" in parts:
            self.yields = xp.exp(parts["yield"])
            amounts = amounts + xp.tensordot(self.yields, self.arrays.array(self.learned), 1)
        self.amounts = amounts[0] if self.n_members == 1 else amounts
        self.amounts_back = self.arrays.swap(
            self.amounts, (1, 0) if self.n_members == 1 else (0, 2, 1)
        )

    def tape(self, slots: int, rows: Rows) -> HybridTape:
        """Return memory for so many stages."""
        return HybridTape(self, slots, rows)

    def forward(self, tape: HybridTape, slot: int, out: Array) -> None:
        """Write ``time_scale * dy/dt`` at the slot's states into ``out: (states, *rows)``."""
        xp, structure, reactions = self.arrays.xp, self.structure, self.structure.n_reactions
        y, heads = tape.net.states[slot], tape.heads[slot]
        self.net.forward(tape.net, slot, heads)
        xp.tanh(heads[:reactions], out=heads[:reactions])
        exponent = self.log_rate + heads[:reactions]
        if len(structure.use_control):
            logs = self._log_ratios(tape.inputs[slot])
            tape.logs[slot] = logs
            exponent += self._product(self.powers, logs)
        turnover = xp.exp(exponent, out=tape.turnover[slot])
        flux = turnover
        if len(structure.saturation_state):
            substrate = self.arrays.at_least(y[self.substrates], 0.0)
            filled = tape.filled[slot]
            xp.divide(substrate, substrate + self.constant, out=filled[:-1])
            for column in self.factors:
                flux = flux * filled[column]
        tape.flux[slot] = flux
        out[...] = self._product(self.amounts, flux)
        if len(structure.lost):
            out[self.lost] -= self.loss_column * y[self.lost]
        if len(structure.free):
            exchange = self.arrays.softplus(heads[reactions:], out=heads[reactions:])
            count = len(structure.free)
            out[self.free] += exchange[:count] - exchange[count:] * y[self.free]

    def _log_ratios(self, inputs: Array) -> Array:
        """Return log(p / control_max) of every enzyme use, ``(uses, *rows)``."""
        xp, p = self.arrays.xp, inputs[self.used_controls]
        if self.transform != "none":
            p = p * self.control_scale + self.control_shift
            if self.transform == "log":
                p = xp.expm1(p)
        return xp.log(self.arrays.between(p / self.control_max, ENZYME_FLOOR, ENZYME_CAP))

    def linearise(self, tape: HybridTape) -> None:
        """Prepare the network's slots; the pathway's saved values are used as they are."""
        tape.net.used = tape.used
        self.net.linearise(tape.net)

    def backward(self, tape: HybridTape, slot: int, out: Array) -> None:
        """Write the Jacobian's transpose times the slot's cotangent into ``out``."""
        xp, structure, reactions = self.arrays.xp, self.structure, self.structure.n_reactions
        y, cotangent, heads = tape.net.states[slot], tape.cotangent[slot], tape.heads[slot]
        to_flux = self._product(self.amounts_back, cotangent)
        to_log = xp.multiply(to_flux, tape.flux[slot], out=tape.flux_cotangents[slot])
        to_heads = tape.net.cotangent[slot]
        to_heads[:reactions] = to_log * (1.0 - heads[:reactions] ** 2)
        if len(structure.free):
            count = len(structure.free)
            exchange, to_free = heads[reactions:], cotangent[self.free]
            slopes = -xp.expm1(-exchange)
            to_heads[reactions : reactions + count] = to_free * slopes[:count]
            to_heads[reactions + count :] = -to_free * y[self.free] * slopes[count:]
        self.net.backward(tape.net, slot, out)
        if len(structure.saturation_state):
            out += self._product(self.scatter, self._to_substrates(tape, slot, to_flux))
        if len(structure.lost):
            out[self.lost] -= self.loss_column * cotangent[self.lost]
        if len(structure.free):
            out[self.free] -= exchange[count:] * to_free

    def _to_substrates(self, tape: HybridTape, slot: int, to_flux: Array) -> Array:
        """Return cotangents of the substrates of every saturation, ``(saturations, *rows)``."""
        y, filled = tape.net.states[slot][self.substrates], tape.filled[slot]
        result = (to_flux * tape.turnover[slot])[self.owners]
        for column in self.others:
            result = result * filled[column]
        saturation = filled[:-1]
        # d/dy of y / (K + y) is (1 - s)^2 / K, and -y times it is the derivative by log K.
        result = result * (1.0 - saturation) ** 2 / self.constant
        result = result * (y > 0.0)
        self.arrays.xp.multiply(
            result, self.arrays.at_least(y, 0.0), out=tape.saturation_cotangents[slot]
        )
        return result

    def add_gradient(self, tape: HybridTape, gradient: Array) -> None:
        """Add the parameters' gradient over the used slots to ``gradient: (members, size)``."""
        tape.net.used = tape.used
        self.net.add_gradient(tape.net, gradient[:, self.net_slice])
        structure, used = self.structure, slice(0, tape.used)
        to_log = tape.flux_cotangents[used]
        self._add(gradient, "rate", self._total(to_log))
        if len(structure.saturation_state):
            total = self._total(tape.saturation_cotangents[used])
            self._add(gradient, "saturation", -total)
        if len(structure.use_control):
            total = self._total(to_log[:, self.use_owners] * tape.logs[used])
            self._add(gradient, "exponent", total * self.exponents * (1.0 - self.exponents))
        if len(structure.learned):
            state = structure.entry_state[structure.learned]
            reaction = structure.entry_reaction[structure.learned]
            amount = self.arrays.array(structure.entry_amount[structure.learned])
            index = self.arrays.index
            parts = tape.cotangents[used][:, index(state)] * tape.flux[used][:, index(reaction)]
            self._add(gradient, "yield", self._total(parts) * amount * self.yields)
        if len(structure.lost):
            y = tape.net.layers[0][used, : self.n_states]
            total = self._total(tape.cotangents[used][:, self.lost] * y[:, self.lost])
            self._add(gradient, "loss", -total * self.losses)

    def _add(self, gradient: Array, name: str, values: Array) -> None:
        gradient[:, self.layout[name].slice] += values

    def _total(self, values: Array) -> Array:
        """Sum ``(slots, n, *rows)`` over slots and rows; returns ``(members, n)``."""
        summed = values.sum(0).sum(-1)
        return summed[None] if self.n_members == 1 else self.arrays.swap(summed, (1, 0))

    def clear_non_finite(self, tape: HybridTape) -> None:
        """Replace what overflowed by zeros, so that zero cotangents stay zero."""
        tape.net.used = tape.used
        self.net.clear_non_finite(tape.net)
        for array in tape.arrays:
            self.arrays.clear_non_finite(array[: tape.used])
