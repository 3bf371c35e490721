"""The field of hybrid models in plain, differentiable torch."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from pyscimlode.backends.torch.fields import (
    Params,
    run_network,
    softplus,
    unpack_layout,
)
from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.models.hybrid_structure import Structure
from pyscimlode.models.learned_rates import ENZYME_CAP, ENZYME_FLOOR
from pyscimlode.models.neural_ode import LOG_OFFSET
from pyscimlode.models.parameters import ParameterLayout


class HybridField:
    """Fluxes of a known pathway; see :class:`pyscimlode.models.hybrid.HybridODE`.

    Args:
        scaling: of the selected members; its model is bound to the data set.
    """

    def __init__(self, scaling: ScalingTensors) -> None:
        model: Any = scaling.model
        self.model = model
        self.scaling = scaling
        self.structure: Structure = model.structure
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        self.fixed = self._constant(
            self.structure.fixed_amounts(scaling.state_scale.detach().double().cpu().numpy())
        )
        self.learned = self._constant(self.structure.learned_amounts())
        uses = torch.zeros(len(self.structure.use_control), self.structure.n_reactions)
        uses[torch.arange(len(uses)), torch.as_tensor(self.structure.use_reaction)] = 1.0
        self.uses = uses.to(scaling.device, scaling.dtype)

    def _constant(self, values: Any) -> Tensor:
        return torch.tensor(values, device=self.scaling.device, dtype=self.scaling.dtype)

    def _index(self, values: Any) -> Tensor:
        return torch.as_tensor(values, device=self.scaling.device)

    def unpack(self, theta: Tensor) -> Params:
        """Return the blocks of ``theta: (members, size)``, each with its leading member axis."""
        return unpack_layout(self.layout, theta)

    def __call__(self, params: Params, y: Tensor, u: Tensor) -> Tensor:
        """Return ``time_scale * dy/dt``; see :class:`fields.TorchField`."""
        structure = self.structure
        parts = {p.name: v for p, v in zip(self.layout.parameters, params, strict=True)}
        heads = network_outputs(self.model, parts, y, u)
        amounts = self.fixed
        if len(structure.learned):
            amounts = amounts + torch.tensordot(parts["yield"].exp(), self.learned, dims=1)
        slope = self._fluxes(parts, y, u, heads) @ amounts.transpose(1, 2)
        if len(structure.lost):
            lost = self._index(structure.lost)
            loss = self.model.initial_loss * parts["loss"].exp()[:, None, :]
            slope = slope.index_add(2, lost, -loss * y[..., lost])
        if len(structure.free):
            exchange = heads[..., structure.n_reactions :]
            slope = with_exchange(slope, exchange, self._index(structure.free), y)
        return slope

    def _fluxes(self, parts: dict[str, Tensor], y: Tensor, u: Tensor, heads: Tensor) -> Tensor:
        structure, model = self.structure, self.model
        log_flux = math.log(model.initial_rate) + parts["rate"][:, None, :]
        log_flux = log_flux + torch.tanh(heads[..., : structure.n_reactions])
        if len(structure.use_control):
            start = math.log(model.initial_exponent / (1.0 - model.initial_exponent))
            exponent = torch.sigmoid(parts["exponent"] + start)[:, None, :]
            log_flux = log_flux + (exponent * self._log_ratios(u)) @ self.uses
        flux = torch.exp(log_flux)
        if not len(structure.saturation_state):
            return flux
        constant = model.initial_saturation * parts["saturation"].exp()[:, None, :]
        substrate = torch.clamp_min(y[..., self._index(structure.saturation_state)], 0.0)
        saturation = substrate / (constant + substrate)
        filled = torch.cat([saturation, torch.ones_like(saturation[..., :1])], dim=-1)
        for column in self._index(structure.factors).T:
            flux = flux * filled[..., column]
        return flux

    def _log_ratios(self, u: Tensor) -> Tensor:
        """Return log(p / control_max) of every enzyme use, ``(members, rows, uses)``."""
        used, scaling = self._index(self.structure.use_control), self.scaling
        ratio = scaling.measured_controls(u, used) / scaling.control_max[:, None, used]
        return torch.log(torch.clamp(ratio, ENZYME_FLOOR, ENZYME_CAP))


def network_outputs(model: Any, parts: dict[str, Tensor], y: Tensor, u: Tensor) -> Tensor:
    """Return the outputs ``(members, rows, outputs)`` of a hybrid model's network."""
    seen = [y]
    if model.features == "log":
        seen.append(torch.log(torch.clamp_min(y, 0.0) + LOG_OFFSET))
    x = torch.cat([*seen, u] if model.network_sees_controls else seen, dim=-1)
    return run_network(model.network(), parts, x)


def with_exchange(slope: Tensor, outputs: Tensor, free: Tensor, y: Tensor) -> Tensor:
    """Return the slope with production and degradation of free states added.

    Args:
        slope: ``(members, rows, states)``.
        outputs: ``(members, rows, 2 * free)`` of the network.
        free: their positions.
        y: ``(members, rows, states)``.
    """
    production, degradation = softplus(outputs).chunk(2, dim=-1)
    return slope.index_add(2, free, production - degradation * y[..., free])
