"""Equilibrium constants from eQuilibrator, where equilibrator-api is installed.

Beber et al., Nucleic Acids Res. 50:D603 (2022).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import DataError, MissingDependencyError, did_you_mean
from pyscimlode.kinetics.formats.imported import import_extra
from pyscimlode.kinetics.formats.stoichiometric import PROTON, WATER, plain_name
from pyscimlode.kinetics.networks.network import KineticNetwork
from pyscimlode.models.kinetic.reactions import DISPLACEMENT, KineticReaction

FloatArray = npt.NDArray[np.float64]
GAS_CONSTANT = 8.314462618e-3
"""kJ/mol/K (CODATA 2018)."""


@dataclass(frozen=True, eq=False)
class EstimatedKeq:
    """Estimated equilibrium constants.

    Attributes:
        keq: ``(reactions,)`` in mM as :class:`SteadyState` has them; inf for irreversible laws,
            NaN where there is no estimate.
        log_sd: ``(reactions,)`` standard error of ln Keq; NaN where there is no estimate.
        missing: reaction -> why it has no estimate.
    """

    keq: FloatArray
    log_sd: FloatArray
    missing: Mapping[str, str]

    def filled(self, network: KineticNetwork, values: Mapping[str, float]) -> FloatArray:
        """Return ``keq`` with values for reactions that have no estimate (or another one).

        Passive transport has 1; with protons of kind ``displacement`` it is what their gradient
        gives.

        Args:
            network: that was estimated.
            values: reaction -> Keq in mM.

        Raises:
            ModelError: an unknown reaction.
        """
        keq = self.keq.copy()
        keq[network.reaction_index(values)] = list(values.values())
        return keq


def keq_from_equilibrator(
    network: KineticNetwork,
    *,
    identifiers: Mapping[str, str] | None = None,
    ph: float = 7.5,
    ionic_strength: float = 0.25,
    temperature: float = 298.15,
    contribution: Any = None,
) -> EstimatedKeq:
    """Estimate Keq = exp(-dG'0 / RT) of the reversible reactions inside one compartment.

    dG'0 is the standard transformed energy at this pH: protons and water are no participants. It
    refers to 1 M; Keq here to mM, with protons of kind ``displacement`` as factors at this pH.
    Water that the network leaves out is put back where oxygen asks for it.
    Reactions across compartments depend on gradients that eQuilibrator is not told, and have no
    estimate.

    Args:
        network: the kinetic network.
        identifiers: species -> identifier, such as ``"bigg.metabolite:atp"`` or
            ``"kegg:C00002"``; by default BiGG's of the species id without compartment.
        ph: of all compartments.
        ionic_strength: M.
        temperature: K.
        contribution: an ``equilibrator_api.ComponentContribution`` to use. When None, one is made
            on the compounds that equilibrator-cache-data brings (KEGG's and BiGG's), which
            downloads nothing; one of your own may download eQuilibrator's full database (1.3 GB)
            when it meets a compound that these lack.

    Raises:
        MissingDependencyError: equilibrator-api is not installed.
        DataError: an unknown species among the identifiers.
    """
    try:
        import equilibrator_api as api
    except ImportError as error:
        raise MissingDependencyError(
            "Estimating equilibrium constants needs equilibrator-api, which is not installed "
            f"({error}); install it with: pip install 'pyscimlode[equilibrator]'"
        ) from error
    for name in identifiers or ():
        if name not in network.species_ids:
            raise DataError(
                f"The species {name!r} of the identifiers is not in the network."
                + did_you_mean(name, network.species_ids)
            )
    if contribution is None:
        contribution = api.ComponentContribution(ccache=_bundled_compounds())
    contribution.p_h = api.Q_(ph)
    contribution.ionic_strength = api.Q_(ionic_strength, "M")
    contribution.temperature = api.Q_(temperature, "K")
    compounds = _compounds(network, dict(identifiers or {}), contribution)
    keq, log_sd = np.full((2, len(network.reactions)), np.nan)
    missing: dict[str, str] = {}
    for j, reaction in enumerate(network.reactions):
        if not reaction.reversible:
            keq[j] = np.inf
            continue
        why = _obstacle(network, reaction, compounds)
        if why:
            missing[reaction.id] = why
            continue
        balanced = _balanced(api, contribution, network, reaction, compounds)
        if balanced is None:
            missing[reaction.id] = "is not balanced in its atoms, also with water"
            continue
        energy = contribution.standard_dg_prime(balanced)
        value, sd = (float(part.m_as("kilojoule/mole")) for part in (energy.value, energy.error))
        keq[j] = math.exp(
            -value / (GAS_CONSTANT * temperature) + log_unit_factor(network, reaction, ph)
        )
        log_sd[j] = sd / (GAS_CONSTANT * temperature)
    return EstimatedKeq(keq, log_sd, FrozenDict(missing))


def _bundled_compounds() -> Any:
    """Return the compounds of equilibrator-cache-data, without eQuilibrator's way to more."""
    from equilibrator_cache.api import create_compound_cache_from_sqlite_file

    data = import_extra("equilibrator_cache_data", "equilibrator", "Estimating Keq offline")
    return create_compound_cache_from_sqlite_file(data.MINI_COMPOUND_CACHE_PATH)


def log_unit_factor(network: KineticNetwork, reaction: KineticReaction, ph: float) -> float:
    """Return ln(Keq in mM with displacing protons / Keq' in M at this pH)."""
    names = _plain(network)
    order = sum(item.n for item in reaction.balanced if names[item.species] not in (PROTON, WATER))
    protons = sum(
        m.n for m in reaction.modifiers if m.kind == DISPLACEMENT and names[m.species] == PROTON
    )
    protons += sum(p.n for p in reaction.participants if names[p.species] == PROTON)
    return math.log(1000.0) * order + protons * math.log(10.0 ** (3.0 - ph))


def bigg_identifier(species: str, compartment: str) -> str:
    """Return BiGG's identifier: glc_D_c is bigg.metabolite:glc__D."""
    name = species.removeprefix("M_").removesuffix(f"_{compartment}").lstrip("_")
    return "bigg.metabolite:" + re.sub(r"(?<!_)_([DLRS])$", r"__\1", name)


def _plain(network: KineticNetwork) -> dict[str, str]:
    return {s.id: plain_name(s.id, s.compartment) for s in network.species}


def _compounds(
    network: KineticNetwork, identifiers: dict[str, str], contribution: Any
) -> dict[str, Any]:
    found = {}
    for species in network.species:
        default = bigg_identifier(species.id, species.compartment)
        found[species.id] = contribution.get_compound(identifiers.get(species.id, default))
    return found


def _obstacle(
    network: KineticNetwork, reaction: KineticReaction, compounds: Mapping[str, Any]
) -> str:
    compartment = {s.id: s.compartment for s in network.species}
    used = [item.species for item in reaction.balanced]
    if len({compartment[name] for name in used}) > 1:
        return "runs across compartments"
    unknown = [name for name in used if compounds[name] is None]
    return f"eQuilibrator does not know {unknown[0]!r}" if unknown else ""


def _balanced(
    api: Any,
    contribution: Any,
    network: KineticNetwork,
    reaction: KineticReaction,
    compounds: Mapping[str, Any],
) -> Any:
    """Return eQuilibrator's reaction, with water where it is lacking; None if that is not all."""
    names = _plain(network)
    parts: dict[Any, float] = {}
    for item in reaction.balanced:
        if names[item.species] != PROTON:
            compound = compounds[item.species]
            parts[compound] = parts.get(compound, 0.0) + item.n
    made = api.Reaction(parts)
    if made.is_balanced(ignore_atoms=("H",)):
        return made
    water = contribution.get_compound("bigg.metabolite:h2o")
    return made.balance_with_compound(water, ignore_atoms=("H",))
