from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, example_pathway
from pyscimlode.kinetics.sampling.state_ranges import StateRanges


def test_ranges_around_a_state(toy: KineticCase) -> None:
    ranges = StateRanges.around(toy.network, toy.state, concentration_factor=4.0, flux_factor=2.0)
    assert ranges.concentrations["A"] == (0.25, 4.0)
    assert ranges.concentrations["S_e"] == (1.0, 1.0)
    assert ranges.fluxes["R1"] == (1.5, 6.0)
    assert ranges.flux_unit == "mM/h"
    free = StateRanges.around(toy.network, toy.state, same_directions=False)
    assert free.fluxes["R1"] == (-6.0, 6.0)
    assert free.fluxes["R6"] == (1.0, 4.0), "irreversible"


def test_small_fluxes_of_a_known_state_stay_possible(toy: KineticCase) -> None:
    small = dataclasses.replace(toy.state, fluxes=toy.state.fluxes * 1e-4)
    for same in (True, False):
        ranges = StateRanges.around(toy.network, small, same_directions=same)
        assert ranges.min_flux == pytest.approx(0.5e-4)
        ranges.limits(toy.network, small.keq)
    assert StateRanges.around(toy.network, small, min_flux=1e-6).min_flux == 1e-6
    assert StateRanges.around(toy.network, toy.state).min_flux == StateRanges.min_flux
    with pytest.raises(DataError, match=r"The state has 8 concentrations and 6 fluxes; the net"):
        StateRanges.around(example_pathway().network, toy.state)


def test_limits_are_in_the_order_of_the_network(toy: KineticCase) -> None:
    ranges = StateRanges(concentrations={"B": (0.5, 2.0)}, fluxes={"R3": (1.0, 2.0)})
    limits = ranges.limits(toy.network, toy.state.keq)
    np.testing.assert_allclose(limits.log_c[3], np.log([0.5, 2.0]))
    np.testing.assert_allclose(limits.log_c[0], np.log([1e-5, 100.0]))
    assert limits.flux[2].tolist() == [1.0, 2.0]
    assert limits.min_flux.tolist() == [0.01, 0.01, 1.0, 0.01, 0.01, 0.01]


def test_they_are_json_data(toy: KineticCase) -> None:
    ranges = StateRanges.around(toy.network, toy.state)
    data = json.loads(json.dumps(ranges.to_json()))
    assert StateRanges(**data) == ranges


def test_mistakes_are_named(toy: KineticCase) -> None:
    with pytest.raises(DataError, match=r"The range of 'A', 2 to 1, is not in order"):
        StateRanges(concentrations={"A": (2.0, 1.0)})
    with pytest.raises(DataError, match=r"'A' starts at 0 mM; it must be positive"):
        StateRanges(concentrations={"A": (0.0, 1.0)})
    with pytest.raises(DataError, match=r"The range of 'A' is 1; give two numbers"):
        StateRanges(concentrations={"A": 1})  # type: ignore[dict-item]
    with pytest.raises(DataError, match=r"flux_unit='mol/s' is not known"):
        StateRanges(flux_unit="mol/s")
    with pytest.raises(DataError, match=r"min_flux=0 and"):
        StateRanges(min_flux=0)
    with pytest.raises(DataError, match=r"species 'AT' of the ranges is not known"):
        StateRanges(concentrations={"AT": (1.0, 1.0)}).limits(toy.network, toy.state.keq)
    with pytest.raises(DataError, match=r"Reaction 'R6' \(irrev_mm\) may have fluxes from -3 to"):
        StateRanges(fluxes={"R6": (-3.0, 0.0)}).limits(toy.network, toy.state.keq)
    with pytest.raises(DataError, match=r"keq has the shape \(2,\)"):
        StateRanges().limits(toy.network, np.ones(2))
