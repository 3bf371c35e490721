"""A generated kinetic model as a pathway of a hybrid model: plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from pyscimlode.data.frozen import FrozenDict
from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.models.kinetic.reactions import KineticReaction, repeated
from pyscimlode.models.pathways import Reaction

FloatArray = npt.NDArray[np.float64]
TIME_UNIT = "h"
CONCENTRATION_UNITS = ("mM", "mmol/L")


@dataclass(frozen=True)
class PathwaySpecies:
    """A species of a kinetic pathway.

    Attributes:
        id: its name; that of a state of the data set, unless it is fixed.
        concentration: mM at the steady state; what a fixed species is held at.
        volume_ratio: cell volume over compartment volume: dc/dt is N v times this ratio.
        fixed: whether it is held at its concentration.
    """

    id: str
    concentration: float
    volume_ratio: float = 1.0
    fixed: bool = False


@dataclass(frozen=True)
class KineticPathway:
    """Reactions with mechanistic rate laws and the parameters that training starts from.

    Concentrations are in mM, times in hours, fluxes in mM of cell volume per hour.

    Args:
        name: of the network, for messages.
        species: all of them; names are unique.
        reactions: with their laws; ids are unique.
        keq: ``(reactions,)`` equilibrium constants (mM); inf for irreversible laws.
        km: name -> KM (mM) of the generated model, for every KM of the reactions.
        vmax: ``(reactions,)`` Vmax (mM/h) of the generated model; mass action: its constant.
        free: parameters that are trained: names of KM, and ``vmax_<reaction>``. KM without effect
            (products of irreversible laws) are left out.
        enzymes: reaction -> control whose level multiplies its Vmax; None takes controls that are
            named after reactions.
        reference_levels: control -> level at which Vmax is that of the generated model; 1 where it
            is not named.

    Raises:
        ModelError: names that are unknown or not unique, numbers that are not positive, no free
            parameter of that name.
    """

    name: str
    species: tuple[PathwaySpecies, ...]
    reactions: tuple[KineticReaction, ...]
    keq: tuple[float, ...]
    km: Mapping[str, float]
    vmax: tuple[float, ...]
    free: tuple[str, ...]
    enzymes: Mapping[str, str] | None = None
    reference_levels: Mapping[str, float] = field(default_factory=dict)

    model_kind: ClassVar[str] = "kinetic_ode"

    def __post_init__(self) -> None:
        for name in ("species", "reactions", "keq", "vmax"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("km", "reference_levels"):
            numbers = {str(k): float(v) for k, v in getattr(self, name).items()}
            object.__setattr__(self, name, FrozenDict(numbers))
        if self.enzymes is not None:
            object.__setattr__(self, "enzymes", FrozenDict(self.enzymes))
        self._check_names()
        self._check_numbers()
        names = (*self.active_km, *self.vmax_names)
        for name in self.free:
            _known(name, (*self.km_names, *self.vmax_names), "parameter")
        object.__setattr__(self, "free", tuple(name for name in names if name in set(self.free)))
        for reaction in self.enzymes or ():
            _known(reaction, self.reaction_ids, "reaction")

    def __hash__(self) -> int:
        return hash((self.name, self.species, self.reactions, self.keq, self.vmax, self.free))

    @cached_property
    def species_ids(self) -> tuple[str, ...]:
        """Ids of all species."""
        return tuple(s.id for s in self.species)

    @cached_property
    def reaction_ids(self) -> tuple[str, ...]:
        """Ids of all reactions."""
        return tuple(r.id for r in self.reactions)

    @property
    def km_names(self) -> tuple[str, ...]:
        """Names of all KM, in the order of their columns."""
        return tuple(self.km)

    @property
    def vmax_names(self) -> tuple[str, ...]:
        """``vmax_<reaction>`` of all reactions."""
        return tuple(f"vmax_{name}" for name in self.reaction_ids)

    @property
    def active_km(self) -> tuple[str, ...]:
        """KM that matter; product KM of irreversible laws do not."""
        inert = {p.km for r in self.reactions if not r.reversible for p in r.products}
        return tuple(name for name in self.km_names if name not in inert)

    @property
    def free_km(self) -> tuple[str, ...]:
        """Free KM, in the order of the block ``ln_km`` of theta."""
        return tuple(name for name in self.free if name in self.km)

    @property
    def free_vmax(self) -> tuple[str, ...]:
        """Free Vmax, in the order of the block ``ln_vmax`` of theta."""
        return tuple(name for name in self.free if name not in self.km)

    def stoichiometry(self) -> FloatArray:
        """Return dc/dt per flux ``(species, reactions)``: coefficients times volume ratios."""
        position = {name: i for i, name in enumerate(self.species_ids)}
        matrix = np.zeros((len(self.species), len(self.reactions)))
        for j, reaction in enumerate(self.reactions):
            for item in reaction.balanced:
                matrix[position[item.species], j] += item.n
        volumes = np.array([s.volume_ratio for s in self.species])
        return np.asarray(volumes[:, None] * matrix)

    def uses(self, control_names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return (reaction, control) of every enzyme in a data set with these controls.

        Raises:
            ModelError: a control that the data set does not have, or controls of which none is
                named after a reaction.
        """
        if self.enzymes is None:
            found = tuple((r, r) for r in self.reaction_ids if r in control_names)
            if control_names and not found:
                raise ModelError(
                    f"None of the controls ({_some(control_names)}) is named after a reaction of "
                    f"{self.name!r} ({_some(self.reaction_ids)}). Say which control is the enzyme "
                    "of which reaction, enzymes={'reaction': 'control'}, or enzymes={} for none."
                )
            return found
        for reaction, control in self.enzymes.items():
            _known(control, control_names, f"enzyme of reaction {reaction!r},", "the controls")
        return tuple(self.enzymes.items())

    def measured_reactions(self, control_names: Sequence[str] = ()) -> tuple[Reaction, ...]:
        """Return what the reactions do, in net, to the species that are not fixed.

        Reactions among fixed species alone are left out. Enzymes are those of a data set with these
        controls.
        """
        dynamic = {s.id for s in self.species if not s.fixed}
        enzymes = dict(self.uses(control_names)) if control_names else {}
        shown = []
        for reaction in self.reactions:
            net: dict[str, float] = {}
            for item in reaction.balanced:
                if item.species in dynamic:
                    net[item.species] = net.get(item.species, 0.0) + item.n
            sides = [{k: abs(n) for k, n in net.items() if sign * n > 0} for sign in (-1, 1)]
            enzyme = (enzymes[reaction.id],) if reaction.id in enzymes else ()
            if any(sides):
                shown.append(Reaction(reaction.id, sides[0], sides[1], enzyme))
        return tuple(shown)

    def to_json(self) -> dict[str, Any]:
        """Return the pathway as JSON data; an infinite Keq is null."""
        return {
            "kind": "kinetic",
            "name": self.name,
            "species": [asdict(s) for s in self.species],
            "reactions": [r.to_json() for r in self.reactions],
            "keq": [k if math.isfinite(k) else None for k in self.keq],
            "km": dict(self.km),
            "vmax": list(self.vmax),
            "free": list(self.free),
            "enzymes": None if self.enzymes is None else dict(self.enzymes),
            "reference_levels": dict(self.reference_levels),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> KineticPathway:
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelError: it is something else.
        """
        try:
            options = {f.name: data[f.name] for f in fields(cls)}
            options["species"] = tuple(PathwaySpecies(**s) for s in options["species"])
            options["reactions"] = tuple(map(KineticReaction.from_json, options["reactions"]))
            options["keq"] = tuple(math.inf if k is None else k for k in options["keq"])
            return cls(**options)
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"The description of a kinetic pathway does not fit ({type(error).__name__}: "
                f"{error})."
            ) from error

    def _check_names(self) -> None:
        for what, names in (("species", self.species_ids), ("reaction", self.reaction_ids)):
            twice = repeated(names)
            if twice or not names:
                problem = f"the {what} {twice[0]!r} twice" if twice else f"no {what}"
                raise ModelError(f"The kinetic pathway {self.name!r} has {problem}.")
        if not len(self.reactions) == len(self.keq) == len(self.vmax):
            raise ModelError(
                f"The kinetic pathway {self.name!r} has {len(self.reactions)} reactions, "
                f"{len(self.keq)} equilibrium constants and {len(self.vmax)} Vmax."
            )
        known = set(self.species_ids)
        for reaction in self.reactions:
            for item in reaction.balanced:
                _known(item.species, known, f"species of reaction {reaction.id!r},")
            for participant in reaction.participants:
                if participant.km is not None:
                    _known(participant.km, self.km_names, f"KM of reaction {reaction.id!r},")

    def _check_numbers(self) -> None:
        values = {
            **{f"The concentration of {s.id!r}": s.concentration for s in self.species},
            **{f"The volume ratio of {s.id!r}": s.volume_ratio for s in self.species},
            **{f"The KM {name!r}": value for name, value in self.km.items()},
            **dict(zip(map("The Vmax of {!r}".format, self.reaction_ids), self.vmax, strict=True)),
            **{f"The reference level of {k!r}": v for k, v in self.reference_levels.items()},
        }
        for what, value in values.items():
            if not (math.isfinite(value) and value > 0):
                raise ModelError(f"{what} is {value!r}; it must be a positive number.")


def _known(name: str, known: Iterable[str], what: str, where: str = "") -> None:
    names = list(known)
    if name not in names:
        among = where or f"the {what.split()[0]} names of the pathway"
        raise ModelError(
            f"The {what} {name!r} is not among {among} ({_some(names)})."
            + did_you_mean(name, names)
        )


def _some(names: Sequence[str], most: int = 8) -> str:
    """Return the first names, for a message."""
    more = f", ... and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "none"
