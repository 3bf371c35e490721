"""Reactions with rate laws, their participants and modifiers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pyscimlode.errors import ModelError
from pyscimlode.models.kinetic.law_shapes import check_shape

DISPLACEMENT = "displacement"
FIRST_ORDER = "first_order"


@dataclass(frozen=True)
class Participant:
    """A substrate (``n`` < 0) or product (``n`` > 0) with the name of its KM, where it has one."""

    species: str
    n: float
    km: str | None = None


@dataclass(frozen=True)
class Modifier:
    """A species that is balanced and moves the rate, but has no KM; protons as a rule.

    Attributes:
        species: its id.
        n: stoichiometric coefficient, negative where consumed.
        kind: ``"displacement"`` multiplies the backward rate by h^n, where there is one;
            ``"first_order"`` multiplies the forward rate by h^abs(n) where the modifier is
            consumed. A produced one is balanced and has no effect on the rate.
    """

    species: str
    n: float
    kind: str = DISPLACEMENT


@dataclass(frozen=True)
class KineticReaction:
    """A reaction with its rate law.

    Args:
        id: unique in its network.
        law: one of :data:`pyscimlode.models.kinetic.law_shapes.LAWS`.
        participants: substrates and products; substrate i of ``hill_nn`` is paired with product i.
        modifiers: see :class:`Modifier`.

    Raises:
        ModelError: an unknown law, participants that the law does not take, a coefficient that is
            zero or not finite, a species that takes part twice on one side.
    """

    id: str
    law: str
    participants: tuple[Participant, ...]
    modifiers: tuple[Modifier, ...] = ()

    def __post_init__(self) -> None:
        for name in ("participants", "modifiers"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for item in self.balanced:
            if not math.isfinite(item.n) or item.n == 0:
                raise ModelError(
                    f"Reaction {self.id!r}: the coefficient of {item.species!r} is {item.n!r}; "
                    "it must be a number other than zero (negative for substrates)."
                )
        for modifier in self.modifiers:
            if modifier.kind not in (DISPLACEMENT, FIRST_ORDER):
                raise ModelError(
                    f"Reaction {self.id!r}: the modifier {modifier.species!r} is of kind "
                    f"{modifier.kind!r}; there are {DISPLACEMENT!r} and {FIRST_ORDER!r}."
                )
        for side in (self.substrates, self.products):
            twice = repeated(item.species for item in side)
            if twice:
                raise ModelError(
                    f"Reaction {self.id!r} names {twice[0]!r} twice on one side; "
                    "add the coefficients up."
                )
        check_shape(self.id, self.law, self.substrates, self.products)

    @property
    def substrates(self) -> tuple[Participant, ...]:
        """Participants with n < 0, in order."""
        return tuple(p for p in self.participants if p.n < 0)

    @property
    def products(self) -> tuple[Participant, ...]:
        """Participants with n > 0, in order."""
        return tuple(p for p in self.participants if p.n > 0)

    @property
    def balanced(self) -> tuple[Participant | Modifier, ...]:
        """Everything that the reaction makes or consumes: participants, then modifiers."""
        return (*self.participants, *self.modifiers)

    @property
    def reversible(self) -> bool:
        """Whether the law has a backward rate, and so needs an equilibrium constant."""
        return self.law != "irrev_mm"

    def to_json(self) -> dict[str, Any]:
        """Return the reaction as JSON data."""
        return {
            "id": self.id,
            "law": self.law,
            "participants": [asdict(item) for item in self.participants],
            "modifiers": [asdict(item) for item in self.modifiers],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KineticReaction:
        """Read what :meth:`to_json` wrote."""
        return cls(
            data["id"],
            data["law"],
            tuple(Participant(**item) for item in data["participants"]),
            tuple(Modifier(**item) for item in data["modifiers"]),
        )


def reaction(
    id_: str, law: str, equation: str, modifiers: Sequence[tuple[str, float, str]] = ()
) -> KineticReaction:
    """Return a reaction written as ``"A + 2 B <-> C"``; KM are named after species and reaction.

    Args:
        id_: of the reaction.
        law: its rate law.
        equation: with ``<->`` or ``->`` between the sides (the law decides on reversibility).
        modifiers: (species, coefficient, kind) of each.

    Raises:
        ModelError: an equation that cannot be read, or a reaction that is not valid.
    """
    parts = equation.replace("<->", "->").split("->")
    if len(parts) != 2:
        raise _unread(id_, equation, equation)
    left, right = (_side(id_, equation, part) for part in parts)
    sides = [*((name, -n) for name, n in left), *right]
    with_km = law != "mass_action"
    participants = [
        Participant(name, n, f"km_{name}_{id_}" if with_km else None) for name, n in sides
    ]
    return KineticReaction(
        id_, law, tuple(participants), tuple(Modifier(*modifier) for modifier in modifiers)
    )


def _side(id_: str, equation: str, text: str) -> list[tuple[str, float]]:
    found = []
    for term in text.split("+"):
        *factor, name = term.replace("*", " ").split() or [""]
        try:
            (n,) = map(float, factor or ["1"])
        except ValueError:
            raise _unread(id_, equation, term) from None
        if not name:
            raise _unread(id_, equation, term)
        found.append((name, n))
    return found


def _unread(id_: str, equation: str, term: str) -> ModelError:
    return ModelError(
        f"Reaction {id_!r}: the equation {equation!r} is not read at {term.strip()!r}; write it as "
        "'A + 2 B <-> C'."
    )


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that occur more than once."""
    return [name for name, count in Counter(names).items() if count > 1]
