from __future__ import annotations

import re

import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticReaction, Modifier, Participant
from pyscimlode.models.kinetic.reactions import reaction


def test_sides_keep_their_order() -> None:
    made = reaction("R", "hill_nn", "A + B <-> C + D", [("H", -1.0, "displacement")])
    assert [p.species for p in made.substrates] == ["A", "B"]
    assert [p.species for p in made.products] == ["C", "D"]
    assert [item.species for item in made.balanced] == ["A", "B", "C", "D", "H"]
    assert made.substrates[0].km == "km_A_R"


def test_bad_coefficients_and_repeats_are_named() -> None:
    with pytest.raises(ModelError, match=r"'R': the coefficient of 'A' is 0.0"):
        KineticReaction("R", "rev_mm", (Participant("A", 0.0, "K"), Participant("B", 1.0, "L")))
    with pytest.raises(ModelError, match=r"'R' names 'A' twice on one side"):
        reaction("R", "convenience", "A + A <-> B")
    with pytest.raises(ModelError, match=r"the modifier 'H' is of kind 'inhibitor'"):
        reaction("R", "rev_mm", "A <-> B", [("H", 1.0, "inhibitor")])


def test_a_modifier_displaces_unless_told_otherwise() -> None:
    assert Modifier("H", 1.0).kind == "displacement"


@pytest.mark.parametrize(
    ("equation", "place"),
    [("A + B", "A + B"), ("A <->", ""), ("x A <-> B", "x A"), ("A -> B -> C", "A -> B -> C")],
)
def test_an_equation_that_cannot_be_read_is_named(equation: str, place: str) -> None:
    message = re.escape(f"'R1': the equation '{equation}' is not read at '{place}'")
    with pytest.raises(ModelError, match=message):
        reaction("R1", "convenience", equation)


def test_coefficients_of_an_equation() -> None:
    made = reaction("R1", "convenience", "2 3pg_c <-> 3 * C")
    assert [(p.species, p.n) for p in made.participants] == [("3pg_c", -2), ("C", 3)]
