"""Kinetic models as hybrid models that are trained on time series, and back again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError
from pyscimlode.models.base import Model
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates
from pyscimlode.models.kinetic.pathway import KineticPathway, PathwaySpecies

if TYPE_CHECKING:
    from pyscimlode.kinetics.dynamics.ode import KineticModel

FloatArray = npt.NDArray[np.float64]
GROUPS = ("km", "vmax")
"""Names in ``free`` that stand for all KM and for all Vmax."""


class Fitted(Protocol):
    """What is read of a fit: its bound model and parameters ``(members, size)``."""

    @property
    def model(self) -> Model:
        """The model that was trained."""

    @property
    def theta(self) -> FloatArray:
        """Trained parameters."""


def kinetic_pathway(
    model: KineticModel,
    free: Sequence[str] = GROUPS,
    enzymes: Mapping[str, str] | Sequence[str] | None = None,
    reference_levels: Mapping[str, float] | None = None,
) -> KineticPathway:
    """Return a kinetic model as the pathway of a hybrid model; see :meth:`KineticModel.hybrid`.

    Raises:
        ModelError: an unknown parameter or reaction.
    """
    network, state = model.network, model.state
    names = network.km_names
    every = {"km": names, "vmax": tuple(f"vmax_{r}" for r in network.reaction_ids)}
    chosen = [name for item in free for name in every.get(item, (item,))]
    if enzymes is not None and not isinstance(enzymes, Mapping):
        enzymes = {name: name for name in enzymes}
    rows = zip(network.species, state.concentrations.tolist(), network.volume_ratios, strict=True)
    return KineticPathway(
        network.name,
        tuple(PathwaySpecies(s.id, c, float(ratio), s.fixed) for s, c, ratio in rows),
        network.reactions,
        tuple(state.keq.tolist()),
        dict(zip(names, np.exp(model.ln_km).tolist(), strict=True)),
        tuple(np.exp(model.ln_vmax).tolist()),
        tuple(chosen),
        enzymes,
        reference_levels or {},
    )


def fitted_parameters(
    model: KineticModel, fit: Fitted, member: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return ln KM ``(KM,)`` and ln Vmax ``(reactions,)`` that a fit of the model has learned.

    Raises:
        ModelError: the fit is not of this network's kinetic pathway, has no such member, or has a
            network that corrects the rates.
    """
    hybrid = fit.model
    rates = hybrid.rates if isinstance(hybrid, HybridODE) else None
    if not isinstance(hybrid, HybridODE) or not isinstance(rates, MechanisticRates):
        raise ModelError(
            f"A {hybrid.kind} model has no KM and Vmax; fit KineticModel.hybrid() to get them."
        )
    pathway, network = rates.pathway, model.network
    if (pathway.km_names, pathway.reactions) != (network.km_names, network.reactions):
        raise ModelError(
            f"The fit is of the network {pathway.name!r}, whose reactions are not those of "
            f"{network.name!r}."
        )
    if hybrid.has_network:
        raise ModelError(
            "A network corrects the rates of this fit, so KM and Vmax alone are another model. Fit "
            "KineticModel.hybrid(widths=()) instead."
        )
    if not 0 <= member < len(fit.theta):
        raise ModelError(f"member={member}: the fit has the members 0 to {len(fit.theta) - 1}.")
    layout = hybrid.layout(rates.n_states, rates.n_controls)
    return rates.parameters(layout.unpack(fit.theta[member]))
