"""A pathway as index arrays over the states and controls of a data set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.models.pathways import Pathway

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Structure:
    """Who takes part in which reaction.

    A saturation is one substrate in one reaction; a use is one enzyme in one reaction; an entry
    is one species on one side of a reaction.

    Attributes:
        n_states: states of the data set.
        n_controls: controls of the data set.
        n_reactions: reactions.
        saturation_reaction: ``(saturations,)``.
        saturation_state: ``(saturations,)``.
        factors: ``(reactions, most substrates)`` saturations of each reaction; the number of
            saturations, one too many, stands for a factor of one.
        others: ``(saturations, most substrates - 1)`` the other saturations of its reaction,
            likewise.
        use_reaction: ``(uses,)``.
        use_control: ``(uses,)``.
        entry_state: ``(entries,)``.
        entry_reaction: ``(entries,)``.
        entry_amount: ``(entries,)``, negative for substrates.
        entry_yield: ``(entries,)`` index of its learned factor, -1 for a fixed amount.
        reference: ``(reactions,)`` the state in whose scale the reaction's flux is expressed: its
            first substrate, or its first product if it has none.
        free: states that no reaction has, and the exchanged ones.
        lost: states with a learned loss.
    """

    n_states: int
    n_controls: int
    n_reactions: int
    saturation_reaction: IntArray
    saturation_state: IntArray
    factors: IntArray
    others: IntArray
    use_reaction: IntArray
    use_control: IntArray
    entry_state: IntArray
    entry_reaction: IntArray
    entry_amount: FloatArray
    entry_yield: IntArray
    reference: IntArray
    free: IntArray
    lost: IntArray

    @property
    def learned(self) -> IntArray:
        """Entries with a learned factor, in the order of the factors."""
        return np.flatnonzero(self.entry_yield >= 0)

    def fixed_amounts(self, state_scale: FloatArray) -> FloatArray:
        """Return the fixed amounts per scaled flux, ``(..., states, reactions)``.

        A flux is in units of its reference state's scale, so that an amount of another species is
        multiplied by the ratio of the scales.
        """
        fixed = np.flatnonzero(self.entry_yield < 0)
        state, reaction = self.entry_state[fixed], self.entry_reaction[fixed]
        ratio = state_scale[..., self.reference[reaction]] / state_scale[..., state]
        amounts = np.zeros((*state_scale.shape[:-1], self.n_states, self.n_reactions))
        # A species on both sides of a reaction has two entries in one place.
        for index in range(len(fixed)):
            amounts[..., state[index], reaction[index]] += (
                self.entry_amount[fixed[index]] * ratio[..., index]
            )
        return amounts

    def learned_amounts(self) -> FloatArray:
        """Return where learned factors enter, ``(factors, states, reactions)``."""
        learned = self.learned
        amounts = np.zeros((len(learned), self.n_states, self.n_reactions))
        index = np.arange(len(learned))
        amounts[index, self.entry_state[learned], self.entry_reaction[learned]] = self.entry_amount[
            learned
        ]
        return amounts


def compile_pathway(
    pathway: Pathway, state_names: Sequence[str], control_names: Sequence[str]
) -> Structure:
    """Return the structure of a pathway in a data set with these states and controls.

    Raises:
        ModelError: a species or an enzyme that the data set does not have.
    """
    states = _positions(pathway.species, state_names, "species", "states")
    controls = _positions(pathway.enzymes, control_names, "enzyme", "controls")
    saturations: list[tuple[int, int]] = []
    uses: list[tuple[int, int]] = []
    entries: list[tuple[int, int, float, bool]] = []
    reference: list[int] = []
    for index, reaction in enumerate(pathway.reactions):
        saturations += [(index, states[name]) for name in reaction.substrates]
        uses += [(index, controls[name]) for name in reaction.enzymes]
        entries += [(states[n], index, -x, False) for n, x in reaction.substrates.items()]
        learned = reaction.learned_yields
        entries += [(states[n], index, x, learned) for n, x in reaction.products.items()]
        reference.append(states[next(iter((*reaction.substrates, *reaction.products)))])
    touched = {states[name] for name in pathway.species}
    free = {i for i in range(len(state_names)) if i not in touched}
    free |= {states[name] for name in pathway.exchanged}
    owners = np.array([r for r, _ in saturations], dtype=np.int64)
    is_learned = np.array([entry[3] for entry in entries], dtype=bool)
    return Structure(
        n_states=len(state_names),
        n_controls=len(control_names),
        n_reactions=len(pathway.reactions),
        saturation_reaction=owners,
        saturation_state=_integers(s for _, s in saturations),
        factors=_members(owners, range(len(pathway.reactions))),
        others=_others(owners),
        use_reaction=_integers(r for r, _ in uses),
        use_control=_integers(c for _, c in uses),
        entry_state=_integers(entry[0] for entry in entries),
        entry_reaction=_integers(entry[1] for entry in entries),
        entry_amount=np.array([entry[2] for entry in entries]),
        entry_yield=np.where(is_learned, np.cumsum(is_learned) - 1, -1),
        reference=_integers(reference),
        free=_integers(sorted(free)),
        lost=_integers(states[name] for name in pathway.losses),
    )


def _positions(names: Iterable[str], known: Sequence[str], what: str, where: str) -> dict[str, int]:
    positions = {name: index for index, name in enumerate(known)}
    for name in names:
        if name not in positions:
            raise ModelError(
                f"The pathway has the {what} {name!r}, which is not among the {where} of the data "
                f"set ({', '.join(known) or 'none'}). Rename it in the pathway or in the data."
                + did_you_mean(name, known)
            )
    return {name: positions[name] for name in names}


def _integers(values: Iterable[int]) -> IntArray:
    return np.array(list(values), dtype=np.int64)


def _members(owners: IntArray, groups: Iterable[int]) -> IntArray:
    """Return for each group the items it owns, filled up with one more than there are."""
    rows = [np.flatnonzero(owners == group).tolist() for group in groups]
    return _filled(rows, len(owners))


def _others(owners: IntArray) -> IntArray:
    rows = [
        [item for item in np.flatnonzero(owners == owner).tolist() if item != index]
        for index, owner in enumerate(owners)
    ]
    return _filled(rows, len(owners))


def _filled(rows: list[list[int]], value: int) -> IntArray:
    width = max((len(row) for row in rows), default=0)
    filled = np.full((len(rows), width), value, dtype=np.int64)
    for index, row in enumerate(rows):
        filled[index, : len(row)] = row
    return filled
