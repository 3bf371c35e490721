"""Networks and steady states as JSON: one file with both is a case."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode.artifacts import atomic_write_text
from pyscimlode.errors import DataError, ModelError, PyscimlodeError
from pyscimlode.kinetics.formats.json_entries import Entry
from pyscimlode.kinetics.networks.network import (
    Compartment,
    KineticNetwork,
    KineticSpecies,
)
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.reactions import KineticReaction, Modifier, Participant

FORMAT = "kinetic-case/0"
UNITS = {"concentration": ("mmol/L", "mM"), "time": ("h", "hour")}
"""Units that a case may name, beside those of fluxes."""
KEYS = (
    "format",
    "name",
    "units",
    "gdw_per_l",
    "provenance",
    "compartments",
    "species",
    "reactions",
    "km_order",
    "km_inert",
    "moieties",
    "dependent_species",
    "independent_species",
)
SPECIES_KEYS = ("id", "compartment", "fixed", "conc")
REACTION_KEYS = ("id", "law", "keq", "flux", "participants", "modifiers")
OTHER_READERS = {
    ".yml": "read_skimpy_yaml reads SKiMpy's YAML",
    ".yaml": "read_skimpy_yaml reads SKiMpy's YAML",
    ".xml": "read_sbml reads SBML",
    ".sbml": "read_sbml reads SBML",
}
SIDE_NAMES = {
    "rev_mm": ("substrate", "product"),
    "uni_bi": ("substrate", "product{}"),
    "bi_uni": ("substrate{}", "product"),
}


@dataclass(frozen=True, eq=False)
class KineticCase:
    """A network with one steady state of it."""

    network: KineticNetwork
    state: SteadyState


def network_from_json(data: Mapping[str, Any]) -> KineticNetwork:
    """Return the network of a case or of :meth:`KineticNetwork.to_json`.

    Raises:
        ModelError: entries that are missing, of another type, misspelt or contradict each other;
            the message names reaction and species.
    """
    top = _top(data, ModelError)
    compartments = top.part("compartments")
    species = top.parts("species", "species")
    moieties = None
    if data.get("moieties") is not None:
        moieties = tuple(m.numbers() for m in top.parts("moieties", "moiety"))
    return KineticNetwork(
        name=top.text("name"),
        compartments=tuple(
            Compartment(id_, compartments.part(id_).number("volume_ratio"))
            for id_ in compartments.data
        ),
        species=tuple(_species(entry) for entry in species),
        reactions=tuple(_reaction(entry) for entry in top.parts("reactions", "reaction")),
        moieties=moieties,
        dependent=top.texts("dependent_species"),
        km_order=top.texts("km_order") or (),
    )


def state_from_json(data: Mapping[str, Any]) -> SteadyState:
    """Return the steady state of a case.

    Raises:
        DataError: a species without concentration, a reaction without flux, a unit that is not
            known; the message names it.
    """
    top = _top(data, DataError)
    unit = _flux_unit(top)
    reactions = top.parts("reactions", "reaction")
    specific = unit != "mM/h" and data.get("gdw_per_l") is not None
    return SteadyState(
        concentrations=np.array([s.number("conc") for s in top.parts("species", "species")]),
        fluxes=np.array([r.number("flux") for r in reactions]),
        keq=np.array([_keq(r) for r in reactions]),
        flux_unit=unit,
        density=top.number("gdw_per_l") if specific else None,
        provenance={"source": data.get("provenance", "")},
    )


def case_to_json(network: KineticNetwork, state: SteadyState) -> dict[str, Any]:
    """Return network and state as one JSON document, which :func:`read_case` reads."""
    data = {"format": FORMAT, **network_to_json(network)}
    data["units"] = {"concentration": "mmol/L", "time": "h", "flux": state.flux_unit}
    data["gdw_per_l"] = state.density
    data["provenance"] = state.provenance.get("source", "")
    for entry, value in zip(data["species"], state.concentrations.tolist(), strict=True):
        entry["conc"] = value
    rows = zip(data["reactions"], state.fluxes.tolist(), state.keq.tolist(), strict=True)
    for entry, flux, keq in rows:
        entry["flux"] = flux
        entry["keq"] = keq if np.isfinite(keq) else None
    return data


def read_case(path: str | os.PathLike[str]) -> KineticCase:
    """Read a case: a network and one steady state, as JSON.

    Raises:
        DataError: the file is missing or no JSON, or its state is incomplete.
        ModelError: its network is not valid.
    """
    source = Path(path)
    try:
        data = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}.") from error
    except ValueError as error:
        hint = OTHER_READERS.get(source.suffix.lower())
        more = f" ({hint}; write_case makes a case)" if hint else ""
        raise DataError(f"{source} is not JSON: {error}{more}.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise DataError(f"{source} is not a kinetic case: its 'format' is not {FORMAT!r}.")
    try:
        return KineticCase(network_from_json(data), state_from_json(data))
    except (DataError, ModelError) as error:
        raise type(error)(f"{source}: {error}") from error


def write_case(path: str | os.PathLike[str], network: KineticNetwork, state: SteadyState) -> Path:
    """Write a network and one steady state as JSON, atomically."""
    text = json.dumps(case_to_json(network, state), indent=1, allow_nan=False)
    return atomic_write_text(path, text + "\n")


def network_to_json(network: KineticNetwork) -> dict[str, Any]:
    """Return a network as JSON data."""
    inert = zip(network.km_names, network.km_active, strict=True)
    return {
        "name": network.name,
        "compartments": {c.id: {"volume_ratio": c.volume_ratio} for c in network.compartments},
        "species": [
            {"id": s.id, "compartment": s.compartment, "fixed": s.fixed} for s in network.species
        ],
        "reactions": [_reaction_to_json(reaction) for reaction in network.reactions],
        "km_order": list(network.km_names),
        "km_inert": [name for name, active in inert if not active],
        "moieties": [dict(moiety) for moiety in network.moieties or ()],
        "dependent_species": list(network.dependent or ()),
        "independent_species": list(network.independent_ids),
    }


def _top(data: Mapping[str, Any], error: type[PyscimlodeError]) -> Entry:
    name = data.get("name") if isinstance(data, Mapping) else None
    top = Entry(data, f"the case {name!r}" if name else "the case", error)
    top.check_spelling(KEYS)
    return top


def _species(entry: Entry) -> KineticSpecies:
    entry.check_spelling(SPECIES_KEYS)
    return KineticSpecies(entry.text("id"), entry.text("compartment"), entry.flag("fixed"))


def _reaction(entry: Entry) -> KineticReaction:
    entry.check_spelling(REACTION_KEYS)
    modifiers = entry.parts("modifiers", "modifier") if entry.data.get("modifiers") else []
    return KineticReaction(
        id=entry.text("id"),
        law=entry.text("law"),
        participants=tuple(
            Participant(
                p.text("species"),
                p.number("n"),
                p.text("km") if p.data.get("km") is not None else None,
            )
            for p in entry.parts("participants", "participant")
        ),
        modifiers=tuple(
            Modifier(m.text("species"), m.number("n"), m.text("kind")) for m in modifiers
        ),
    )


def _flux_unit(top: Entry) -> str:
    if "units" not in top.data:
        return "mM/h"
    units = top.part("units")
    for key, known in UNITS.items():
        if key in units.data and units.text(key) not in known:
            raise DataError(
                f"{units.place}: {key} is in {units.data[key]!r}; convert to {known[0]!r}."
            )
    return units.text("flux") if "flux" in units.data else "mM/h"


def _reaction_to_json(reaction: KineticReaction) -> dict[str, Any]:
    substrate, product = SIDE_NAMES.get(reaction.law, ("substrate{}", "product{}"))
    count = {substrate: 0, product: 0}
    participants = []
    for item in reaction.participants:
        side = substrate if item.n < 0 else product
        count[side] += 1
        participants.append(
            {
                "role": side.format(count[side]),
                "species": item.species,
                "n": item.n,
                "km": item.km,
            }
        )
    return {
        "id": reaction.id,
        "law": reaction.law,
        "participants": participants,
        "modifiers": [{"species": m.species, "n": m.n, "kind": m.kind} for m in reaction.modifiers],
    }


def _keq(entry: Entry) -> float:
    """Null is infinity for an irreversible law, and unknown for the others."""
    if entry.data.get("keq") is not None:
        return entry.number("keq")
    return np.inf if entry.text("law") == "irrev_mm" else np.nan
