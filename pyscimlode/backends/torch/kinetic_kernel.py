"""The fast kernel of kinetic pathways on the CPU, and its Jacobian.

Every rate is a sum of products over a denominator, so dv/dc has one entry for each concentration
in each product and each term of a denominator: the Jacobian is A diag(w) B with constant sparse A
and B, and its transposed product with a vector costs two small matrix products. What implicit
methods need of second derivatives is the derivative of these products along a direction, by the
complex step (Squire & Trapp, SIAM Rev. 40:110, 1998), which has no cancellation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.autograd_kernel import AutogradKernel
from pyscimlode.backends.torch.kernels import Kernel, Rows
from pyscimlode.backends.torch.kinetic_entries import Entries, RateParts, evaluate
from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates
from pyscimlode.models.parameters import ParameterLayout

FloatArray = npt.NDArray[np.float64]
COMPLEX_STEP = 1e-20


class KineticTape:
    """States, inputs and cotangents of some stages; see :class:`kernels.Tape`."""

    def __init__(self, kernel: KineticKernel, slots: int, rows: Rows) -> None:
        empty = kernel.arrays.empty
        self.used = slots
        self.states = empty((slots, kernel.n_states, *rows))
        self.inputs = empty((slots, kernel.n_controls, *rows))
        self.cotangents = empty((slots, kernel.n_states, *rows))
        self.state = [array.reshape(-1) for array in self.states]
        self.cotangent = list(self.cotangents)
        self.gradient = np.zeros((kernel.n_members, kernel.layout.size))


class KineticKernel:
    """Models of kind ``kinetic_ode`` without a network, on NumPy arrays.

    Evaluations are not kept: a slot is evaluated again on the way back, which is cheap.

    Args:
        scaling: of the selected members; its model is bound to the data set.
        arrays: where numbers live: on the host.
    """

    def __init__(self, scaling: ScalingTensors, arrays: Arrays) -> None:
        model: Any = scaling.model
        rates: MechanisticRates = model.rates
        self.arrays, self.rates = arrays, rates
        self.n_members = scaling.n_members
        self.n_states, self.n_controls = scaling.n_states, scaling.n_controls
        self.slot_floats = 2 * self.n_states + self.n_controls
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        self.entries = Entries.of(rates)
        scale = scaling.state_scale.double().cpu().numpy()
        self.scale = self._columns(scale)
        self.unit = self._columns(scaling.time_scale.double().cpu().numpy()[:, None] / scale)
        self.transform = scaling.control_transform
        used = rates.use_control
        self.control_scale = self._columns(scaling.control_scale.double().cpu().numpy()[:, used])
        self.control_shift = self._columns(scaling.control_shift.double().cpu().numpy()[:, used])

    def _columns(self, values: FloatArray) -> FloatArray:
        """Return ``(members, n)`` values so that they meet ``(n, *rows)``."""
        return values.T if self.n_members == 1 else values.T[..., None]

    def bind(self, theta: Array) -> None:
        """Use the parameters ``theta: (members, size)``."""
        rates, laws = self.rates, self.rates.rate_function.laws
        parts = self.layout.unpack(np.asarray(theta, dtype=np.float64))
        shape = (self.n_members, 1)
        ln_km, ln_vmax = np.tile(rates.ln_km, shape), np.tile(rates.ln_vmax, shape)
        if "ln_km" in parts:
            ln_km[:, rates.free_km] += parts["ln_km"]
        if "ln_vmax" in parts:
            ln_vmax[:, rates.free_vmax] += parts["ln_vmax"]
        ln_k = ln_km[:, laws.km]
        np.subtract.at(ln_vmax.T, laws.reaction, (laws.order * ln_k).T)
        self.inverse_k = self._columns(np.exp(-ln_k))
        self.factor = self._columns(np.exp(ln_vmax))

    def tape(self, slots: int, rows: Rows) -> KineticTape:
        """Return memory for so many stages."""
        return KineticTape(self, slots, rows)

    def forward(self, tape: KineticTape, slot: int, out: Array) -> None:
        """Write ``time_scale * dy/dt`` at the slot's states into ``out: (states, *rows)``."""
        v = self.parts(tape.states[slot], tape.inputs[slot], derivatives=False).v
        out[...] = self.unit * np.tensordot(self.rates.amounts, v, 1)

    def linearise(self, tape: KineticTape) -> None:
        """Start a new gradient."""
        tape.gradient[...] = 0.0

    def backward(self, tape: KineticTape, slot: int, out: Array) -> None:
        """Write the Jacobian's transpose times the slot's cotangent into ``out``."""
        parts = self.parts(tape.states[slot], tape.inputs[slot])
        out[...] = self.pull(parts, tape.cotangent[slot], tape.gradient)

    def add_gradient(self, tape: KineticTape, gradient: Array) -> None:
        """Add the parameters' gradient over the used slots to ``gradient: (members, size)``."""
        gradient += tape.gradient

    def clear_non_finite(self, tape: KineticTape) -> None:
        """Replace states that overflowed by zeros, so that zero cotangents stay zero."""
        self.arrays.clear_non_finite(tape.states[: tape.used])

    def parts(self, y: Array, u: Array, *, derivatives: bool = True) -> RateParts:
        """Return rates and derivatives at states and inputs ``(n, *rows)``, complex ones too."""
        c = np.empty(
            (len(self.rates.constants), *y.shape[1:]), dtype=np.result_type(y, u, np.float64)
        )
        c[...] = self.rates.constants.reshape(-1, *(1 for _ in y.shape[1:]))
        c[self.rates.dynamic] = (y * self.scale)[self.rates.states]
        levels = self.rates.use_reaction, self._levels(u)
        return evaluate(
            self.entries, c, levels, self.inverse_k, self.factor, derivatives=derivatives
        )

    def _levels(self, u: Array) -> Array:
        """Return enzyme levels ``(uses, *rows)``."""
        p = u[self.rates.use_control]
        if self.transform != "none":
            p = p * self.control_scale + self.control_shift
            p = np.exp(p) - 1.0 if self.transform == "log" else p
        reference = self.rates.use_reference.reshape(-1, *(1 for _ in p.shape[1:]))
        return np.where(p.real > 0.0, p, 0.0) / reference

    def pull(self, parts: RateParts, cotangent: Array, gradient: Array) -> Array:
        """Return J^T cotangent ``(states, *rows)``, and add what the parameters get."""
        entries, rates = self.entries, self.rates
        to_rates = np.tensordot(rates.amounts.T, self.unit * cotangent, 1)
        to_log = to_rates * parts.v
        if "ln_vmax" in self._names:
            total = self._total(to_log[rates.free_vmax])
            gradient[:, self.layout["ln_vmax"].slice] += total
        if "ln_km" in self._names:
            # dlnv/dlnK = x dlnD/dx - order of the term.
            share = to_log[entries.term_reaction] * (parts.occupied - entries.order(to_log.ndim))
            gradient[:, self.layout["ln_km"].slice] += self._total(share[entries.free_terms])
        weighted = parts.weights * to_rates[entries.reaction]
        return self.scale * np.tensordot(entries.states.T, weighted, 1)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(p.name for p in self.layout.parameters)

    def _total(self, values: Array) -> Array:
        """Sum ``(n, *rows)`` over rows; returns ``(members, n)``."""
        summed = values.sum(-1)
        return summed[None] if self.n_members == 1 else summed.T


