from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError, MissingDependencyError, ModelError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel, check_state
from pyscimlode.kinetics.formats.sbml_export import model_to_sbml, sbml_ids, write_sbml
from pyscimlode.kinetics.formats.sbml_import import model_from_sbml, read_sbml


def model_of(case: KineticCase, seed: int = 0) -> KineticModel:
    rng = np.random.default_rng(seed)
    ln_km = rng.normal(size=len(case.network.km_names)) * 0.5
    return KineticModel.at_steady_state(KineticEvaluator(case.network, case.state), ln_km)


def test_ids_are_valid_and_different() -> None:
    ids = sbml_ids(["D-LACt2pp", "3pg_c", "D_LACt2pp", "time"])
    assert ids == {
        "D-LACt2pp": "D_LACt2pp",
        "3pg_c": "_3pg_c",
        "D_LACt2pp": "D_LACt2pp_2",
        "time": "time_2",
    }


def test_without_libsbml_the_extra_is_named(
    toy: KineticCase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "libsbml", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[kinetics\]'"):
        model_to_sbml(model_of(toy))
    with pytest.raises(MissingDependencyError, match=r"Reading SBML needs libsbml"):
        read_sbml(tmp_path / "a.xml")


def test_a_model_comes_back_from_its_file(own: KineticCase, tmp_path: Path) -> None:
    pytest.importorskip("libsbml", reason="python-libsbml (extra kinetics) is not installed")
    model = model_of(own)
    again = model_from_sbml(write_sbml(tmp_path / "model.xml", model))
    assert again.network == model.network
    np.testing.assert_allclose(again.ln_km, model.ln_km, atol=1e-13)
    np.testing.assert_allclose(again.ln_vmax, model.ln_vmax, atol=1e-13)
    np.testing.assert_array_equal(again.state.concentrations, own.state.concentrations)
    np.testing.assert_allclose(again.state.keq, own.state.keq, rtol=1e-14)
    assert (again.state.flux_unit, again.state.density) == (own.state.flux_unit, own.state.density)
    check_state(again.network, again.state)


def test_values_changed_in_the_file_count(toy: KineticCase, tmp_path: Path) -> None:
    libsbml = pytest.importorskip("libsbml", reason="python-libsbml is not installed")
    document = libsbml.readSBMLFromString(model_to_sbml(model_of(toy)))
    document.getModel().getParameter("vmax_R1").setValue(7.0)
    document.getModel().getSpecies("A").setInitialConcentration(1.5)
    path = tmp_path / "changed.xml"
    path.write_text(libsbml.writeSBMLToString(document), encoding="utf-8")
    changed = model_from_sbml(path)
    assert np.exp(changed.ln_vmax[0]) == pytest.approx(7.0)
    assert changed.state.concentrations[1] == 1.5
    document.getModel().removeParameter("vmax_R2")
    path.write_text(libsbml.writeSBMLToString(document), encoding="utf-8")
    with pytest.raises(ModelError, match=r"has no positive parameter 'vmax_R2'"):
        model_from_sbml(path)


def test_the_file_says_units_compartments_and_held_species(pathway: KineticCase) -> None:
    libsbml = pytest.importorskip("libsbml", reason="python-libsbml is not installed")
    sbml = libsbml.readSBMLFromString(model_to_sbml(model_of(pathway))).getModel()
    assert (sbml.getTimeUnits(), sbml.getSubstanceUnits()) == ("hour", "mmol")
    sizes = {c.getName(): c.getSize() for c in sbml.getListOfCompartments()}
    assert sizes == pytest.approx({"c": 0.9, "p": 0.1, "e": 1.0})
    held = {s.getName() for s in sbml.getListOfSpecies() if s.getBoundaryCondition()}
    assert held == {s.id for s in pathway.network.species if s.fixed}


@pytest.mark.parametrize("name", ["toy6", pytest.param("pathway", marks=pytest.mark.slow)])
def test_libroadrunner_simulates_the_same_trajectory(
    toy: KineticCase, pathway: KineticCase, name: str
) -> None:
    pytest.importorskip("libsbml", reason="python-libsbml (extra kinetics) is not installed")
    roadrunner = pytest.importorskip("roadrunner", reason="libroadrunner is not installed")
    model = model_of(toy if name == "toy6" else pathway)
    names = [sbml_ids(model.network.species_ids)[s] for s in model.network.dynamic_ids]
    start = model.initial * np.exp(np.random.default_rng(1).normal(size=len(names)) * 0.2)
    runner = roadrunner.RoadRunner(model_to_sbml(model))
    runner.integrator.relative_tolerance = 1e-9
    runner.integrator.absolute_tolerance = 1e-12
    for species, value in zip(names, start, strict=True):
        runner[f"[{species}]"] = value
    runner.timeCourseSelections = [f"[{species}]" for species in names]
    found = np.array(runner.simulate(0.0, 0.5, 6))
    wanted = model.simulate(start, np.linspace(0.0, 0.5, 6), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert np.abs(wanted[-1] / wanted[0] - 1).max() > 0.05, "something moves"


def test_a_foreign_file_has_no_kinetic_model(toy: KineticCase, tmp_path: Path) -> None:
    libsbml = pytest.importorskip("libsbml", reason="python-libsbml is not installed")
    document = libsbml.readSBMLFromString(model_to_sbml(model_of(toy)))
    document.getModel().unsetAnnotation()
    path = tmp_path / "foreign.xml"
    path.write_text(libsbml.writeSBMLToString(document), encoding="utf-8")
    found = read_sbml(path)
    assert [r.law for r in found.network.reactions] == [r.law for r in toy.network.reactions]
    assert found.network.dynamic_ids == toy.network.dynamic_ids
    assert found.state is None
    with pytest.raises(DataError, match=r"has no kinetic model that pyscimlode wrote"):
        model_from_sbml(path)
