"""Networks from the YAML files that SKiMpy writes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pyscimlode.errors import DataError, ModelError, did_you_mean
from pyscimlode.kinetics.imported import ImportedNetwork, import_extra
from pyscimlode.kinetics.network import Compartment, KineticNetwork, KineticSpecies
from pyscimlode.models.kinetic.reactions import (
    DISPLACEMENT,
    FIRST_ORDER,
    KineticReaction,
    Modifier,
    Participant,
)

LAW_OF_CLASS = {
    "BiUniReversibleHill": "bi_uni",
    "Convenience": "convenience",
    "H1GeneralizedReversibleHill": "hill_nn",
    "IrrevMichaelisMenten": "irrev_mm",
    "RevMassaction": "mass_action",
    "ReversibleMichaelisMenten": "rev_mm",
    "UniBiReversibleHill": "uni_bi",
}
KIND_OF_CLASS = {
    "DisplacementSmallMoleculeModifier": DISPLACEMENT,
    "FirstOrderSmallMoleculeModifier": FIRST_ORDER,
}
HELD = "ConstantConcentration"


def read_skimpy_yaml(
    path: str | os.PathLike[str], *, volume_ratios: Mapping[str, float] | None = None
) -> ImportedNetwork:
    """Read the network of a SKiMpy model.

    Moieties are found from the stoichiometry; the file's dependent species are taken where they
    determine the totals (SKiMpy lists one for each moiety). KM keep the file's names, such as
    ``km_substrate1_PFK``.

    Args:
        path: of the YAML file.
        volume_ratios: compartment -> cell volume over compartment volume. By default from the
            file's ``cell_volume_<c>`` and ``volume_<c>``, where it gives both, else 1.

    Returns:
        Network and all parameters that have a number. The file has no fluxes, so there is no
        state. Its equilibrium constants are parameters ``k_equilibrium_<reaction>``, in a unit of
        concentration that the file does not name.

    Raises:
        MissingDependencyError: PyYAML is not installed.
        DataError: the file is missing or no YAML.
        ModelError: a mechanism or modifier that is not known, or a network that is not valid; the
            message names the reaction.
    """
    data = _load(Path(path))
    try:
        parameters = {
            str(name): float(value)
            for name, value in (data.get("parameters") or {}).items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        held = {
            entry["reactant"]
            for entry in (data.get("boundary_conditions") or {}).values()
            if entry.get("class") == HELD
        }
        ratios = _volume_ratios(data, parameters, volume_ratios or {})
        network = KineticNetwork(
            name=Path(path).stem,
            compartments=tuple(Compartment(name, ratios[name]) for name in data["compartments"]),
            species=tuple(
                KineticSpecies(name, entry["compartment"], name in held)
                for name, entry in data["reactants"].items()
            ),
            reactions=tuple(_reaction(name, entry) for name, entry in data["reactions"].items()),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} is not a SKiMpy model: {type(error).__name__}: {error}; compartments, "
            "reactants, reactions, parameters and boundary_conditions are expected."
        ) from error
    wanted = tuple(data.get("dependent_reactants") or ())
    return ImportedNetwork(_with_dependent(network, wanted), None, parameters)


def _load(path: Path) -> Mapping[str, Any]:
    yaml = import_extra("yaml", "kinetics", "Reading SKiMpy models")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not YAML: {error}.") from error
    if not isinstance(data, dict):
        raise DataError(f"{path} is not a SKiMpy model: its top level is no mapping.")
    return data


def _volume_ratios(
    data: Mapping[str, Any], parameters: Mapping[str, float], given: Mapping[str, float]
) -> dict[str, float]:
    for name in given:
        if name not in data["compartments"]:
            raise ModelError(
                f"volume_ratios names the compartment {name!r}, which is not known."
                + did_you_mean(name, data["compartments"])
            )
    ratios = {}
    for name in data["compartments"]:
        cell, own = parameters.get(f"cell_volume_{name}"), parameters.get(f"volume_{name}")
        ratios[name] = given.get(name, cell / own if cell and own else 1.0)
    return ratios


def _reaction(id_: str, entry: Mapping[str, Any]) -> KineticReaction:
    mechanism = entry["mechanism"]
    law = LAW_OF_CLASS.get(mechanism["class"])
    if law is None:
        raise ModelError(
            f"Reaction {id_!r} has the mechanism {mechanism['class']!r}, which is not known; there "
            f"are {', '.join(LAW_OF_CLASS)}." + did_you_mean(mechanism["class"], LAW_OF_CLASS)
        )
    coefficients = mechanism.get("mechanism_stoichiometry") or {}
    roles = [role for role in mechanism if role.startswith(("substrate", "product"))]
    participants = []
    for role in sorted(roles, key=_rank):
        default = -1.0 if role.startswith("substrate") else 1.0
        km = None if law == "mass_action" else f"km_{role}_{id_}"
        participants.append(
            Participant(mechanism[role], float(coefficients.get(role, default)), km)
        )
    modifiers = [_modifier(id_, m) for m in (entry.get("modifiers") or {}).values()]
    return KineticReaction(id_, law, tuple(participants), tuple(modifiers))


def _modifier(id_: str, entry: Mapping[str, Any]) -> Modifier:
    kind = KIND_OF_CLASS.get(entry["class"])
    if kind is None:
        raise ModelError(
            f"Reaction {id_!r} has a modifier of the class {entry['class']!r}, which is not known; "
            f"there are {', '.join(KIND_OF_CLASS)}."
        )
    n = float(entry["mechanism_stoichiometry"]["small_molecule"])
    return Modifier(entry["small_molecule"], n, kind)


def _rank(role: str) -> tuple[int, int]:
    """Substrates first, then by number: substrate2 before substrate10."""
    digits = role.lstrip("abcdefghijklmnopqrstuvwxyz")
    return (0 if role.startswith("substrate") else 1, int(digits or 0))


def _with_dependent(network: KineticNetwork, wanted: tuple[str, ...]) -> KineticNetwork:
    """Return the network with the file's dependent species, where they fit."""
    from pyscimlode.kinetics.moieties import balances

    if len(wanted) != len(network.moieties or ()):
        return network
    try:
        chosen = network.with_dependent(wanted)
        balances(chosen)
    except ModelError:
        return network
    return chosen
