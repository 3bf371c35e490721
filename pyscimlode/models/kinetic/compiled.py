"""Rate laws of a whole network as index arrays, so that all reactions are evaluated at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from pyscimlode.models.kinetic.law_shapes import PAIRED, SIDED
from pyscimlode.models.kinetic.reaction_set import ReactionSet
from pyscimlode.models.kinetic.reactions import (
    DISPLACEMENT,
    FIRST_ORDER,
    KineticReaction,
    Modifier,
    Participant,
)

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CompiledLaws:
    """Index arrays of all laws.

    A *term* is a participant whose KM matters; terms are numbered, and the number ``terms`` stands
    for an absent one, whose concentration counts as zero.

    Attributes:
        species: ``(terms,)`` position of the species.
        reaction: ``(terms,)`` position of the reaction.
        km: ``(terms,)`` column of the KM.
        turns: ``(terms,)`` whole numbers n: the denominator of a convenience law has 1 + ... x^n.
        order: ``(terms,)`` power of x in the numerator: zero for products.
        pairs: ``(pairs, 2)`` terms of substrate and product.
        pair_reaction: ``(pairs,)``.
        substrate_side: ``(sided, most substrates)`` terms.
        product_side: ``(sided, most products)`` terms.
        sided_reaction: ``(sided,)``.
        forward: ``(reactions, species)`` powers of concentrations without KM in the forward rate:
            mass action and first-order modifiers.
        displacement: ``(reactions, species)`` powers of Gamma.
    """

    species: IntArray
    reaction: IntArray
    km: IntArray
    turns: IntArray
    order: FloatArray
    pairs: IntArray
    pair_reaction: IntArray
    substrate_side: IntArray
    product_side: IntArray
    sided_reaction: IntArray
    forward: FloatArray
    displacement: FloatArray

    @property
    def terms(self) -> int:
        """Number of participants whose KM matters."""
        return len(self.species)


@lru_cache(maxsize=16)
def compile_laws(network: ReactionSet) -> CompiledLaws:
    """Return the index arrays of a network."""
    terms, number = _terms(network)
    absent = len(terms)
    species, reaction, km, turns, order = np.array(terms, dtype=np.float64).reshape(-1, 5).T
    pairs, pair_reaction = _pairs(network, number, absent)
    sided = [j for j, r in enumerate(network.reactions) if r.law in SIDED]
    substrates = [
        [number[j, p.species, -1] for p in network.reactions[j].substrates] for j in sided
    ]
    products = [[number[j, p.species, 1] for p in network.reactions[j].products] for j in sided]
    return CompiledLaws(
        species=species.astype(np.int64),
        reaction=reaction.astype(np.int64),
        km=km.astype(np.int64),
        turns=turns.astype(np.int64),
        order=np.ascontiguousarray(order),
        pairs=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        pair_reaction=np.array(pair_reaction, dtype=np.int64),
        substrate_side=_padded(substrates, absent),
        product_side=_padded(products, absent),
        sided_reaction=np.array(sided, dtype=np.int64),
        forward=_forward(network),
        displacement=displacement_exponents(network),
    )


Numbers = dict[tuple[int, str, int], int]


def _terms(network: ReactionSet) -> tuple[list[tuple[float, ...]], Numbers]:
    """Return (species, reaction, KM, turns, order) of all terms, and their numbers."""
    position = {name: i for i, name in enumerate(network.species_ids)}
    column = {name: i for i, name in enumerate(network.km_names)}
    terms: list[tuple[float, ...]] = []
    number: Numbers = {}
    for j, reaction in enumerate(network.reactions):
        for item in _with_effect(reaction):
            side = 1 if item.n > 0 else -1
            number[j, item.species, side] = len(terms)
            turns = abs(item.n) if reaction.law == "convenience" else 1
            order = turns if side < 0 else 0
            terms.append((position[item.species], j, column[str(item.km)], turns, order))
    return terms, number


def _with_effect(reaction: KineticReaction) -> tuple[Participant, ...]:
    if reaction.law == "mass_action":
        return ()
    return reaction.participants if reaction.reversible else reaction.substrates


def _pairs(
    network: ReactionSet, number: Numbers, absent: int
) -> tuple[list[tuple[int, int]], list[int]]:
    pairs, reactions = [], []
    for j, reaction in enumerate(network.reactions):
        if reaction.law not in PAIRED:
            continue
        products = [number[j, p.species, 1] for p in reaction.products if reaction.reversible]
        for i, substrate in enumerate(reaction.substrates):
            product = products[i] if i < len(products) else absent
            pairs.append((number[j, substrate.species, -1], product))
            reactions.append(j)
    return pairs, reactions


def displacement_exponents(network: ReactionSet) -> FloatArray:
    """Return the exponents ``(reactions, species)`` of Gamma; irreversible laws have none."""
    position = {name: i for i, name in enumerate(network.species_ids)}
    exponents = np.zeros((len(network.reactions), len(network.species_ids)))
    for row, reaction in zip(exponents, network.reactions, strict=True):
        if not reaction.reversible:
            continue
        displaced = [m for m in reaction.modifiers if m.kind == DISPLACEMENT]
        items: tuple[Participant | Modifier, ...] = (*reaction.participants, *displaced)
        for item in items:
            row[position[item.species]] += item.n
    return exponents


def _forward(network: ReactionSet) -> FloatArray:
    position = {name: i for i, name in enumerate(network.species_ids)}
    powers = np.zeros((len(network.reactions), len(network.species_ids)))
    for row, reaction in zip(powers, network.reactions, strict=True):
        if reaction.law == "mass_action":
            for item in reaction.substrates:
                row[position[item.species]] += -item.n
        for modifier in reaction.modifiers:
            if modifier.kind == FIRST_ORDER and modifier.n < 0:
                row[position[modifier.species]] += abs(modifier.n)
    return powers


def _padded(rows: list[list[int]], absent: int) -> IntArray:
    width = max((len(row) for row in rows), default=1)
    return np.array([row + [absent] * (width - len(row)) for row in rows], dtype=np.int64).reshape(
        -1, width
    )
