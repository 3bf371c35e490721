"""Hybrid models: a known pathway with learned rates (universal differential equations).

The idea of known structure with learned parts: Rackauckas et al. 2020 (arXiv:2001.04385).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from pyscimlode.errors import ModelError
from pyscimlode.models.hybrid_structure import Structure, compile_pathway
from pyscimlode.models.network import MLP, Activation, check_network, inverse_softplus, softplus
from pyscimlode.models.neural_ode import StateFeatures, state_features
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.pathways import Pathway
from pyscimlode.models.scaling import Scaling

FloatArray = npt.NDArray[np.float64]

ENZYME_FLOOR = 1e-4
"""Enzyme ratios below count as this one: logarithms stay finite."""
ENZYME_CAP = 3.0
"""Enzymes beyond three times their training maximum count as three times."""


@dataclass(frozen=True)
class HybridODE:
    """A pathway whose stoichiometry is known and whose rates are learned.

    With y = z / state_scale and the enzyme ratio E = p / control_max between 1e-4 and 3, reaction
    j has, per time scale and in units of its reference state's scale, the flux

        v_j = a_j * prod E^alpha * prod y / (K + y) * exp(tanh(net_j(y)))

    over its enzymes and substrates, and dy/dt is the stoichiometry times the fluxes, minus a loss
    D y of the pathway's ``losses``, plus P(y) - D(y) y of free and exchanged states with
    softplus P and D. The network has one output a reaction and two a free state. a, K, yields and
    losses are exponentials, exponents alpha logistic functions of their parameters, relative to
    the initial values below, so that weight decay draws towards these. Every consumption vanishes
    with its substrate: trajectories that start non-negative stay so.

    Args:
        pathway: reactions, enzymes and which yields are learned.
        widths: width of each hidden layer.
        activation: of the hidden layers; see :class:`pyscimlode.models.neural_ode.NeuralODE`.
        features: what the network sees of states: ``"linear"`` y, ``"log"`` also log(y + 0.01).
        network_sees_controls: whether the network sees the transformed controls as well, not only
            states. With few strains it then learns the strains by heart.
        initial_rate: a, per time scale.
        initial_saturation: K, in units of the state's scale.
        initial_exponent: alpha, between 0 and 1.
        initial_loss: loss of the pathway's ``losses``, per time scale.
        initial_exchange: P and D of free states, per time scale.
        initial_spread: standard deviation of the initial parameters of a, K and alpha.
        last_scale: extra factor on the network's last layer.
        state_names: states of the data set, in order; set by :meth:`bound_to`.
        control_names: controls of the data set, in order; set by :meth:`bound_to`.

    Raises:
        ModelError: options out of range.
    """

    pathway: Pathway
    widths: tuple[int, ...] = (16, 16)
    activation: Activation = "tanh"
    features: StateFeatures = "log"
    network_sees_controls: bool = False
    initial_rate: float = 1.0
    initial_saturation: float = 1.0
    initial_exponent: float = 0.7
    initial_loss: float = 0.02
    initial_exchange: float = 0.13
    initial_spread: float = 0.1
    last_scale: float = 0.1
    state_names: tuple[str, ...] = ()
    control_names: tuple[str, ...] = ()
    _structure: Structure | None = field(default=None, init=False, repr=False, compare=False)

    kind: ClassVar[str] = "hybrid_ode"
    endogenous: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if isinstance(self.pathway, dict):
            object.__setattr__(self, "pathway", Pathway.from_json(self.pathway))
        if not isinstance(self.pathway, Pathway):
            raise ModelError(
                f"pathway={self.pathway!r} is not a Pathway; give one such as simulated_pathway()."
            )
        for name in ("widths", "state_names", "control_names"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_network(self.widths, self.activation, "glorot")
        if self.features not in get_args(StateFeatures):
            raise ModelError(f"features={self.features!r} is not one of linear, log.")
        for name in ("initial_rate", "initial_saturation", "initial_loss", "initial_exchange"):
            if not getattr(self, name) > 0.0:
                raise ModelError(f"{name}={getattr(self, name)!r} must be positive.")
        if not 0.0 < self.initial_exponent < 1.0:
            raise ModelError(
                f"initial_exponent={self.initial_exponent!r} must lie between 0 and 1."
            )
        if self.state_names:
            structure = compile_pathway(self.pathway, self.state_names, self.control_names)
            object.__setattr__(self, "_structure", structure)

    def bound_to(self, state_names: Sequence[str], control_names: Sequence[str]) -> HybridODE:
        """Return the model for a data set with these states and controls.

        Raises:
            ModelError: the pathway has a species or an enzyme that is not among them.
        """
        names = tuple(state_names), tuple(control_names)
        if names == (self.state_names, self.control_names):
            return self
        return replace(self, state_names=names[0], control_names=names[1])

    @property
    def structure(self) -> Structure:
        """The pathway as index arrays.

        Raises:
            ModelError: the model is not bound to a data set.
        """
        if self._structure is None:
            raise ModelError(
                "This hybrid model does not know the order of states and controls yet; call "
                "model.bound_to(dataset.state_names, dataset.control_names), as fit does."
            )
        return self._structure

    def network(self) -> MLP:
        """Return the network: an output a reaction, then P and D of every free state."""
        structure = self.structure
        n_in = structure.n_states * (2 if self.features == "log" else 1)
        n_in += structure.n_controls if self.network_sees_controls else 0
        n_out = structure.n_reactions + 2 * len(structure.free)
        return MLP("net", n_in, self.widths, n_out, self.activation)

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        """Return the parameter layout; the numbers must be those of the data set.

        Blocks: ``rate`` (reactions), ``saturation`` (substrates of reactions), ``exponent``
        (enzymes of reactions), ``yield``, ``loss``, each only where the pathway has any, and the
        network.
        """
        structure = self.structure
        if (n_states, n_controls) != (structure.n_states, structure.n_controls):
            raise ModelError(
                f"This hybrid model is bound to {structure.n_states} states and "
                f"{structure.n_controls} controls, not {n_states} and {n_controls}; call bound_to."
            )
        blocks = (
            ("rate", structure.n_reactions),
            ("saturation", len(structure.saturation_state)),
            ("exponent", len(structure.use_control)),
            ("yield", len(structure.learned)),
            ("loss", len(structure.lost)),
        )
        shapes = [(name, (size,)) for name, size in blocks if size]
        return ParameterLayout.of([*shapes, *self.network().shapes()])

    def initial(self, n_states: int, n_controls: int, rng: np.random.Generator) -> FloatArray:
        """Draw an initial ``theta: (size,)``."""
        layout = self.layout(n_states, n_controls)
        values: dict[str, FloatArray] = {
            p.name: np.zeros(p.shape) for p in layout.parameters if not p.name.startswith("net.")
        }
        for name in ("rate", "saturation", "exponent"):
            if name in values:
                values[name] = rng.normal(0.0, self.initial_spread, values[name].shape)
        net = self.network().initial(rng, "glorot", scale=1.0, last_scale=self.last_scale)
        bias = net[f"net.{len(self.widths)}.bias"]
        bias[self.structure.n_reactions :] = inverse_softplus(self.initial_exchange)
        return layout.pack({**values, **net})

    def field(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return dz/dt ``(rows, states)``; see :class:`pyscimlode.models.base.Model`."""
        structure = self.structure
        y, u = z / scaling.state_scale, scaling.transform_controls(p)
        parts = self._parts(theta)
        heads = self._network_outputs(parts, y, u)
        flux = self._scaled_fluxes(parts, y, u, heads, scaling)
        slope = flux @ self._amounts(parts, scaling).T
        if len(structure.lost):
            loss = self.initial_loss * np.exp(parts["loss"])
            slope[:, structure.lost] -= loss * y[:, structure.lost]
        if len(structure.free):
            exchange = softplus(heads[:, structure.n_reactions :])
            production, degradation = np.split(exchange, 2, axis=-1)
            slope[:, structure.free] += production - degradation * y[:, structure.free]
        return np.asarray(slope * (scaling.state_scale / scaling.time_scale))

    def fluxes(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return the fluxes ``(rows, reactions)``, in their reference state's units per time unit.

        Arguments as for :meth:`field`. Plot them against a substrate or an enzyme to see what was
        learned.
        """
        y, u = z / scaling.state_scale, scaling.transform_controls(p)
        parts = self._parts(theta)
        flux = self._scaled_fluxes(parts, y, u, self._network_outputs(parts, y, u), scaling)
        unit = scaling.state_scale[self.structure.reference] / scaling.time_scale
        return np.asarray(flux * unit)

    def _parts(self, theta: FloatArray) -> dict[str, FloatArray]:
        structure = self.structure
        return self.layout(structure.n_states, structure.n_controls).unpack(theta)

    def _network_outputs(
        self, parts: Mapping[str, FloatArray], y: FloatArray, u: FloatArray
    ) -> FloatArray:
        seen = [state_features(y, self.features), *([u] if self.network_sees_controls else [])]
        return self.network().forward(parts, np.concatenate(seen, axis=-1))

    def _scaled_fluxes(
        self,
        parts: Mapping[str, FloatArray],
        y: FloatArray,
        u: FloatArray,
        heads: FloatArray,
        scaling: Scaling,
    ) -> FloatArray:
        structure = self.structure
        log_flux = np.log(self.initial_rate) + parts["rate"]
        log_flux = log_flux + np.tanh(heads[:, : structure.n_reactions])
        if len(structure.use_control):
            exponent = expit(parts["exponent"] + logit(self.initial_exponent))
            logs = log_enzyme_ratio(u, scaling)[:, structure.use_control]
            np.add.at(log_flux.T, structure.use_reaction, (exponent * logs).T)
        flux = np.exp(log_flux)
        if len(structure.saturation_state):
            constant = self.initial_saturation * np.exp(parts["saturation"])
            substrate = np.maximum(y[:, structure.saturation_state], 0.0)
            saturation = substrate / (constant + substrate)
            np.multiply.at(flux.T, structure.saturation_reaction, saturation.T)
        return np.asarray(flux)

    def _amounts(self, parts: Mapping[str, FloatArray], scaling: Scaling) -> FloatArray:
        amounts = self.structure.fixed_amounts(scaling.state_scale)
        if len(self.structure.learned):
            factors = np.exp(parts["yield"])
            amounts = amounts + np.tensordot(factors, self.structure.learned_amounts(), axes=1)
        return np.asarray(amounts)

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON data with its ``kind``."""
        names = [item.name for item in fields(self) if item.init and item.name != "pathway"]
        options = {name: getattr(self, name) for name in names}
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
        return {"kind": self.kind, "pathway": self.pathway.to_json(), **listed}


def log_enzyme_ratio(u: FloatArray, scaling: Scaling) -> FloatArray:
    """Return log(p / control_max) ``(rows, controls)`` from transformed controls ``u``.

    Inverts the scaling's transform, whose clipping remains; ratios are kept within
    [``ENZYME_FLOOR``, ``ENZYME_CAP``].
    """
    if scaling.control_transform == "none":
        p = u
    else:
        p = u * scaling.control_scale + scaling.control_shift
        p = np.expm1(p) if scaling.control_transform == "log" else p
    return np.log(np.clip(p / scaling.control_max, ENZYME_FLOOR, ENZYME_CAP))
