from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("libsbml", reason="python-libsbml (extra kinetics) is not installed")

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics.formats.sbml_import import read_sbml

TEXT = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
 <model id="small">
  <listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>
  <listOfSpecies>{species}</listOfSpecies>
  <listOfReactions>
   <reaction id="R1" reversible="true" fast="false">
    <listOfReactants>{s}</listOfReactants><listOfProducts>{a}{h}</listOfProducts>
   </reaction>
   <reaction id="R2" reversible="false" fast="false">
    <listOfReactants>{a}</listOfReactants><listOfProducts>{b}</listOfProducts>
   </reaction>
   <reaction id="EX_b" reversible="true" fast="false">
    <listOfReactants>{b}</listOfReactants>
   </reaction>
  </listOfReactions>
 </model>
</sbml>"""
SPECIES = '<species id="{0}" compartment="c" boundaryCondition="{1}" constant="false" \
hasOnlySubstanceUnits="false"/>'
REFERENCE = '<speciesReference species="{0}" stoichiometry="1" constant="true"/>'


def written(folder: Path, defined: tuple[str, ...] = ("s_c", "a_c", "b_c", "h_c")) -> Path:
    species = "".join(SPECIES.format(s, str(s == "s_c").lower()) for s in defined)
    parts = {name: REFERENCE.format(f"{name}_c") for name in "sabh"}
    path = folder / "small.xml"
    path.write_text(TEXT.format(species=species, **parts), encoding="utf-8")
    return path


def test_a_foreign_network(tmp_path: Path) -> None:
    found = read_sbml(written(tmp_path), volume_ratios={"c": 2.0})
    network = found.network
    assert [(r.id, r.law) for r in network.reactions] == [("R1", "rev_mm"), ("R2", "irrev_mm")]
    assert network.dynamic_ids == ("a_c",), "boundary, proton and exchanged species are held"
    assert [m.species for m in network.reactions[0].modifiers] == ["h_c"]
    assert network.volume_ratios.tolist() == [2.0] * 4
    assert found.left_out == {"EX_b": "has one side alone; its species are held"}
    assert read_sbml(written(tmp_path), keep=["R2"]).network.reaction_ids == ("R2",)
    with pytest.raises(ModelError, match=r"All species of the network 'small' are held"):
        read_sbml(written(tmp_path), held=["a_c"])


FOREIGN = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4">
 <model id="foreign">
  <listOfFunctionDefinitions>
   <functionDefinition id="f"><math xmlns="http://www.w3.org/1998/Math/MathML">
    <lambda><bvar><ci>x</ci></bvar><ci>x</ci></lambda></math></functionDefinition>
  </listOfFunctionDefinitions>
  <listOfCompartments>
   <compartment id="out" size="10"/><compartment id="cell" size="2"/>
  </listOfCompartments>
  <listOfSpecies>
   <species id="S" compartment="out" initialConcentration="5" boundaryCondition="true"/>
   <species id="A" compartment="cell" initialAmount="3"/>
   <species id="B" compartment="cell"/>
   <species id="P" compartment="cell" initialAmount="1" constant="true" boundaryCondition="true"/>
  </listOfSpecies>
  <listOfParameters><parameter id="k" value="2"/></listOfParameters>
  <listOfReactions>
   <reaction id="R1" reversible="false">
    <listOfReactants><speciesReference species="S"/></listOfReactants>
    <listOfProducts><speciesReference species="A" stoichiometry="2"/></listOfProducts>
    <kineticLaw><math xmlns="http://www.w3.org/1998/Math/MathML">
     <apply><ci>f</ci><ci>kcat</ci></apply></math>
     <listOfParameters><parameter id="kcat" value="7"/></listOfParameters></kineticLaw>
   </reaction>
   <reaction id="R2">
    <listOfReactants><speciesReference species="A"/></listOfReactants>
    <listOfProducts><speciesReference species="B"/></listOfProducts>
   </reaction>
   <reaction id="R3">
    <listOfReactants><speciesReference species="B"/></listOfReactants>
    <listOfProducts><speciesReference species="P"/></listOfProducts>
   </reaction>
  </listOfReactions>
 </model>
</sbml>"""


def test_sizes_amounts_and_parameters_of_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "foreign.xml"
    path.write_text(FOREIGN, encoding="utf-8")
    found = read_sbml(path)
    network = found.network
    assert [(r.id, r.law) for r in network.reactions] == [
        ("R1", "irrev_mm"),
        ("R2", "rev_mm"),
        ("R3", "rev_mm"),
    ]
    assert {c.id: c.volume_ratio for c in network.compartments} == {"out": 0.2, "cell": 1.0}
    assert network.dynamic_ids == ("A", "B")
    assert dict(found.concentrations) == {"S": 5.0, "A": 1.5, "P": 0.5}
    assert dict(found.parameters) == {"k": 2.0, "R1.kcat": 7.0}
    assert found.state is None
    with pytest.raises(ModelError, match=r"names the compartment 'Cell', .* Did you mean 'cell'"):
        read_sbml(path, volume_ratios={"Cell": 1.0})
    path.write_text(FOREIGN.replace('size="2"', 'size="0"'), encoding="utf-8")
    with pytest.raises(ModelError, match=r"the compartment 'cell' has the size 0"):
        read_sbml(path)
    path.write_text(FOREIGN.replace('id="B"', 'id="A"'), encoding="utf-8")
    with pytest.raises(ModelError, match=r"foreign\.xml has the species id 'A' twice"):
        read_sbml(path)


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.xml cannot be read"):
        read_sbml(tmp_path / "none.xml")
    bad = tmp_path / "bad.xml"
    bad.write_text("no xml", encoding="utf-8")
    with pytest.raises(DataError, match=r"bad\.xml is not SBML"):
        read_sbml(bad)
    with pytest.raises(ModelError, match=r"'R1' names the species 'a_c', which the file does not"):
        read_sbml(written(tmp_path, ("s_c", "b_c", "h_c")))
    with pytest.raises(ModelError, match=r"The reaction 'R9' to keep is not known"):
        read_sbml(written(tmp_path), keep=["R9"])
