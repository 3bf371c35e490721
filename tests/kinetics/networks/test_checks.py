from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, check_state, log_displacement


def changed(case: KineticCase, name: str, position: int, value: float) -> None:
    array = np.array(getattr(case.state, name))
    array[position] = value
    check_state(case.network, replace(case.state, **{name: array}))


def test_own_examples_are_consistent(own: KineticCase) -> None:
    check_state(own.network, own.state)


@pytest.mark.parametrize(
    ("name", "position", "value", "message"),
    [
        ("concentrations", 1, 0.0, r"species 'A' has the concentration 0 mM"),
        ("concentrations", 1, np.nan, r"species 'A' has the concentration nan mM"),
        ("fluxes", 2, 0.0, r"reaction 'R3' has the flux 0; leave a reaction without flux out"),
        ("keq", 4, np.nan, r"reaction 'R5' \(convenience\) has no equilibrium constant"),
        ("keq", 1, 0.5, r"reaction 'R2' has the flux 2 mM/h, but ln\(Gamma/Keq\) = 0.6931"),
        ("fluxes", 5, 3.0, r"species 'C' is not at steady state: N v = -1 mM/h.*reaction 'R6'"),
    ],
)
def test_findings_name_species_and_reaction(
    toy: KineticCase, name: str, position: int, value: float, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        changed(toy, name, position, value)


def test_the_worst_balance_comes_first_and_many_are_counted(pathway: KineticCase) -> None:
    fluxes = pathway.state.fluxes * np.linspace(1.0, 2.0, len(pathway.state.fluxes))
    with pytest.raises(DataError, match=r"(?s)N v = .*\n\.\.\. and \d+ more") as caught:
        check_state(pathway.network, replace(pathway.state, fluxes=fluxes))
    shares = [
        float(line.split(", ")[1].split(" of the flux")[0])
        for line in str(caught.value).splitlines()
        if "N v" in line
    ]
    assert shares == sorted(shares, reverse=True)


def test_another_size_is_refused(toy: KineticCase, pathway: KineticCase) -> None:
    with pytest.raises(DataError, match=r"8 concentrations and 6 fluxes; .* 34 reactions"):
        check_state(pathway.network, toy.state)


def test_displacement_counts_modifiers(pathway: KineticCase) -> None:
    """ACt: ac_c <-> ac_e with one proton consumed."""
    value = log_displacement(pathway.network, pathway.state)
    j = pathway.network.reaction_ids.index("ACt")
    c = dict(zip(pathway.network.species_ids, pathway.state.concentrations, strict=True))
    gamma = c["ac_e"] / c["ac_c"] / c["h_c"]
    assert value[j] == pytest.approx(np.log(gamma / pathway.state.keq[j]))
    assert value[j] == pytest.approx(-1.0)
    assert value[pathway.network.reaction_ids.index("BIO")] == -np.inf
