from __future__ import annotations

import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticReaction, Participant
from pyscimlode.models.kinetic.reactions import reaction


@pytest.mark.parametrize(
    ("law", "equation", "message"),
    [
        ("michaelis", "A -> B", r"'R' has the rate law 'michaelis', which is not known"),
        ("rev_m", "A -> B", r"Did you mean 'rev_mm'\?"),
        ("rev_mm", "A + B -> C", r"'R' has 2 substrate\(s\) and 1 product\(s\).*takes 1 and 1"),
        ("uni_bi", "A -> C", r"'uni_bi' takes 1 and 2"),
        ("bi_uni", "A -> C", r"'bi_uni' takes 2 and 1"),
        ("hill_nn", "A + B -> C", r"'hill_nn' takes as many products as substrates"),
        ("hill_nn", "A + 2 B -> C + D", r"hill_nn takes coefficients of one, and 'B' has -2"),
        ("convenience", "0.5 A -> C", r"convenience takes whole coefficients .* 'A' has -0.5"),
        ("convenience", "90 A -> C", r"up to 6, and 'A' has -90; use 'irrev_mm'"),
    ],
)
def test_a_law_says_what_it_does_not_take(law: str, equation: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        reaction("R", law, equation)


def test_every_law_but_mass_action_needs_names_of_km() -> None:
    sides = (Participant("A", -1.0), Participant("B", 1.0))
    assert KineticReaction("R", "mass_action", sides).reversible
    with pytest.raises(ModelError, match=r"'R' \(rev_mm\): 'A' lacks the name of its KM"):
        KineticReaction("R", "rev_mm", sides)
    with_km = (Participant("A", -1.0, "K"), Participant("B", 1.0))
    with pytest.raises(ModelError, match=r"'R' \(mass_action\): 'A' has a KM"):
        KineticReaction("R", "mass_action", with_km)


def test_a_reaction_needs_both_sides_unless_it_is_irreversible() -> None:
    only = (Participant("A", -1.0, "K"),)
    assert not KineticReaction("R", "irrev_mm", only).reversible
    with pytest.raises(ModelError, match=r"1 substrate\(s\) and 0 product\(s\).*at least one"):
        KineticReaction("R", "convenience", only)
