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
from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics.network import (
    Compartment,
    KineticNetwork,
    KineticSpecies,
)
from pyscimlode.kinetics.state import SteadyState
from pyscimlode.models.kinetic.reactions import KineticReaction, Modifier, Participant

FORMAT = "kinetic-case/0"
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
        ModelError: entries that are missing or contradict each other.
    """
    try:
        return KineticNetwork(
            name=str(data["name"]),
            compartments=tuple(
                Compartment(id_, float(entry["volume_ratio"]))
                for id_, entry in data["compartments"].items()
            ),
            species=tuple(
                KineticSpecies(s["id"], s["compartment"], bool(s["fixed"])) for s in data["species"]
            ),
            reactions=tuple(_reaction(entry) for entry in data["reactions"]),
            moieties=data.get("moieties"),
            dependent=data.get("dependent_species"),
            km_order=tuple(data.get("km_order", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"The kinetic network {data.get('name', '')!r} cannot be read: "
            f"{type(error).__name__}: {error}; format {FORMAT} is expected."
        ) from error


def state_from_json(data: Mapping[str, Any]) -> SteadyState:
    """Return the steady state of a case.

    Raises:
        DataError: a species without concentration or a reaction without flux; the message names
            it.
    """
    for kind, key in (("species", "conc"), ("reactions", "flux")):
        for entry in data[kind]:
            if entry.get(key) is None:
                raise DataError(f"{entry.get('id')!r} among the {kind} of the case has no {key!r}.")
    reactions = data["reactions"]
    unit = data.get("units", {}).get("flux", "mM/h")
    return SteadyState(
        concentrations=np.array([s["conc"] for s in data["species"]]),
        fluxes=np.array([r["flux"] for r in reactions]),
        keq=np.array([_keq(r) for r in reactions]),
        flux_unit=unit,
        density=data.get("gdw_per_l") if unit != "mM/h" else None,
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
        raise DataError(f"{source} is not JSON: {error}.") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise DataError(f"{source} is not a kinetic case: its 'format' is not {FORMAT!r}.")
    return KineticCase(network_from_json(data), state_from_json(data))


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


def _reaction(entry: Mapping[str, Any]) -> KineticReaction:
    return KineticReaction(
        id=entry["id"],
        law=entry["law"],
        participants=tuple(
            Participant(p["species"], float(p["n"]), p.get("km")) for p in entry["participants"]
        ),
        modifiers=tuple(
            Modifier(m["species"], float(m["n"]), m["kind"]) for m in entry.get("modifiers", ())
        ),
    )


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


def _keq(entry: Mapping[str, Any]) -> float:
    """Null is infinity for an irreversible law, and unknown for the others."""
    if entry.get("keq") is not None:
        return float(entry["keq"])
    return np.inf if entry["law"] == "irrev_mm" else np.nan
