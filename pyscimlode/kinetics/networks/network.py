"""A kinetic network as plain data: species in compartments, reactions with rate laws, moieties."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.kinetics.networks.moieties import find_moieties
from pyscimlode.models.kinetic.reactions import KineticReaction, repeated

FloatArray = npt.NDArray[np.float64]
BALANCE_TOLERANCE = 1e-9
"""Largest imbalance of a moiety in a reaction, relative to the amounts that cancel."""


@dataclass(frozen=True)
class Compartment:
    """A compartment and its ``volume_ratio``: cell volume over compartment volume.

    Fluxes count per cell volume, so dc/dt of a species is its flux balance times this ratio.
    """

    id: str
    volume_ratio: float = 1.0


@dataclass(frozen=True)
class KineticSpecies:
    """A species; ``fixed`` ones are held at their concentration and have no equation."""

    id: str
    compartment: str
    fixed: bool = False


@dataclass(frozen=True)
class KineticNetwork:
    """Species, reactions and conserved moieties of a kinetic model.

    Args:
        name: of the network.
        compartments: unique ids, positive ratios.
        species: unique ids; their order is the order of concentrations everywhere.
        reactions: unique ids; their order is the order of fluxes everywhere.
        moieties: species -> weight of the conserved totals; None finds them
            (:func:`pyscimlode.kinetics.find_moieties`).
        dependent: one species for each moiety, which follows from the total; None with
            ``moieties=None``.
        km_order: names of all KM in the order of their columns; by default the order of the
            reactions and their participants.

    Raises:
        ModelError: names that are unknown or not unique, a moiety that a reaction does not
            conserve; the message names reaction and species.
    """

    name: str
    compartments: tuple[Compartment, ...]
    species: tuple[KineticSpecies, ...]
    reactions: tuple[KineticReaction, ...]
    moieties: tuple[Mapping[str, float], ...] | None = None
    dependent: tuple[str, ...] | None = None
    km_order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("compartments", "species", "reactions"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        self._check_names()
        names = [p.km for r in self.reactions for p in r.participants if p.km is not None]
        object.__setattr__(self, "km_order", tuple(self.km_order) or tuple(names))
        self._check_km(names)
        if self.moieties is None:
            found, dependent = find_moieties(self)
            object.__setattr__(self, "moieties", found)
            object.__setattr__(self, "dependent", dependent)
        else:
            frozen = tuple(FrozenDict({k: float(v) for k, v in m.items()}) for m in self.moieties)
            object.__setattr__(self, "moieties", frozen)
            object.__setattr__(self, "dependent", tuple(self.dependent or ()))
            self._check_moieties()

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.species, self.reactions, self.dependent, self.km_order))

    @cached_property
    def species_ids(self) -> tuple[str, ...]:
        """Ids of all species."""
        return tuple(s.id for s in self.species)

    @cached_property
    def reaction_ids(self) -> tuple[str, ...]:
        """Ids of all reactions."""
        return tuple(r.id for r in self.reactions)

    @cached_property
    def dynamic_ids(self) -> tuple[str, ...]:
        """Ids of the species that have an equation."""
        return tuple(s.id for s in self.species if not s.fixed)

    @cached_property
    def independent_ids(self) -> tuple[str, ...]:
        """Ids of the dynamic species that no moiety total determines; rows of the Jacobian."""
        dependent = set(self.dependent or ())
        return tuple(s for s in self.dynamic_ids if s not in dependent)

    @property
    def km_names(self) -> tuple[str, ...]:
        """Names of the KM in the order of their columns."""
        return self.km_order

    @cached_property
    def km_active(self) -> npt.NDArray[np.bool_]:
        """``(KM,)`` whether a KM has any effect; product KM of irreversible laws have none."""
        inert = {p.km for r in self.reactions if not r.reversible for p in r.products}
        return np.array([name not in inert for name in self.km_order], dtype=bool)

    @cached_property
    def volume_ratios(self) -> FloatArray:
        """``(species,)`` volume ratio of each species' compartment."""
        ratio = {c.id: float(c.volume_ratio) for c in self.compartments}
        return np.array([ratio[s.compartment] for s in self.species])

    def species_index(self, ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return positions of species among :attr:`species_ids`.

        Raises:
            ModelError: an unknown id.
        """
        position = {name: i for i, name in enumerate(self.species_ids)}
        return np.array([_look_up(position, name, "species") for name in ids], dtype=np.int64)

    def reaction_index(self, ids: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return positions of reactions among :attr:`reaction_ids`.

        Raises:
            ModelError: an unknown id.
        """
        position = {name: i for i, name in enumerate(self.reaction_ids)}
        return np.array([_look_up(position, name, "reaction") for name in ids], dtype=np.int64)

    def with_dependent(self, dependent: Sequence[str]) -> KineticNetwork:
        """Return the network with another choice of the species that follow from the totals."""
        return replace(self, dependent=tuple(dependent))

    def _check_names(self) -> None:
        groups: dict[str, list[str]] = {
            "compartment": [c.id for c in self.compartments],
            "species": [s.id for s in self.species],
            "reaction": [r.id for r in self.reactions],
        }
        for what, ids in groups.items():
            twice = repeated(ids)
            if twice or not ids:
                problem = f"the {what} id {twice[0]!r} twice" if twice else f"no {what}"
                raise ModelError(f"Network {self.name!r} has {problem}.")
        if all(s.fixed for s in self.species):
            raise ModelError(
                f"Network {self.name!r} has no dynamic species: all {len(self.species)} are fixed; "
                "leave some of them free."
            )
        for compartment in self.compartments:
            if not (math.isfinite(compartment.volume_ratio) and compartment.volume_ratio > 0):
                raise ModelError(
                    f"Compartment {compartment.id!r} has volume_ratio "
                    f"{compartment.volume_ratio!r}; it must be a positive number."
                )
        for species in self.species:
            if species.compartment not in groups["compartment"]:
                raise ModelError(
                    f"Species {species.id!r} is in the compartment {species.compartment!r}, which "
                    f"is not known; there are {', '.join(groups['compartment'])}."
                )
        known = set(groups["species"])
        for reaction in self.reactions:
            for item in reaction.balanced:
                if item.species not in known:
                    raise ModelError(
                        f"Reaction {reaction.id!r} names the species {item.species!r}, which is "
                        "not known." + did_you_mean(item.species, known)
                    )

    def _check_km(self, names: list[str]) -> None:
        twice = repeated(names) or repeated(self.km_order)
        if twice:
            raise ModelError(f"The KM name {twice[0]!r} is given twice; each KM needs its own.")
        different = sorted(set(names) ^ set(self.km_order))
        if different:
            raise ModelError(
                f"km_order and the reactions do not name the same KM: {different[0]!r} is in one "
                "of them alone."
            )

    def _check_moieties(self) -> None:
        moieties, dependent = self.moieties or (), self.dependent or ()
        if len(moieties) != len(dependent) or repeated(dependent):
            raise ModelError(
                f"Network {self.name!r} has {len(moieties)} moieties and {len(dependent)} "
                "dependent species; name one species for each moiety."
            )
        for number, (moiety, species) in enumerate(zip(moieties, dependent, strict=True), 1):
            for name in (*moiety, species):
                if name not in self.dynamic_ids:
                    raise ModelError(
                        f"Moiety {number} names {name!r}, which is no dynamic species."
                        + did_you_mean(name, self.dynamic_ids)
                    )
        for number, moiety in enumerate(moieties, 1):
            for reaction in self.reactions:
                self._check_balance(number, moiety, reaction)

    def _check_balance(
        self, number: int, moiety: Mapping[str, float], reaction: KineticReaction
    ) -> None:
        parts = [
            (item.species, item.n * moiety[item.species])
            for item in reaction.balanced
            if item.species in moiety
        ]
        total, size = sum(x for _, x in parts), sum(abs(x) for _, x in parts)
        if abs(total) > BALANCE_TOLERANCE * size:
            terms = ", ".join(f"{name} {amount:+g}" for name, amount in parts)
            raise ModelError(
                f"Reaction {reaction.id!r} does not conserve moiety {number} "
                f"({', '.join(moiety)}): {terms} add up to {total:g}. Mend the coefficients, or "
                "leave the moiety out."
            )

    def to_json(self) -> dict[str, Any]:
        """Return the network as JSON data; :func:`network_from_json` reads it."""
        from pyscimlode.kinetics.formats.case_json import network_to_json

        return network_to_json(self)


def _look_up(position: Mapping[str, int], name: str, what: str) -> int:
    if name not in position:
        raise ModelError(f"The {what} {name!r} is not known." + did_you_mean(name, position))
    return position[name]
