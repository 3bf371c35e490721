"""Kinetic networks from stoichiometry alone: laws are chosen, exchanged species are held."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.kinetics.formats.imported import ImportedNetwork, reaction_of_stoichiometry
from pyscimlode.kinetics.networks.network import Compartment, KineticNetwork, KineticSpecies

PROTON = "h"
WATER = "h2o"


@dataclass(frozen=True)
class PlainReaction:
    """A reaction without a rate law."""

    id: str
    coefficients: Mapping[str, float]
    reversible: bool


def plain_name(species: str, compartment: str) -> str:
    """Return a species id without SBML's prefix and its compartment: M_h2o_c is h2o."""
    return species.removeprefix("M_").removesuffix(f"_{compartment}").lower()


def network_of_stoichiometry(
    name: str,
    volume_ratios: Mapping[str, float],
    compartment_of: Mapping[str, str],
    reactions: Sequence[PlainReaction],
    *,
    held: Collection[str] = (),
    keep: Collection[str] | None = None,
) -> ImportedNetwork:
    """Return a kinetic network with the laws of :func:`.chosen_law`.

    Water is left out of all reactions. Protons become modifiers that displace equilibria, and are
    held. Reactions with one side alone (exchanges, sinks) are left out and their species held, as
    are reactions of water alone.

    Args:
        name: of the network.
        volume_ratios: compartment -> cell volume over compartment volume.
        compartment_of: species -> compartment.
        reactions: all reactions.
        held: species to be held beside these.
        keep: ids of reactions to keep; None keeps all. Reactions that carry no flux in the steady
            states of interest cannot be in a kinetic model.

    Raises:
        ModelError: nothing is left, an unknown id, or a reaction that no law takes.
    """
    known = [r.id for r in reactions]
    for id_ in keep or ():
        if id_ not in known:
            raise ModelError(
                f"The reaction {id_!r} to keep is not known." + did_you_mean(id_, known)
            )
    for species in held:
        if species not in compartment_of:
            raise ModelError(
                f"The species {species!r} to hold is not known."
                + did_you_mean(species, compartment_of)
            )
    short = {s: plain_name(s, c) for s, c in compartment_of.items()}
    protons = [s for s in compartment_of if short[s] == PROTON]
    fixed, left_out, made = {*held, *protons}, {}, []
    for reaction in reactions:
        parts = {s: n for s, n in reaction.coefficients.items() if n and short[s] != WATER}
        if len({n > 0 for n in parts.values()}) < 2:
            fixed.update(parts)
            left_out[reaction.id] = "has one side alone; its species are held"
        elif keep is not None and reaction.id not in keep:
            left_out[reaction.id] = "not among the reactions to keep"
        else:
            made.append(
                reaction_of_stoichiometry(
                    reaction.id, parts, reversible=reaction.reversible, modifiers=protons
                )
            )
    if not made:
        raise ModelError(f"The network {name!r} has no reaction with substrates and products.")
    used = {item.species for reaction in made for item in reaction.balanced}
    if used <= fixed:
        raise ModelError(f"All species of the network {name!r} are held; keep some of them free.")
    network = KineticNetwork(
        name,
        tuple(Compartment(id_, ratio) for id_, ratio in volume_ratios.items()),
        tuple(KineticSpecies(s, c, s in fixed) for s, c in compartment_of.items() if s in used),
        tuple(made),
    )
    return ImportedNetwork(network, None, {}, left_out)
