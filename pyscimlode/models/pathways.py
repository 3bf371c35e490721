"""A pathway as plain data: which reaction makes what from what, with which enzymes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from pyscimlode.errors import ModelError

Amounts = Mapping[str, float]


@dataclass(frozen=True)
class Reaction:
    """One step: substrates -> products, catalysed by enzymes.

    Args:
        name: of the flux, unique in its pathway.
        substrates: species -> amount that one turn consumes; none for an inflow.
        products: species -> amount that one turn makes; none for an outflow.
        enzymes: controls that the rate is proportional to (a power of each). Several: steps that
            were measured as one.
        learned_yields: whether the amounts of the products are learned positive factors, because
            their units differ from the substrates' or because carbon is lost.

    Raises:
        ModelError: an amount is not positive, or the reaction has neither substrate nor product.

    >>> Reaction("v1", {"A": 1}, {"B": 1}, ("E1",)).substrates["A"]
    1.0
    """

    name: str
    substrates: Amounts = field(default_factory=dict)
    products: Amounts = field(default_factory=dict)
    enzymes: Sequence[str] = ()
    learned_yields: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.enzymes, str):
            object.__setattr__(self, "enzymes", (self.enzymes,))
        object.__setattr__(self, "enzymes", tuple(self.enzymes))
        if len(set(self.enzymes)) != len(self.enzymes):
            raise ModelError(f"Reaction {self.name!r} names an enzyme twice: {self.enzymes}.")
        for side in ("substrates", "products"):
            amounts = {str(k): float(v) for k, v in getattr(self, side).items()}
            for species, amount in amounts.items():
                if not (math.isfinite(amount) and amount > 0):
                    raise ModelError(
                        f"Reaction {self.name!r}: the amount of {species!r} among the {side} is "
                        f"{amount!r}; amounts are positive on both sides."
                    )
            object.__setattr__(self, side, MappingProxyType(amounts))
        if not self.substrates and not self.products:
            raise ModelError(f"Reaction {self.name!r} has neither substrates nor products.")

    def __hash__(self) -> int:
        sides = (tuple(self.substrates.items()), tuple(self.products.items()))
        return hash((self.name, sides, tuple(self.enzymes), self.learned_yields))

    def to_json(self) -> dict[str, Any]:
        """Return the reaction as JSON data."""
        return {
            "name": self.name,
            "substrates": dict(self.substrates),
            "products": dict(self.products),
            "enzymes": list(self.enzymes),
            "learned_yields": self.learned_yields,
        }


@dataclass(frozen=True)
class Pathway:
    """Reactions among measured species.

    States of a data set that no reaction names (growth, cofactors, side products) are free: a
    network learns their production and degradation.

    Args:
        reactions: at least one; names are unique.
        exchanged: species of the reactions that are also made and used outside the pathway, such
            as acetyl-CoA; the network learns that part as for free states.
        losses: species with a learned first-order loss, such as evaporation or dilution.

    Raises:
        ModelError: names that are not unique, or species that no reaction has.
    """

    reactions: tuple[Reaction, ...]
    exchanged: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    model_kind: ClassVar[str] = "hybrid_ode"

    def __post_init__(self) -> None:
        for name in ("reactions", "exchanged", "losses"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.reactions:
            raise ModelError("A pathway needs at least one reaction.")
        names = [reaction.name for reaction in self.reactions]
        if len(set(names)) != len(names):
            raise ModelError(f"Reaction names are not unique: {', '.join(names)}.")
        for what in ("exchanged", "losses"):
            chosen: tuple[str, ...] = getattr(self, what)
            unknown = [name for name in chosen if name not in self.species]
            if unknown or len(set(chosen)) != len(chosen):
                raise ModelError(
                    f"{what}={chosen!r} must name species of the reactions, each once; "
                    f"there are {', '.join(self.species)}."
                )

    @property
    def species(self) -> tuple[str, ...]:
        """Species of the reactions, in order of appearance."""
        found = [name for r in self.reactions for name in (*r.substrates, *r.products)]
        return tuple(dict.fromkeys(found))

    @property
    def enzymes(self) -> tuple[str, ...]:
        """Enzymes of the reactions, in order of appearance."""
        return tuple(dict.fromkeys(name for r in self.reactions for name in r.enzymes))

    def to_json(self) -> dict[str, Any]:
        """Return the pathway as JSON data."""
        return {
            "reactions": [reaction.to_json() for reaction in self.reactions],
            "exchanged": list(self.exchanged),
            "losses": list(self.losses),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Pathway:
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelError: it is something else.
        """
        try:
            options = dict(data)
            reactions = tuple(Reaction(**item) for item in options.pop("reactions"))
            return cls(reactions, **options)
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"The description of a pathway does not fit ({type(error).__name__}: {error})."
            ) from error


def permuted_enzymes(pathway: Pathway, seed: int = 0) -> Pathway:
    """Return the pathway with its enzymes assigned to wrong reactions.

    The control of a pathway model: what is lost is what the correct assignment was worth. Every
    enzyme becomes another one throughout, and no reaction keeps one of its own.

    Raises:
        ModelError: no such assignment exists, as for a single enzyme.
    """
    enzymes = pathway.enzymes
    rng = np.random.default_rng(seed)
    for _ in range(10_000):
        assigned = dict(zip(enzymes, rng.permutation(list(enzymes)).tolist(), strict=True))
        if enzymes and all(
            assigned[enzyme] not in reaction.enzymes
            for reaction in pathway.reactions
            for enzyme in reaction.enzymes
        ):
            return replace(pathway, reactions=tuple(_renamed(pathway.reactions, assigned)))
    raise ModelError(
        f"The enzymes ({', '.join(enzymes) or 'none'}) cannot be assigned so that every reaction "
        "gets wrong ones."
    )


def _renamed(reactions: Iterable[Reaction], assigned: Mapping[str, str]) -> list[Reaction]:
    return [replace(r, enzymes=tuple(assigned[enzyme] for enzyme in r.enzymes)) for r in reactions]
