"""Kinetic models as SBML Level 3, which any simulator of SBML runs."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode.artifacts import atomic_write_text
from pyscimlode.errors import ModelError
from pyscimlode.kinetics.dynamics.ode import KineticModel
from pyscimlode.kinetics.formats.case_json import network_to_json
from pyscimlode.kinetics.formats.formulas import rate_formulas
from pyscimlode.kinetics.formats.imported import import_extra

NAMESPACE = "urn:pyscimlode:kinetics"
CELL_VOLUME = "cell_volume"
UNITS: dict[str, Sequence[tuple[str, int, int, float]]] = {
    # id: (kind, exponent, scale, multiplier) of each factor
    "mmol": (("mole", 1, -3, 1.0),),
    "hour": (("second", 1, 0, 3600.0),),
    "mM": (("mole", 1, -3, 1.0), ("litre", -1, 0, 1.0)),
    "mM_per_hour": (("mole", 1, -3, 1.0), ("litre", -1, 0, 1.0), ("second", -1, 0, 3600.0)),
}


def sbml_ids(names: Iterable[str]) -> dict[str, str]:
    """Return valid and different SBML ids for names: D-LACt2pp becomes D_LACt2pp."""
    ids: dict[str, str] = {}
    taken: set[str] = {CELL_VOLUME, "time"}
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_]", "_", name)
        base = base if re.match(r"[A-Za-z_]", base) else f"_{base}"
        chosen, number = base, 2
        while chosen in taken:
            chosen, number = f"{base}_{number}", number + 1
        ids[name] = chosen
        taken.add(chosen)
    return ids


def model_to_sbml(model: KineticModel) -> str:
    """Return a kinetic model as SBML text (Level 3 Version 1): mmol, litre, hour.

    The cell has 1 litre, and a compartment that litre over its volume ratio, so that a kinetic law
    (mmol/h) is the flux per cell volume times the cell's. Names that are no SBML ids are kept as
    ``name``. An annotation keeps network, fluxes and Keq, which
    :func:`pyscimlode.kinetics.read_sbml` reads back exactly.

    Raises:
        MissingDependencyError: python-libsbml is not installed.
        ModelError: libsbml finds a mistake in what was made.
    """
    libsbml: Any = import_extra("libsbml", "kinetics", "Writing SBML")
    network, state = model.network, model.state
    keq = [r.id for r in network.reactions if r.reversible]
    names = [f"vmax_{r}" for r in network.reaction_ids] + [f"keq_{r}" for r in keq]
    compartments = [f"compartment {c.id}" for c in network.compartments]
    reactions = [f"reaction {r}" for r in network.reaction_ids]
    ids = sbml_ids([*network.species_ids, *network.km_names, *names, *reactions, *compartments])
    document = libsbml.SBMLDocument(3, 1)
    sbml = document.createModel()
    sbml.setId(sbml_ids([network.name])[network.name])
    sbml.setName(network.name)
    _units(libsbml, sbml)
    _parameter(sbml, CELL_VOLUME, "cell volume", 1.0, "litre")
    for compartment in network.compartments:
        item = sbml.createCompartment()
        item.setId(ids[f"compartment {compartment.id}"])
        item.setName(compartment.id)
        item.setSize(1.0 / compartment.volume_ratio)
        item.setConstant(True)
        item.setSpatialDimensions(3)
        item.setUnits("litre")
    for species, c in zip(network.species, state.concentrations.tolist(), strict=True):
        item = sbml.createSpecies()
        item.setId(ids[species.id])
        item.setName(species.id)
        item.setCompartment(ids[f"compartment {species.compartment}"])
        item.setInitialConcentration(c)
        item.setSubstanceUnits("mmol")
        item.setHasOnlySubstanceUnits(False)
        item.setBoundaryCondition(species.fixed)
        item.setConstant(species.fixed)
    _parameters(sbml, model, ids)
    _reactions(libsbml, sbml, model, ids)
    kept = network_to_json(network)
    kept["state"] = {
        "fluxes": state.fluxes.tolist(),
        "flux_unit": state.flux_unit,
        "density": state.density,
        "source": str(state.provenance.get("source", "")),
    }
    text = json.dumps(kept).replace("&", "&amp;").replace("<", "&lt;")
    sbml.setAnnotation(f'<kinetics xmlns="{NAMESPACE}">{text}</kinetics>')
    _check(libsbml, document, network.name)
    return str(libsbml.writeSBMLToString(document))


def write_sbml(path: str | os.PathLike[str], model: KineticModel) -> Path:
    """Write a kinetic model as an SBML file, atomically; see :func:`model_to_sbml`."""
    return atomic_write_text(path, model_to_sbml(model))


def _units(libsbml: Any, sbml: Any) -> None:
    for id_, factors in UNITS.items():
        definition = sbml.createUnitDefinition()
        definition.setId(id_)
        for kind, exponent, scale, multiplier in factors:
            unit = definition.createUnit()
            unit.setKind(libsbml.UnitKind_forName(kind))
            unit.setExponent(exponent)
            unit.setScale(scale)
            unit.setMultiplier(multiplier)
    sbml.setSubstanceUnits("mmol")
    sbml.setExtentUnits("mmol")
    sbml.setTimeUnits("hour")
    sbml.setVolumeUnits("litre")


def _parameters(sbml: Any, model: KineticModel, ids: dict[str, str]) -> None:
    network = model.network
    for name, value in zip(network.km_names, np.exp(model.ln_km).tolist(), strict=True):
        _parameter(sbml, ids[name], name, value, "mM")
    rows = zip(
        network.reactions, np.exp(model.ln_vmax).tolist(), model.state.keq.tolist(), strict=True
    )
    for reaction, vmax, keq in rows:
        unit = None if reaction.law == "mass_action" else "mM_per_hour"
        name = f"vmax_{reaction.id}"
        _parameter(sbml, ids[name], name, vmax, unit)
        if reaction.reversible:
            _parameter(sbml, ids[f"keq_{reaction.id}"], f"keq_{reaction.id}", keq, None)


def _parameter(sbml: Any, id_: str, name: str, value: float, unit: str | None) -> None:
    parameter = sbml.createParameter()
    parameter.setId(id_)
    parameter.setName(name)
    parameter.setValue(value)
    parameter.setConstant(True)
    if unit is not None:
        parameter.setUnits(unit)


def _reactions(libsbml: Any, sbml: Any, model: KineticModel, ids: dict[str, str]) -> None:
    formulas = rate_formulas(model.network, ids)
    for reaction in model.network.reactions:
        item = sbml.createReaction()
        item.setId(ids[f"reaction {reaction.id}"])
        item.setName(reaction.id)
        item.setReversible(reaction.reversible)
        item.setFast(False)
        for part in reaction.balanced:
            reference = item.createReactant() if part.n < 0 else item.createProduct()
            reference.setSpecies(ids[part.species])
            reference.setStoichiometry(abs(part.n))
            reference.setConstant(True)
        formula = f"{CELL_VOLUME} * ({formulas[reaction.id]})"
        math = libsbml.parseL3Formula(formula)
        if math is None:
            raise ModelError(
                f"Reaction {reaction.id!r}: libsbml does not read {formula}: "
                f"{libsbml.getLastParseL3Error()}"
            )
        item.createKineticLaw().setMath(math)


def _check(libsbml: Any, document: Any, name: str) -> None:
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
    document.setConsistencyChecks(libsbml.LIBSBML_CAT_MODELING_PRACTICE, False)
    document.checkConsistency()
    errors = document.getErrorLog()
    for i in range(errors.getNumErrors()):
        error = errors.getError(i)
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            raise ModelError(f"SBML of {name!r}: {error.getMessage().strip()}")
