from __future__ import annotations

import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    Compartment,
    KineticCase,
    KineticNetwork,
    KineticSpecies,
    StateRanges,
    reaction,
    sample_steady_states,
)


def small(*equations: str) -> KineticNetwork:
    """A network of ``rev_mm`` reactions over S (held), A, B and P (held)."""
    names = sorted({name for text in equations for name in text.split(" <-> ")})
    return KineticNetwork(
        "small",
        (Compartment("c"),),
        tuple(KineticSpecies(name, "c", name in "SP") for name in names),
        tuple(reaction(f"r{i}", "rev_mm", text) for i, text in enumerate(equations, 1)),
    )


def test_a_dead_end_is_named_with_its_species() -> None:
    network = small("S <-> A", "A <-> P", "A <-> B")
    with pytest.raises(
        DataError, match=r"reaction 'r3' can carry 0 at most \(there is no other reaction of 'B'\)"
    ):
        sample_steady_states(network, [2.0] * 3, StateRanges(flux_unit="mM/h"), 1)


def test_a_flux_out_of_reach_is_named(toy: KineticCase) -> None:
    fluxes = {"R1": (50.0, 60.0), "R6": (1.0, 2.0), "R3": (1.0, 2.0)}
    ranges = StateRanges.around(toy.network, toy.state, fluxes=fluxes)
    with pytest.raises(
        DataError, match=r"'R1' can carry 3 at most, and at least 50 is asked for\nWiden the"
    ):
        sample_steady_states(toy.network, toy.state.keq, ranges, 1)


def test_fluxes_that_exclude_one_another_are_named() -> None:
    network = small("S <-> A", "A <-> B", "A <-> P", "B <-> P")
    fluxes = {"r1": (1.0, 10.0), "r2": (6.0, 10.0), "r3": (6.0, 10.0), "r4": (0.1, 10.0)}
    ranges = StateRanges(fluxes=fluxes, flux_unit="mM/h")
    with pytest.raises(
        DataError, match=r"'r[23]' is asked for at least 6, and 4 is possible beside the others"
    ):
        sample_steady_states(network, [2.0] * 4, ranges, 1)


def test_the_reaction_that_runs_uphill_is_named_with_what_is_missing() -> None:
    ranges = StateRanges(
        concentrations={"S": (1.0, 1.0), "P": (50.0, 50.0)},
        fluxes={"r1": (1.0, 3.0)},
        flux_unit="mM/h",
        concentration=(0.5, 2.0),
    )
    # ln(P/A / Keq) with A at 2 mM, and the least driving force
    missing = r"'r2' would run if its ln Keq moved by 2\.63 \(Keq by a factor of 13\.8\)"
    with pytest.raises(DataError, match=missing):
        sample_steady_states(small("S <-> A", "A <-> P"), [4.0, 2.0], ranges, 1)
