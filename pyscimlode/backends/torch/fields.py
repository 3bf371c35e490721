"""Right-hand sides in torch, found by ``Model.kind``.

A field works on scaled states ``y = z / state_scale`` and transformed inputs ``u`` and returns
``time_scale * dy/dt``, so that members with different scales share one batch. The call is plain,
differentiable torch; the batched engine uses the kernel of the field (see
:mod:`pyscimlode.backends.torch.kernels`), which has its derivatives written out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from pyscimlode.backends.torch.tensors import ScalingTensors
from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.models.network import MLP
from pyscimlode.models.neural_ode import LOG_OFFSET
from pyscimlode.models.parameters import ParameterLayout

Params = tuple[Tensor, ...]
SOFTPLUS_THRESHOLD = 50.0
"""Beyond this argument softplus(x) and x are the same number in float64."""


class TorchField(Protocol):
    """A differentiable right-hand side of all members and rows."""

    def unpack(self, theta: Tensor) -> Params:
        """Return the blocks of ``theta: (members, size)``, each with its leading member axis."""
        ...

    def __call__(self, params: Params, y: Tensor, u: Tensor) -> Tensor:
        """Return ``time_scale * dy/dt`` of shape ``(members, rows, states)``.

        Args:
            params: what :meth:`unpack` returned.
            y: ``(members, rows, states)`` scaled states.
            u: ``(members, rows, controls)`` transformed inputs.
        """
        ...


FieldFactory = Callable[[ScalingTensors], TorchField]
_FACTORIES: dict[str, FieldFactory] = {}


def register_field(kind: str, factory: FieldFactory) -> None:
    """Make ``factory`` the torch implementation of models of this ``kind``."""
    _FACTORIES[kind] = factory


def build_field(scaling: ScalingTensors) -> TorchField:
    """Return the torch field of a model.

    Raises:
        ModelError: no implementation is registered for the model's kind.
    """
    from pyscimlode.backends.torch import hybrid_field, kinetic_field

    known: dict[str, FieldFactory] = {
        "hybrid_ode": hybrid_field.HybridField,
        "kinetic_ode": kinetic_field.KineticField,
        **_FACTORIES,
    }
    kind = scaling.model.kind
    if kind not in known:
        raise ModelError(
            f"The torch engine has no field for models of kind {kind!r}; it has "
            f"{', '.join(known)}. Add one with "
            "pyscimlode.backends.torch.fields.register_field." + did_you_mean(kind, known)
        )
    return known[kind](scaling)


def unpack_layout(layout: ParameterLayout, theta: Tensor) -> Params:
    """Return the blocks of ``theta: (members, size)`` as views ``(members, *shape)``."""
    return tuple(theta[:, p.slice].unflatten(1, p.shape) for p in layout.parameters)


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + exp(x))`` to full precision."""
    return functional.softplus(x, threshold=SOFTPLUS_THRESHOLD)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "softplus": softplus,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "elu": functional.elu,
    "softsign": functional.softsign,
    "adaptive-tanh": torch.tanh,
}


def run_network(mlp: MLP, parts: Mapping[str, Tensor], x: Tensor) -> Tensor:
    """Return a network's outputs ``(members, rows, out)``; see :meth:`MLP.forward`.

    Args:
        mlp: the network.
        parts: its parameters by name, each with its leading member axis.
        x: ``(members, rows, in)``.
    """
    activation, last = ACTIVATIONS[mlp.activation], len(mlp.widths)
    for layer in range(last + 1):
        name = f"{mlp.name}.{layer}"
        weight, bias = parts[f"{name}.weight"], parts[f"{name}.bias"]
        x = torch.baddbmm(bias[:, None, :], x, weight.transpose(1, 2))
        if layer < last and mlp.learns_slopes:
            x = x * parts[f"{name}.slope"][:, None, :]
        if layer < last:
            x = activation(x)
    return x


class NeuralField:
    """The networks of ``neural_ode`` and ``production_degradation`` models.

    Args:
        scaling: of the selected members; its model says widths, activation and features.

    Attributes:
        mlp: the network.
        features: ``"linear"`` or ``"log"``, see :mod:`pyscimlode.models.neural_ode`.
        production_degradation: whether the head is ``P - D y`` with ``P, D = softplus``.
    """

    def __init__(self, scaling: ScalingTensors) -> None:
        model: Any = scaling.model
        self.mlp: MLP = model.network(scaling.n_states, scaling.n_controls)
        self.layout: ParameterLayout = model.layout(scaling.n_states, scaling.n_controls)
        self.features: str = model.features
        self.production_degradation = model.kind == "production_degradation"
        self.n_states = scaling.n_states
        self.n_controls = scaling.n_controls

    def unpack(self, theta: Tensor) -> Params:
        """Return the blocks of every layer: ``(members, out, in)``, ``(members, out)``, ..."""
        return unpack_layout(self.layout, theta)

    def __call__(self, params: Params, y: Tensor, u: Tensor) -> Tensor:
        """Return ``time_scale * dy/dt``; see :class:`TorchField`."""
        parts = [y]
        if self.features == "log":
            parts.append(torch.log(torch.clamp_min(y, 0.0) + LOG_OFFSET))
        named = {p.name: v for p, v in zip(self.layout.parameters, params, strict=True)}
        x = run_network(self.mlp, named, torch.cat([*parts, u], dim=-1))
        if not self.production_degradation:
            return x
        production, degradation = softplus(x).split(self.n_states, dim=-1)
        return production - degradation * y


register_field("neural_ode", NeuralField)
register_field("production_degradation", NeuralField)
