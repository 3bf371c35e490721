from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics import balances, read_case
from pyscimlode.kinetics.formats.skimpy_yaml import read_skimpy_yaml

pytest.importorskip("yaml", reason="PyYAML (extra kinetics) is not installed")

TEXT = """
name: small
compartments: {c: c, e: e}
reactants:
  S_e: {compartment: e, name: S_e}
  A_c: {compartment: c, name: A_c}
  B_c: {compartment: c, name: B_c}
  h_c: {compartment: c, name: h_c}
boundary_conditions:
  CC_S_e: {class: ConstantConcentration, reactant: S_e}
  CC_B_c: {class: ConstantConcentration, reactant: B_c}
  CC_h_c: {class: ConstantConcentration, reactant: h_c}
parameters: {k_equilibrium_R1: 3.0, km_substrate_R1: null, cell_volume_e: 1.0, volume_e: 4.0}
reactions:
  R1:
    mechanism: {class: ReversibleMichaelisMenten, substrate: S_e, product: A_c}
    modifiers:
      DSM_h_c:
        class: DisplacementSmallMoleculeModifier
        mechanism_stoichiometry: {small_molecule: -1.0}
        small_molecule: h_c
  R2:
    mechanism: {class: RevMassaction, substrate1: A_c, product1: B_c,
                mechanism_stoichiometry: {substrate1: -1.0, product1: 1.0}}
    modifiers: {}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "small.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_small_model(tmp_path: Path) -> None:
    found = read_skimpy_yaml(written(tmp_path, TEXT), volume_ratios={"c": 1.1})
    network = found.network
    assert network.name == "small"
    assert [r.law for r in network.reactions] == ["rev_mm", "mass_action"]
    assert network.km_names == ("km_substrate_R1", "km_product_R1")
    assert network.dynamic_ids == ("A_c",)
    assert network.reactions[0].modifiers[0].n == -1.0
    assert network.volume_ratios.tolist() == [0.25, 1.1, 1.1, 1.1]
    assert found.parameters["k_equilibrium_R1"] == 3.0
    assert "km_substrate_R1" not in found.parameters, "null"
    assert found.state is None


@pytest.mark.parametrize(
    ("file", "case"),
    [("kin_varma.yml", "varma65"), ("kin_varma_curated.yaml", "ecoli_trpd9923_lp")],
)
def test_published_models_are_the_cases(kinetic_data: Path, file: str, case: str) -> None:
    network = read_skimpy_yaml(kinetic_data / file).network
    wanted = read_case(kinetic_data / f"{case}.json").network
    ours = {r.id: r for r in network.reactions}
    for reaction in wanted.reactions:
        if reaction.id != "LMPD_biomass_c_1_420":
            assert ours[reaction.id] == reaction
        else:  # the case counts growth in other units of flux
            ratios = [
                a.n / b.n
                for a, b in zip(ours[reaction.id].balanced, reaction.balanced, strict=True)
            ]
            np.testing.assert_allclose(ratios, 5e5, rtol=1e-6)
    assert set(network.km_names) == set(wanted.km_names)
    assert {s.id for s in network.species if s.fixed} == {s.id for s in wanted.species if s.fixed}
    assert len(network.independent_ids) == len(wanted.independent_ids)
    assert len(balances(network).dependent) == len(wanted.dependent or ())


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.yml cannot be read"):
        read_skimpy_yaml(tmp_path / "none.yml")
    with pytest.raises(DataError, match=r"small\.yml is not YAML"):
        read_skimpy_yaml(written(tmp_path, "a: [1"))
    with pytest.raises(ModelError, match=r"SKiMpy model small\.yml has no 'compartments'"):
        read_skimpy_yaml(written(tmp_path, "a: 1"))
    with pytest.raises(ModelError, match=r"Reaction 'R1' has the mechanism 'PingPong'"):
        read_skimpy_yaml(written(tmp_path, TEXT.replace("ReversibleMichaelisMenten", "PingPong")))
    with pytest.raises(ModelError, match=r"Reaction 'R1' has a modifier of the class 'Other'"):
        read_skimpy_yaml(
            written(tmp_path, TEXT.replace("DisplacementSmallMoleculeModifier", "Other"))
        )
    with pytest.raises(ModelError, match=r"names the compartment 'x', which is not known"):
        read_skimpy_yaml(written(tmp_path, TEXT), volume_ratios={"x": 1.0})
    with pytest.raises(ModelError, match=r"Reaction 'R2' names the species 'Z_c'"):
        read_skimpy_yaml(written(tmp_path, TEXT.replace("product1: B_c", "product1: Z_c")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("substrate: S_e", "substrateX: S_e", r"'R1': its mechanism has 'substrateX', which is"),
        ("substrate1: -1.0", "substrate1: x", r"'substrate1' of 'mechanism_stoichiometry' of .*R2"),
        (
            "small_molecule: -1.0",
            "small_molecule: x",
            r"of modifier 'DSM_h_c' of reaction 'R1' .*x",
        ),
        (
            "k_equilibrium_R1: 3.0",
            "k_equilibrium_R1: abc",
            r"'k_equilibrium_R1' of 'parameters' of",
        ),
        ("  R2:\n    mechanism:", "  R2:\n    mechanis:", r"reaction 'R2' .* has no 'mechanism'"),
        ("compartment: e", "compartmen: e", r"species 'S_e' of .* has no 'compartment'"),
        ("reactions:", "reactions: []\nother:", r"'reactions' of the SKiMpy model .* is \[\]"),
    ],
)
def test_a_broken_entry_is_named_with_its_place(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        read_skimpy_yaml(written(tmp_path, TEXT.replace(old, new)))


def test_no_code_is_run_when_a_file_is_read(tmp_path: Path) -> None:
    text = "!!python/object/apply:os.system ['exit 1']"
    with pytest.raises(DataError, match=r"is not YAML"):
        read_skimpy_yaml(written(tmp_path, text))
