"""The field of kinetic pathways in plain, differentiable torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pyscimlode.backends.torch.fields import Params, unpack_layout
from pyscimlode.backends.torch.hybrid_field import network_outputs, with_exchange
from pyscimlode.backends.torch.kinetic_entries import factor_table
from pyscimlode.backends.torch.saturation import TorchSaturation, product, with_row
from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates
from pyscimlode.models.parameters import ParameterLayout


class KineticField:
    """Mechanistic rates; see :class:`pyscimlode.models.kinetic.mechanistic_rates`.

    Args:
        scaling: of the selected members; its model is bound to the data set.
    """

    def __init__(self, scaling: ScalingTensors) -> None:
        model: Any = scaling.model
        rates: MechanisticRates = model.rates
        self.model, self.scaling, self.rates = model, scaling, rates
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        function, laws = rates.rate_function, rates.rate_function.laws
        self.saturation = TorchSaturation(laws, scaling.device, scaling.dtype)
        self.powers = _Powers(
            np.concatenate([function.forward_orders, function.backward_orders]), scaling
        )
        self.constants = self._numbers(rates.constants)
        self.source = self._index(_sources(rates))
        self.species, self.km = self._index(laws.species), self._index(laws.km)
        self.term_reaction, self.order = self._index(laws.reaction), self._numbers(laws.order)
        self.inverse_keq = self._numbers(1.0 / function.keq)
        self.ln_km, self.ln_vmax = self._numbers(rates.ln_km), self._numbers(rates.ln_vmax)
        self.free_km, self.free_vmax = self._index(rates.free_km), self._index(rates.free_vmax)
        self.amounts = self._numbers(rates.amounts.T)
        self.scale = scaling.state_scale.T[..., None]
        self.unit = (scaling.time_scale[:, None] / scaling.state_scale)[:, None, :]
        self.states, self.free = self._index(rates.states), self._index(rates.free)
        self.control = self._index(rates.use_control)
        self.reference = self._numbers(rates.use_reference)
        enzyme = np.full(rates.n_reactions, len(rates.use_reaction))
        enzyme[rates.use_reaction] = np.arange(len(rates.use_reaction))
        self.enzyme = self._index(enzyme)

    def _numbers(self, values: np.ndarray) -> Tensor:
        return torch.tensor(values, device=self.scaling.device, dtype=self.scaling.dtype)

    def _index(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, device=self.scaling.device)

    def unpack(self, theta: Tensor) -> Params:
        """Return the blocks of ``theta: (members, size)``, each with its leading member axis."""
        return unpack_layout(self.layout, theta)

    def __call__(self, params: Params, y: Tensor, u: Tensor) -> Tensor:
        """Return ``time_scale * dy/dt``; see :class:`fields.TorchField`."""
        parts = {p.name: v for p, v in zip(self.layout.parameters, params, strict=True)}
        v = self._rates(parts, self._concentrations(y.permute(2, 0, 1)))
        if len(self.control):
            v = v * self._levels(u)
        if not self.model.has_network:
            return self._slope(v)
        outputs = network_outputs(self.model, parts, y, u)
        reactions = self.rates.n_reactions
        slope = self._slope(v * torch.exp(torch.tanh(outputs[..., :reactions])).permute(2, 0, 1))
        if not len(self.free):
            return slope
        return with_exchange(slope, outputs[..., reactions:], self.free, y)

    def _slope(self, v: Tensor) -> Tensor:
        """Return what rates ``(reactions, members, rows)`` do, ``(members, rows, states)``."""
        return (v.permute(1, 2, 0) @ self.amounts) * self.unit

    def _levels(self, u: Tensor) -> Tensor:
        """Return enzyme levels ``(reactions, members, rows)``."""
        p = self.scaling.measured_controls(u, self.control).clamp_min(0.0)
        return with_row((p / self.reference).permute(2, 0, 1), 1.0)[self.enzyme]

    def _concentrations(self, y: Tensor) -> Tensor:
        """Return those of all species ``(species, members, rows)`` in mM."""
        dynamic = (y * self.scale)[self.states]
        fixed = self.constants[:, None, None].expand(-1, *y.shape[1:])
        return torch.cat([dynamic, fixed])[self.source]

    def _rates(self, parts: dict[str, Tensor], c: Tensor) -> Tensor:
        """Return v ``(reactions, members, rows)`` at enzyme levels of one, in mM/h."""
        members = c.shape[1]
        ln_km, ln_vmax = self.ln_km.expand(members, -1), self.ln_vmax.expand(members, -1)
        if "ln_km" in parts:
            ln_km = ln_km.index_add(1, self.free_km, parts["ln_km"])
        if "ln_vmax" in parts:
            ln_vmax = ln_vmax.index_add(1, self.free_vmax, parts["ln_vmax"])
        ln_k = ln_km[:, self.km]
        x = c.clamp_min(0.0)[self.species] * torch.exp(-ln_k).T[..., None]
        log_scale = ln_vmax.index_add(1, self.term_reaction, -self.order * ln_k)
        scale = torch.exp(log_scale.T[..., None] - self.saturation.log_denominators(x))
        forward, backward = self.powers(c).chunk(2)
        return scale * (forward - backward * self.inverse_keq[:, None, None])


class _Powers:
    """Products of powers of concentrations; positive whole powers are repeated factors.

    Args:
        exponents: ``(products, species)``.
        scaling: says device and data type.
    """

    def __init__(self, exponents: np.ndarray, scaling: ScalingTensors) -> None:
        table, species, exponent = factor_table(exponents)
        device, dtype = scaling.device, scaling.dtype
        self.table = torch.as_tensor(table, device=device)
        self.species = torch.as_tensor(species, device=device)
        self.exponent = torch.tensor(exponent, device=device, dtype=dtype)[:, None, None]
        self.lowest = torch.where(self.exponent == self.exponent.round(), -torch.inf, 0.0)

    def __call__(self, c: Tensor) -> Tensor:
        """Return ``(products, members, rows)`` for c ``(species, members, rows)``."""
        if len(self.species):
            powers = torch.maximum(c[self.species], self.lowest) ** self.exponent
            c = torch.cat([c, powers])
        return product(with_row(c, 1.0)[self.table])


def _sources(rates: MechanisticRates) -> np.ndarray:
    """Return where each species is found among the dynamic ones, followed by the constants."""
    source = len(rates.dynamic) + np.arange(len(rates.constants))
    source[rates.dynamic] = np.arange(len(rates.dynamic))
    return source