class KineticLinearisation:
    """Derivatives of the field of a :class:`KineticKernel`; see ``implicit.jacobians``."""

    def __init__(self, kernel: KineticKernel) -> None:
        self.kernel = kernel

    def bind(self, theta: Array) -> None:
        """Do nothing: the kernel has the parameters."""

    def jacobian(
        self, tape: KineticTape, slot: int, drift: Array | None
    ) -> tuple[Array, Array | None]:
        """Return df/dy ``(states, states, *rows)`` and df/dt ``(states, *rows)`` of a slot."""
        kernel, entries = self.kernel, self.kernel.entries
        y, u = tape.states[slot], tape.inputs[slot]
        weights = kernel.parts(y, u).weights
        rows = y.shape[1:]
        by_row = weights.reshape(len(weights), -1).T
        value = (entries.amounts * by_row[:, None, :]) @ entries.states
        states = kernel.n_states
        jacobian = value.transpose(1, 2, 0).reshape(states, states, *rows)
        jacobian = kernel.unit[:, None] * jacobian * kernel.scale[None]
        if drift is None:
            return jacobian, None
        if not drift.any():
            return jacobian, np.zeros_like(y)
        moved = kernel.parts(y, u + COMPLEX_STEP * 1j * drift, derivatives=False).v
        change = np.tensordot(kernel.rates.amounts, moved.imag / COMPLEX_STEP, 1)
        return jacobian, kernel.unit * change

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

        It is the derivative of J^T v_i along (U_i, q_i du/dt), summed over i; see the protocol.
        """
        stages, rows = len(cotangents), y.shape[1:]
        moved = y + COMPLEX_STEP * 1j * directions[0]
        inputs = np.broadcast_to(u, (stages, *u.shape)).astype(np.complex128)
        if drift is not None:
            inputs = inputs + COMPLEX_STEP * 1j * directions[1] * drift
        parts = self.kernel.parts(self._beside(moved), self._beside(inputs))
        found = np.zeros(gradient.shape, dtype=np.complex128)
        pulled = self.kernel.pull(parts, self._beside(cotangents), found)
        gradient += found.imag / COMPLEX_STEP
        by_state = (pulled.imag / COMPLEX_STEP).reshape(len(y), *rows[:-1], stages, rows[-1])
        return by_state.sum(-2)

    @staticmethod
    def _beside(values: Array) -> Array:
        """Return ``(stages, n, *rows)`` with the stages among the rows of each member."""
        moved = np.moveaxis(values, 0, -2)
        return moved.reshape(*moved.shape[:-2], -1)


def build_kinetic_kernel(scaling: ScalingTensors, arrays: Arrays) -> Kernel:
    """Return the fast kernel on the host, and automatic derivatives elsewhere or with a network."""
    model: Any = scaling.model
    if arrays.host and not model.has_network:
        return KineticKernel(scaling, arrays)
    return AutogradKernel(scaling, arrays)
