from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError, ModelError, PyscimlodeError
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
    with pytest.raises(DataError, match=r"reaction 'R3' of the case 'toy6' has no 'flux'"):
        state_from_json(data)
    del data["species"][0]["compartment"]
    with pytest.raises(ModelError, match=r"species 'S_e' of the case 'toy6' has no 'compartment'"):
        network_from_json(data)


def put(data: dict, place: tuple, value: object) -> None:
    for key in place[:-1]:
        data = data[key]
    data[place[-1]] = value


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("reactions", 1, "flux"), "2,0", r"'flux' of reaction 'R2' of the case 'toy6' is '2,0'"),
        (("reactions", 1, "keq"), "2,0", r"'keq' of reaction 'R2' .* is '2,0'; give a number"),
        (("reactions", 1, "law"), None, r"'law' of reaction 'R2' .* is None; give a text"),
        (("reactions", 1, "id"), None, r"'id' of reaction number 2 of .* is None; give a text"),
        (("reactions", 1, "modifier"), [], r"'R2' .* has 'modifier', .* known: 'modifiers'\?"),
        (
            ("reactions", 1, "participants", 0, "n"),
            "two",
            r"'n' of participant 'A' of reaction 'R2'",
        ),
        (("reactions",), {}, r"'reactions' of the case 'toy6' is \{\}; give a list"),
        (("species", 1), None, r"species number 2 of the case 'toy6' is None; a JSON object"),
        (("species", 1, "fixed"), "no", r"'fixed' of species 'A' .* is 'no'; give true or false"),
        (("species", 1, "conc"), [1], r"'conc' of species 'A' of the case 'toy6' is \[1\]"),
        (("compartments", "c"), 1.0, r"'c' of 'compartments' of the case 'toy6' is 1\.0; a JSON"),
        (("moieties", 0, "ATP"), "one", r"'ATP' of moiety number 1 of the case 'toy6' is 'one'"),
        (
            ("dependent_species",),
            "ADP",
            r"'dependent_species' of .* is 'ADP'; give a list of texts",
        ),
        (("units",), "mM", r"'units' of the case 'toy6' is 'mM'; a JSON object"),
        (("units", "time"), "s", r"'units' of the case 'toy6': time is in 's'; convert to 'h'"),
        (("units", "flux"), "mM/min", r"flux_unit='mM/min' is not known; there are mM/h"),
    ],
)
def test_a_broken_entry_is_named_with_file_and_place(
    toy: KineticCase, tmp_path: Path, place: tuple, value: object, message: str
) -> None:
    data = case_to_json(toy.network, toy.state)
    put(data, place, value)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(PyscimlodeError, match=r"mine\.json: .*" + message):
        read_case(path)


def test_another_format_is_pointed_to_its_reader(tmp_path: Path) -> None:
    path = tmp_path / "model.yml"
    path.write_text("reactions: {}", encoding="utf-8")
    with pytest.raises(DataError, match=r"not JSON: .*\(read_skimpy_yaml reads SKiMpy's YAML"):
        read_case(path)


def test_notes_of_the_author_are_left_alone(toy: KineticCase) -> None:
    data = case_to_json(toy.network, toy.state)
    data["growth_reaction"] = "R3"
    data["reactions"][0]["ec"] = "2.7.1.2"
    assert network_from_json(data) == toy.network


def test_a_missing_keq_is_unknown_unless_the_law_is_irreversible(toy: KineticCase) -> None:
    data = case_to_json(toy.network, toy.state)
    assert data["reactions"][5]["keq"] is None
    data["reactions"][0]["keq"] = None
    keq = state_from_json(data).keq
    assert np.isnan(keq[0])
    assert np.isinf(keq[5])
