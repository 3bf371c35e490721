"""Networks from the YAML files that SKiMpy writes."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from pyscimlode.errors import DataError, ModelError, did_you_mean
from pyscimlode.kinetics.formats.imported import ImportedNetwork, check_compartments, import_extra
from pyscimlode.kinetics.formats.json_entries import Entry
from pyscimlode.kinetics.networks.network import Compartment, KineticNetwork, KineticSpecies
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
EXPECTED = ("compartments", "reactants", "reactions")
ROLE = re.compile(r"(substrate|product)\d*")
OTHER_KEYS = ("class", "mechanism_stoichiometry")


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
    parameters = _parameters(data)
    held = {
        entry.text("reactant")
        for entry in _each(data, "boundary_conditions", "boundary condition")
        if entry.data.get("class") == HELD
    }
    ratios = _volume_ratios(data, parameters, volume_ratios or {})
    network = KineticNetwork(
        name=Path(path).stem,
        compartments=tuple(Compartment(name, ratio) for name, ratio in ratios.items()),
        species=tuple(
            KineticSpecies(name, entry.text("compartment"), name in held)
            for name, entry in data.items("reactants", "species")
        ),
        reactions=tuple(
            _reaction(name, entry) for name, entry in data.items("reactions", "reaction")
        ),
    )
    wanted = tuple(data.data.get("dependent_reactants") or ())
    return ImportedNetwork(_with_dependent(network, wanted), None, parameters)


def _load(path: Path) -> Entry:
    yaml = import_extra("yaml", "kinetics", "Reading SKiMpy models")
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not YAML: {error}.") from error
    if not isinstance(data, dict):
        raise DataError(f"{path} is not a SKiMpy model: its top level is no mapping.")
    top = Entry(data, f"the SKiMpy model {path.name}", ModelError)
    for key in EXPECTED:
        top.part(key)
    return top


def _each(data: Entry, key: str, what: str) -> list[Entry]:
    """Return the entries of a mapping that may be missing or null."""
    if data.data.get(key) is None:
        return []
    return [entry for _, entry in data.items(key, what)]


def _parameters(data: Entry) -> dict[str, float]:
    """Return the parameters that have a number; SKiMpy writes null for the others."""
    if data.data.get("parameters") is None:
        return {}
    given = data.part("parameters")
    return {str(key): given.number(key) for key, value in given.data.items() if value is not None}


def _volume_ratios(
    data: Entry, parameters: Mapping[str, float], given: Mapping[str, float]
) -> dict[str, float]:
    compartments = data.part("compartments").data
    check_compartments(given, compartments)
    ratios = {}
    for name in compartments:
        cell, own = parameters.get(f"cell_volume_{name}"), parameters.get(f"volume_{name}")
        ratios[str(name)] = given.get(name, cell / own if cell and own else 1.0)
    return ratios


def _reaction(id_: str, entry: Entry) -> KineticReaction:
    mechanism = entry.part("mechanism")
    law = LAW_OF_CLASS.get(mechanism.text("class"))
    if law is None:
        found = mechanism.text("class")
        raise ModelError(
            f"Reaction {id_!r} has the mechanism {found!r}, which is not known; there are "
            f"{', '.join(LAW_OF_CLASS)}." + did_you_mean(found, LAW_OF_CLASS)
        )
    given = mechanism.data.get("mechanism_stoichiometry")
    coefficients = mechanism.part("mechanism_stoichiometry").numbers() if given else {}
    for role in mechanism.data:
        if not (ROLE.fullmatch(role) or role in OTHER_KEYS):
            raise ModelError(
                f"Reaction {id_!r}: its mechanism has {role!r}, which is not known; there are "
                f"substrate, substrate1, ..., product, product1, ... and {', '.join(OTHER_KEYS)}."
            )
    participants = []
    for role in sorted(filter(ROLE.fullmatch, mechanism.data), key=_rank):
        default = -1.0 if role.startswith("substrate") else 1.0
        km = None if law == "mass_action" else f"km_{role}_{id_}"
        participants.append(Participant(mechanism.text(role), coefficients.get(role, default), km))
    modifiers = [_modifier(id_, m) for m in _each(entry, "modifiers", "modifier")]
    return KineticReaction(id_, law, tuple(participants), tuple(modifiers))


def _modifier(id_: str, entry: Entry) -> Modifier:
    kind = KIND_OF_CLASS.get(entry.text("class"))
    if kind is None:
        raise ModelError(
            f"Reaction {id_!r} has a modifier of the class {entry.text('class')!r}, which is not "
            f"known; there are {', '.join(KIND_OF_CLASS)}."
        )
    n = entry.part("mechanism_stoichiometry").number("small_molecule")
    return Modifier(entry.text("small_molecule"), n, kind)


def _rank(role: str) -> tuple[int, int]:
    """Substrates first, then by number: substrate2 before substrate10."""
    digits = role.lstrip("abcdefghijklmnopqrstuvwxyz")
    return (0 if role.startswith("substrate") else 1, int(digits or 0))


def _with_dependent(network: KineticNetwork, wanted: tuple[str, ...]) -> KineticNetwork:
    """Return the network with the file's dependent species, where they fit."""
    from pyscimlode.kinetics.networks.moieties import balances

    if len(wanted) != len(network.moieties or ()):
        return network
    try:
        chosen = network.with_dependent(wanted)
        balances(chosen)
    except ModelError:
        return network
    return chosen
