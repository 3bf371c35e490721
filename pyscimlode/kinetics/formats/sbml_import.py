"""Kinetic networks from SBML: exact for our own files, by stoichiometry for others."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.formats.case_json import network_from_json
from pyscimlode.kinetics.formats.imported import ImportedNetwork, check_compartments, import_extra
from pyscimlode.kinetics.formats.sbml_export import CELL_VOLUME, NAMESPACE
from pyscimlode.kinetics.formats.stoichiometric import PlainReaction, network_of_stoichiometry
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.models.kinetic.reactions import repeated


def read_sbml(
    path: str | os.PathLike[str],
    *,
    keep: Collection[str] | None = None,
    held: Collection[str] = (),
    volume_ratios: Mapping[str, float] | None = None,
) -> ImportedNetwork:
    """Read a network, and its state where the file is one of ours.

    A file of :func:`pyscimlode.kinetics.write_sbml` gives network, state and
    parameters back; concentrations and parameters are those of the file, also where another
    program has changed them. In any other file the kinetic laws are not interpreted: rate laws are
    chosen by stoichiometry, and boundary species, exchanged species and protons are held
    (``network_of_stoichiometry``). Initial concentrations
    (amounts over the sizes of the compartments) and parameters are returned in the file's units.

    Args:
        path: of the file.
        keep: ids of reactions to keep; None keeps all. Not for our own files.
        held: species to be held at their concentrations. Not for our own files.
        volume_ratios: compartment -> cell volume over compartment volume; by default from the
            sizes of the file, with the compartment of the most species as the cell. Not for our
            own files.

    Raises:
        MissingDependencyError: python-libsbml is not installed.
        DataError: the file is missing or no SBML.
        ModelError: the network is not valid; the message names the reaction.
    """
    libsbml: Any = import_extra("libsbml", "kinetics", "Reading SBML")
    source = Path(path)
    try:
        text = source.read_bytes()
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror or error}.") from error
    document = libsbml.readSBMLFromString(text.decode("utf-8", errors="replace"))
    sbml = document.getModel()
    if sbml is None or document.getNumErrors(libsbml.LIBSBML_SEV_FATAL):
        why = document.getError(0).getMessage().strip() if document.getNumErrors() else "no model"
        raise DataError(f"{source} is not SBML: {why}")
    own = _annotation(sbml)
    if own is not None:
        return _own(source, sbml, own)
    return _foreign(source, sbml, keep, held, volume_ratios or {})


def model_from_sbml(path: str | os.PathLike[str]) -> KineticModel:
    """Return the kinetic model of a file that :func:`write_sbml` wrote.

    Raises:
        DataError: the file has no parameters of a kinetic model.
        ModelError: a parameter is missing; the message names it.
    """
    found = read_sbml(path)
    if found.state is None:
        raise DataError(
            f"{path} has no kinetic model that pyscimlode wrote; read_sbml gives its network."
        )
    wanted = [*found.network.km_names, *(f"vmax_{r}" for r in found.network.reaction_ids)]
    for name in wanted:
        if not found.parameters.get(name, 0.0) > 0:
            raise ModelError(f"{path} has no positive parameter {name!r}.")
    values = np.log([found.parameters[name] for name in wanted])
    n_km = len(found.network.km_names)
    return KineticModel(found.network, found.state, values[:n_km], values[n_km:])


def _annotation(sbml: Any) -> dict[str, Any] | None:
    annotation = sbml.getAnnotation()
    for i in range(annotation.getNumChildren() if annotation is not None else 0):
        child = annotation.getChild(i)
        if child.getName() == "kinetics" and child.getNamespaces().getURI("") == NAMESPACE:
            text = "".join(child.getChild(k).getCharacters() for k in range(child.getNumChildren()))
            return dict(json.loads(text.replace("&lt;", "<").replace("&amp;", "&")))
    return None


def _own(source: Path, sbml: Any, data: dict[str, Any]) -> ImportedNetwork:
    network = network_from_json(data)
    parameters = {p.getName() or p.getId(): p.getValue() for p in sbml.getListOfParameters()}
    amounts = {s.getName(): s.getInitialConcentration() for s in sbml.getListOfSpecies()}
    kept = data["state"]
    try:
        keq = [parameters[f"keq_{r.id}"] if r.reversible else np.inf for r in network.reactions]
        state = SteadyState(
            np.array([amounts[name] for name in network.species_ids]),
            np.array(kept["fluxes"]),
            np.array(keq),
            kept["flux_unit"],
            kept["density"],
            {"source": kept["source"], "file": source.name},
        )
    except KeyError as error:
        raise ModelError(
            f"{source} lacks {error}, which its annotation needs; export the model anew."
        ) from error
    parameters.pop(CELL_VOLUME.replace("_", " "), None)
    return ImportedNetwork(network, state, parameters)


def _foreign(
    source: Path,
    sbml: Any,
    keep: Collection[str] | None,
    held: Collection[str],
    volume_ratios: Mapping[str, float],
) -> ImportedNetwork:
    species = list(sbml.getListOfSpecies())
    twice = repeated(s.getId() for s in species)
    if twice:
        raise ModelError(f"{source} has the species id {twice[0]!r} twice.")
    compartment_of = {s.getId(): s.getCompartment() for s in species}
    fixed = {s.getId() for s in species if s.getBoundaryCondition() or s.getConstant()}
    reactions = [_plain(r, compartment_of) for r in sbml.getListOfReactions()]
    sizes = {c.getId(): c.getSize() if c.isSetSize() else 1.0 for c in sbml.getListOfCompartments()}
    check_compartments(volume_ratios, sizes)
    found = network_of_stoichiometry(
        sbml.getId() or source.stem,
        _ratios(source, sizes, compartment_of) | dict(volume_ratios),
        compartment_of,
        reactions,
        held={*fixed, *held},
        keep=keep,
    )
    return replace(found, parameters=_parameters(sbml), concentrations=_concentrations(sbml))


def _ratios(
    source: Path, sizes: Mapping[str, float], compartment_of: Mapping[str, str]
) -> dict[str, float]:
    """Return size of the cell over size of each; the cell has the most species."""
    for name, size in sizes.items():
        if not (np.isfinite(size) and size > 0):
            raise ModelError(
                f"{source}: the compartment {name!r} has the size {size:g}; give a positive one."
            )
    species = Counter(compartment_of.values())
    cell = max(sizes, key=lambda name: species[name], default="")
    return {name: sizes[cell] / size for name, size in sizes.items()}


def _parameters(sbml: Any) -> dict[str, float]:
    """Return the numbers of the file; ``<reaction>.<name>`` are those of one kinetic law."""
    found = {p.getId(): p.getValue() for p in sbml.getListOfParameters() if p.isSetValue()}
    for reaction in sbml.getListOfReactions():
        law = reaction.getKineticLaw()
        local = law.getListOfLocalParameters() if law is not None else ()
        for parameter in (*local, *(law.getListOfParameters() if law is not None else ())):
            if parameter.isSetValue():
                found[f"{reaction.getId()}.{parameter.getId()}"] = parameter.getValue()
    return found


def _concentrations(sbml: Any) -> dict[str, float]:
    """Return initial concentrations as the file's units have them, of species that have one."""
    found = {}
    for species in sbml.getListOfSpecies():
        compartment = sbml.getCompartment(species.getCompartment())
        size = compartment.getSize() if compartment is not None and compartment.isSetSize() else 1.0
        if species.isSetInitialConcentration():
            found[species.getId()] = species.getInitialConcentration()
        elif species.isSetInitialAmount() and size > 0:
            found[species.getId()] = species.getInitialAmount() / size
    return found


def _plain(reaction: Any, known: Mapping[str, str]) -> PlainReaction:
    coefficients: dict[str, float] = {}
    sides = ((-1.0, reaction.getListOfReactants()), (1.0, reaction.getListOfProducts()))
    for sign, references in sides:
        for reference in references:
            name, n = reference.getSpecies(), reference.getStoichiometry()
            if name not in known:
                raise ModelError(
                    f"Reaction {reaction.getId()!r} names the species {name!r}, which the file "
                    "does not define."
                )
            if not np.isfinite(n):
                raise ModelError(
                    f"Reaction {reaction.getId()!r}: the coefficient of {name!r} is not a plain "
                    "number; give it a stoichiometry."
                )
            coefficients[name] = coefficients.get(name, 0.0) + sign * n
    return PlainReaction(reaction.getId(), coefficients, _reversible(reaction))


def _reversible(reaction: Any) -> bool:
    """Lower bounds of the fbc package count more than the attribute."""
    plugin = reaction.getPlugin("fbc")
    bound = plugin.getLowerFluxBound() if plugin is not None else ""
    parameter = reaction.getModel().getParameter(bound) if bound else None
    if parameter is not None:
        return bool(parameter.getValue() < 0)
    return bool(reaction.getReversible())
