"""Hybrid models: a known pathway with learned rates (universal differential equations).

The idea of known structure with learned parts: Rackauckas et al. 2020 (arXiv:2001.04385).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, get_args

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError
from pyscimlode.models.flux_rule import FluxRule
from pyscimlode.models.hybrid_structure import Structure, compile_pathway
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates
from pyscimlode.models.kinetic.pathway import KineticPathway
from pyscimlode.models.learned_rates import LearnedRates
from pyscimlode.models.network import MLP, Activation, check_network, inverse_softplus, softplus
from pyscimlode.models.neural_ode import StateFeatures, state_features
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.pathways import Pathway, Reaction
from pyscimlode.models.scaling import ControlTransform, Scaling

FloatArray = npt.NDArray[np.float64]


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

    A :class:`pyscimlode.models.KineticPathway` brings mechanistic rate laws instead: v_j is the
    rate at KM and Vmax, which are trained from those of a generated model, times
    exp(tanh(net_j(y))) if there is a network
    (:class:`pyscimlode.models.kinetic.mechanistic_rates.MechanisticRates`). Of the options below,
    those of the network and ``initial_spread`` count for it.

    Args:
        pathway: reactions, enzymes and which yields are learned; or a kinetic pathway.
        widths: width of each hidden layer; ``()``, for kinetic pathways alone, is no network.
        activation: of the hidden layers; see :class:`pyscimlode.models.neural_ode.NeuralODE`.
        features: what the network sees of states: ``"linear"`` y, ``"log"`` also log(y + 0.01).
        network_sees_controls: whether the network sees the transformed controls as well, not only
            states. With few strains it then learns the strains by heart.
        initial_rate: a, per time scale.
        initial_saturation: K, in units of the state's scale.
        initial_exponent: alpha, between 0 and 1.
        initial_loss: loss of the pathway's ``losses``, per time scale.
        initial_exchange: P and D of free states, per time scale.
        initial_spread: standard deviation of the initial parameters of a, K and alpha; or of ln KM
            and ln Vmax.
        last_scale: extra factor on the network's last layer.
        state_names: states of the data set, in order; set by :meth:`bound_to`.
        control_names: controls of the data set, in order; set by :meth:`bound_to`.

    Raises:
        ModelError: options out of range.
    """

    pathway: Pathway | KineticPathway
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
    _rates: FluxRule | None = field(default=None, init=False, repr=False, compare=False)

    endogenous: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if isinstance(self.pathway, dict):
            object.__setattr__(self, "pathway", _pathway_from_json(self.pathway))
        if not isinstance(self.pathway, Pathway | KineticPathway):
            raise ModelError(
                f"pathway={self.pathway!r} is not a Pathway; give one such as simulated_pathway()."
            )
        for name in ("widths", "state_names", "control_names"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check()
        if self.state_names:
            object.__setattr__(self, "_rates", self._bind())

    @property
    def kind(self) -> str:
        """Key under which engines register their implementation; the pathway's."""
        return self.pathway.model_kind

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
    def rates(self) -> FluxRule:
        """How fluxes follow from states, controls and parameters.

        Raises:
            ModelError: the model is not bound to a data set.
        """
        if self._rates is None:
            raise ModelError(
                "This hybrid model does not know the order of states and controls yet; call "
                "model.bound_to(dataset.state_names, dataset.control_names), as fit does."
            )
        return self._rates

    @property
    def structure(self) -> Structure:
        """The pathway as index arrays.

        Raises:
            ModelError: the model is not bound to a data set, or its pathway is a kinetic one.
        """
        if not isinstance(self.rates, LearnedRates):
            raise ModelError("A kinetic pathway has rate laws, no structure of learned rates.")
        return self.rates.structure

    @property
    def reactions(self) -> tuple[Reaction, ...]:
        """What reactions do to measured species, with their enzymes; kinetic ones in net."""
        if isinstance(self.pathway, KineticPathway):
            return self.pathway.measured_reactions(self.control_names)
        return self.pathway.reactions

    @property
    def flux_names(self) -> tuple[str, ...]:
        """Names of the reactions, in the order of :meth:`fluxes`."""
        if isinstance(self.pathway, KineticPathway):
            return self.pathway.reaction_ids
        return tuple(reaction.name for reaction in self.pathway.reactions)

    @property
    def control_transform(self) -> ControlTransform | None:
        """How the model needs its controls; see :class:`pyscimlode.models.base.MeasuredModel`."""
        return self.rates.control_transform

    @property
    def stiff(self) -> bool:
        """Whether implicit solvers are the first choice: for kinetic pathways they are."""
        return isinstance(self.pathway, KineticPathway)

    @property
    def default_start(self) -> FloatArray:
        """``(states,)`` start of unmeasured states; see ``MeasuredModel``."""
        return self.rates.default_start

    def check_units(self, units: Mapping[str, str], time_unit: str) -> None:
        """Check the units of the data set; see ``MeasuredModel``.

        Raises:
            UnitError: a kinetic pathway is in mM and h, and the data are not.
        """
        self.rates.check_units(self.state_names, units, time_unit)

    @property
    def has_network(self) -> bool:
        """Whether a network corrects the rates."""
        return bool(self.widths)

    def network(self) -> MLP:
        """Return the network: an output a reaction, then P and D of every free state."""
        rates = self.rates
        n_in = rates.n_states * (2 if self.features == "log" else 1)
        n_in += rates.n_controls if self.network_sees_controls else 0
        n_out = rates.n_reactions + 2 * len(rates.free)
        return MLP("net", n_in, self.widths, n_out, self.activation)

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        """Return the parameter layout; the numbers must be those of the data set.

        Blocks: those of the pathway's rates (:class:`pyscimlode.models.learned_rates.LearnedRates`:
        ``rate``, ``saturation``, ``exponent``, ``yield``, ``loss``;
        :class:`pyscimlode.models.kinetic.mechanistic_rates.MechanisticRates`: ``ln_km``,
        ``ln_vmax``), each only where there are any, and the network.
        """
        rates = self.rates
        if (n_states, n_controls) != (rates.n_states, rates.n_controls):
            raise ModelError(
                f"This hybrid model is bound to {rates.n_states} states and "
                f"{rates.n_controls} controls, not {n_states} and {n_controls}; call bound_to."
            )
        network = self.network().shapes() if self.has_network else []
        return ParameterLayout.of([*rates.shapes(), *network])

    def initial(self, n_states: int, n_controls: int, rng: np.random.Generator) -> FloatArray:
        """Draw an initial ``theta: (size,)``."""
        layout = self.layout(n_states, n_controls)
        values = self.rates.initial(rng)
        if not self.has_network:
            return layout.pack(values)
        net = self.network().initial(rng, "glorot", scale=1.0, last_scale=self.last_scale)
        bias = net[f"net.{len(self.widths)}.bias"]
        bias[self.rates.n_reactions :] = inverse_softplus(self.initial_exchange)
        return layout.pack({**values, **net})

    def field(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return dz/dt ``(rows, states)``; see :class:`pyscimlode.models.base.Model`."""
        rates = self.rates
        y, u = z / scaling.state_scale, scaling.transform_controls(p)
        parts = self._parts(theta)
        heads = self._network_outputs(parts, y, u)
        slope = rates.slope(parts, y, u, heads[:, : rates.n_reactions], scaling)
        if len(rates.free):
            exchange = softplus(heads[:, rates.n_reactions :])
            production, degradation = np.split(exchange, 2, axis=-1)
            slope[:, rates.free] += production - degradation * y[:, rates.free]
        return np.asarray(slope * (scaling.state_scale / scaling.time_scale))

    def fluxes(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, scaling: Scaling
    ) -> FloatArray:
        """Return the fluxes ``(rows, reactions)``.

        In their reference state's units per time unit; those of a kinetic pathway in mM/h of cell
        volume. Arguments as for :meth:`field`. Plot them against a substrate or an enzyme to see
        what was learned.
        """
        y, u = z / scaling.state_scale, scaling.transform_controls(p)
        parts = self._parts(theta)
        heads = self._network_outputs(parts, y, u)
        return self.rates.fluxes(parts, y, u, heads[:, : self.rates.n_reactions], scaling)

    def _parts(self, theta: FloatArray) -> dict[str, FloatArray]:
        return self.layout(self.rates.n_states, self.rates.n_controls).unpack(theta)

    def _network_outputs(
        self, parts: Mapping[str, FloatArray], y: FloatArray, u: FloatArray
    ) -> FloatArray:
        if not self.has_network:
            return np.zeros((len(y), self.rates.n_reactions))
        seen = [state_features(y, self.features), *([u] if self.network_sees_controls else [])]
        return self.network().forward(parts, np.concatenate(seen, axis=-1))

    def _check(self) -> None:
        kinetic = isinstance(self.pathway, KineticPathway)
        if self.widths or not kinetic:
            check_network(self.widths, self.activation, "glorot")
        if kinetic and self.network_sees_controls:
            raise ModelError(
                "network_sees_controls=True is not for kinetic pathways: their controls are enzyme "
                "levels, which multiply Vmax."
            )
        if self.features not in get_args(StateFeatures):
            raise ModelError(f"features={self.features!r} is not one of linear, log.")
        for name in ("initial_rate", "initial_saturation", "initial_loss", "initial_exchange"):
            if not getattr(self, name) > 0.0:
                raise ModelError(f"{name}={getattr(self, name)!r} must be positive.")
        if not 0.0 < self.initial_exponent < 1.0:
            raise ModelError(
                f"initial_exponent={self.initial_exponent!r} must lie between 0 and 1."
            )

    def _bind(self) -> FluxRule:
        if isinstance(self.pathway, Pathway):
            return LearnedRates(
                compile_pathway(self.pathway, self.state_names, self.control_names),
                self.initial_rate,
                self.initial_saturation,
                self.initial_exponent,
                self.initial_loss,
                self.initial_spread,
            )
        rates = MechanisticRates.of(
            self.pathway, self.state_names, self.control_names, self.initial_spread
        )
        if not self.has_network:
            _check_without_network(rates, self.state_names)
        return rates

    def to_json(self) -> dict[str, Any]:
        """Return the description as JSON data with its ``kind``."""
        names = [item.name for item in fields(self) if item.init and item.name != "pathway"]
        options = {name: getattr(self, name) for name in names}
        listed = {k: list(v) if isinstance(v, tuple) else v for k, v in options.items()}
        return {"kind": self.kind, "pathway": self.pathway.to_json(), **listed}


def _pathway_from_json(data: Mapping[str, Any]) -> Pathway | KineticPathway:
    kinetic = data.get("kind") == "kinetic"
    return KineticPathway.from_json(data) if kinetic else Pathway.from_json(data)


def _check_without_network(rates: MechanisticRates, state_names: Sequence[str]) -> None:
    if len(rates.free):
        raise ModelError(
            f"The state {state_names[rates.free[0]]!r} is no species of the kinetic pathway "
            f"{rates.pathway.name!r} that changes. Leave it out of the data set, or give the model "
            "a network that learns it, widths=(16,)."
        )
    if not rates.shapes():
        raise ModelError(
            f"No parameter of the kinetic pathway {rates.pathway.name!r} is free; name some in "
            "free=."
        )
