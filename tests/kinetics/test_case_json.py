from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics import (
    KineticCase,
    case_to_json,
    network_from_json,
    read_case,
    state_from_json,
    write_case,
)


def test_a_case_is_read_as_it_was_written(own: KineticCase, tmp_path: Path) -> None:
    path = write_case(tmp_path / "case.json", own.network, own.state)
    again = read_case(path)
    assert again.network == own.network
    np.testing.assert_array_equal(again.state.concentrations, own.state.concentrations)
    np.testing.assert_array_equal(again.state.fluxes, own.state.fluxes)
    np.testing.assert_array_equal(again.state.keq, own.state.keq)
    assert (again.state.flux_unit, again.state.density) == (own.state.flux_unit, own.state.density)
    assert again.state.provenance == own.state.provenance


@pytest.mark.parametrize("name", ["toy6", "varma65", "ecoli_trpd9923_lp"])
def test_case_files_are_written_as_they_were_read(kinetic_data: Path, name: str) -> None:
    wanted = json.loads((kinetic_data / f"{name}.json").read_text())
    case = read_case(kinetic_data / f"{name}.json")
    found = case_to_json(case.network, case.state)
    for entry in (*wanted["reactions"], *found["reactions"]):
        for item in entry["participants"]:
            del item["role"]
    for key in ("name", "compartments", "species", "reactions", "km_order", "km_inert"):
        assert found[key] == wanted[key], key
    for key in ("moieties", "dependent_species", "independent_species"):
        assert found[key] == wanted[key], key


def test_files_that_are_no_cases(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.json cannot be read: No such file"):
        read_case(tmp_path / "none.json")
    path = tmp_path / "case.json"
    path.write_text("{")
    with pytest.raises(DataError, match=r"case\.json is not JSON"):
        read_case(path)
    path.write_text("[]")
    with pytest.raises(DataError, match=r"its 'format' is not 'kinetic-case/0'"):
        read_case(path)


def test_missing_entries_are_named(toy: KineticCase) -> None:
    data = case_to_json(toy.network, toy.state)
    del data["reactions"][2]["flux"]
    with pytest.raises(DataError, match=r"'R3' among the reactions of the case has no 'flux'"):
        state_from_json(data)
    del data["species"][0]["compartment"]
    with pytest.raises(ModelError, match=r"'toy6' cannot be read: KeyError: 'compartment'"):
        network_from_json(data)


def test_a_missing_keq_is_unknown_unless_the_law_is_irreversible(toy: KineticCase) -> None:
    data = case_to_json(toy.network, toy.state)
    assert data["reactions"][5]["keq"] is None
    data["reactions"][0]["keq"] = None
    keq = state_from_json(data).keq
    assert np.isnan(keq[0])
    assert np.isinf(keq[5])
