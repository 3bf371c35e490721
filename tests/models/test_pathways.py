from __future__ import annotations

import json

import numpy as np
import pytest

from pyscimlode.data.pathway import ENZYME_NAMES, STATE_NAMES, STOICHIOMETRY
from pyscimlode.errors import ModelError
from pyscimlode.models import (
    HybridODE,
    Pathway,
    Reaction,
    isopentenol_pathway,
    limonene_pathway,
    mevalonate_pathway,
    permuted_enzymes,
    simulated_pathway,
)

SHIPPED = [limonene_pathway, isopentenol_pathway, mevalonate_pathway, simulated_pathway]


@pytest.mark.parametrize("make", SHIPPED)
def test_json_round_trip(make: object) -> None:
    pathway = make()  # type: ignore[operator]
    again = Pathway.from_json(json.loads(json.dumps(pathway.to_json())))
    assert again == pathway
    assert hash(again) == hash(pathway)


def test_simulated_pathway_is_that_of_the_simulator() -> None:
    structure = HybridODE(simulated_pathway()).bound_to(STATE_NAMES, ENZYME_NAMES).structure
    np.testing.assert_array_equal(structure.fixed_amounts(np.ones(10)), STOICHIOMETRY)
    np.testing.assert_array_equal(structure.use_reaction, range(1, 10))
    np.testing.assert_array_equal(structure.use_control, range(9))
    assert not len(structure.free)


def test_amounts_follow_the_scales_of_the_states() -> None:
    pathway = Pathway((Reaction("r", {"A": 1, "B": 2}, {"A": 3, "C": 1}, ()),))
    structure = HybridODE(pathway).bound_to("ABC", "").structure
    amounts = structure.fixed_amounts(np.array([[10.0, 5.0, 2.0]]))
    np.testing.assert_allclose(amounts[0, :, 0], [2.0, -4.0, 5.0])


def test_measured_pathways_differ_in_their_branch() -> None:
    limonene, isopentenol = limonene_pathway(), isopentenol_pathway()
    assert limonene.species[-2:] == ("GPP", "Limonene")
    assert isopentenol.species[-1] == "Isopentenol"
    assert "NudB" in isopentenol.enzymes
    assert "NudB" not in limonene.enzymes
    both = mevalonate_pathway()
    assert set(both.species) == set(limonene.species) | set(isopentenol.species)
    assert "Acetyl-CoA" in both.exchanged
    assert "Acetyl-CoA" not in both.losses


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", SHIPPED)
def test_permuted_enzymes_are_all_wrong(make: object, seed: int) -> None:
    pathway = make()  # type: ignore[operator]
    wrong = permuted_enzymes(pathway, seed)
    assert wrong == permuted_enzymes(pathway, seed)
    assert set(wrong.enzymes) == set(pathway.enzymes)
    for before, after in zip(pathway.reactions, wrong.reactions, strict=True):
        assert len(before.enzymes) == len(after.enzymes)
        assert not set(before.enzymes) & set(after.enzymes)
        assert before.substrates == after.substrates


def test_a_single_enzyme_cannot_be_wrong() -> None:
    with pytest.raises(ModelError, match="cannot be assigned"):
        permuted_enzymes(Pathway((Reaction("r", {"A": 1}, {}, ("E",)),)))


def test_one_enzyme_may_be_given_as_text() -> None:
    assert Reaction("r", {"A": 1}, {"B": 1}, "AtoB").enzymes == ("AtoB",)


def test_mistakes_in_a_description() -> None:
    one = Reaction("one", {"A": 1}, {"B": 1})
    with pytest.raises(ModelError, match=r"the amount of 'A' among the substrates is -1\.0"):
        Reaction("r", {"A": -1})
    with pytest.raises(ModelError, match="neither substrates nor products"):
        Reaction("r")
    with pytest.raises(ModelError, match="names an enzyme twice"):
        Reaction("r", {"A": 1}, enzymes=("E", "E"))
    with pytest.raises(ModelError, match="at least one reaction"):
        Pathway(())
    with pytest.raises(ModelError, match="not unique: one, one"):
        Pathway((one, one))
    with pytest.raises(ModelError, match=r"losses=\('C',\) must name species.*there are A, B"):
        Pathway((one,), losses=("C",))
    with pytest.raises(ModelError, match="does not fit"):
        Pathway.from_json({"species": []})
