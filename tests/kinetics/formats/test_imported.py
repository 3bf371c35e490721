from __future__ import annotations

import pytest

from pyscimlode.errors import MissingDependencyError
from pyscimlode.kinetics.formats.imported import chosen_law, import_extra, reaction_of_stoichiometry


@pytest.mark.parametrize(
    ("left", "right", "reversible", "law"),
    [
        ([1], [1], True, "rev_mm"),
        ([1, 1], [1, 1], True, "hill_nn"),
        ([1], [1, 1], True, "uni_bi"),
        ([1, 1], [1], True, "bi_uni"),
        ([1], [2], True, "convenience"),
        ([1, 1], [1, 1, 1], True, "convenience"),
        ([1, 0.5], [1], True, "irrev_mm"),
        ([1, 41], [1], True, "irrev_mm"),
        ([1], [1], False, "irrev_mm"),
    ],
)
def test_the_law_follows_from_the_stoichiometry(
    left: list[float], right: list[float], reversible: bool, law: str
) -> None:
    sides = (
        [(f"{name}{i}", n) for i, n in enumerate(side)]
        for name, side in (("s", left), ("p", right))
    )
    assert chosen_law(*sides, reversible) == law


def test_a_proton_that_is_transported_is_a_participant() -> None:
    leak = reaction_of_stoichiometry(
        "leak", {"h_e": -1.0, "h_c": 1.0}, reversible=True, modifiers=("h_e", "h_c")
    )
    assert leak.law == "rev_mm"
    assert not leak.modifiers
    symport = reaction_of_stoichiometry(
        "SYM",
        {"a_e": -1.0, "h_e": -1.0, "a_c": 1.0, "h_c": 1.0},
        reversible=True,
        modifiers=("h_e", "h_c"),
    )
    assert symport.law == "rev_mm"
    assert [(m.species, m.n) for m in symport.modifiers] == [("h_e", -1.0), ("h_c", 1.0)]


def test_a_missing_extra_is_named() -> None:
    with pytest.raises(MissingDependencyError, match=r"Doing so needs no_such_module.*\[extra\]"):
        import_extra("no_such_module", "extra", "Doing so")
