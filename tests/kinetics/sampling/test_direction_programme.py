from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.kinetics import KineticCase, StateRanges, log_displacement
from pyscimlode.kinetics.networks.state import SteadyState
from pyscimlode.kinetics.sampling.direction_programme import DirectionProgramme, balance_rows


def programme(case: KineticCase, **options: object) -> DirectionProgramme:
    ranges = StateRanges(flux_unit="mM/h", **options)  # type: ignore[arg-type]
    return DirectionProgramme(case.network, ranges.limits(case.network, case.state.keq))


def test_a_solution_keeps_balance_directions_and_thermodynamics(toy: KineticCase) -> None:
    made = programme(toy, flux=(-10.0, 10.0))
    x = made.solve(np.ones(made.size))
    assert x is not None
    fluxes, log_c = x[:6], x[6:14]
    np.testing.assert_allclose(balance_rows(toy.network) @ fluxes, 0.0, atol=1e-8)
    np.testing.assert_array_equal(made.forward(x), fluxes > 0)
    assert np.abs(fluxes).min() >= 0.01 - 1e-9
    drive = log_displacement(toy.network, SteadyState(np.exp(log_c), fluxes, toy.state.keq))
    assert np.all(drive[:5] * fluxes[:5] < 0)
    assert np.abs(drive[:5]).min() >= 0.1 - 1e-6


def test_irreversible_laws_and_ranges_without_zero_leave_one_way(toy: KineticCase) -> None:
    made = programme(toy, fluxes={"R1": (1.0, 2.0), "R3": (-2.0, -1.0)})
    assert made.one_way.tolist() == [True, False, True, False, False, True]


def test_the_smallest_relaxation_is_what_is_missing(toy: KineticCase) -> None:
    made = programme(toy, flux=(-4.0, 4.0), fluxes={"R3": (3.0, 4.0), "R6": (4.0, 4.0)})
    # R1 = R3 + R6 / 2 = 5 at least, and 4 at most
    assert made.solve(np.zeros(made.size), drive=False) is None
    relaxed = made.least_relaxed(drive=False)
    assert relaxed is not None
    assert relaxed.sum() == pytest.approx(1 / 3, rel=0.2)
    assert np.all(relaxed[[0, 1, 3, 4]] < 1e-9)
