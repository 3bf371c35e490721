from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import (
    Compartment,
    KineticCase,
    KineticEvaluator,
    KineticNetwork,
    KineticSpecies,
    RateFunction,
    SteadyState,
    log_displacement,
    reaction,
)
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km


def perturbed(case: KineticCase, models: int, seed: int = 5) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 0.5, (models, len(case.network.species)))
    return case.state.concentrations * np.exp(noise)


def test_rates_at_the_steady_state_are_its_fluxes(own: KineticCase) -> None:
    ln_km = random_ln_km(own, 20)
    rates = RateFunction(own.network, own.state.keq).rates(
        own.state.concentrations, ln_km, evaluator_of(own).ln_vmax(ln_km)
    )
    wanted = np.broadcast_to(own.state.fluxes_mM_h, rates.shape)
    np.testing.assert_allclose(rates, wanted, rtol=1e-11)


@pytest.mark.parametrize("name", ["varma65", "ecoli_trpd9923_lp"])
def test_rates_of_the_golden_cases(kinetic_data: Path, name: str) -> None:
    case, golden = golden_case(kinetic_data, name)
    function = RateFunction(case.network, case.state.keq)
    rates = function.rates(
        case.state.concentrations, golden["golden_lnKM"], golden["golden_lnVmax"]
    )
    wanted = np.broadcast_to(golden["flux_mM_h"], rates.shape)
    np.testing.assert_allclose(rates, wanted, rtol=1e-9)


def test_haldane_holds_at_any_concentrations(own: KineticCase) -> None:
    ln_km = random_ln_km(own, 10)
    c = perturbed(own, 10)
    function = RateFunction(own.network, own.state.keq)
    forward, backward = function.one_way(c, ln_km, evaluator_of(own).ln_vmax(ln_km))
    np.testing.assert_allclose(backward / forward, function.displacement(c), rtol=1e-12)
    at_state = function.displacement(own.state.concentrations)[0]
    np.testing.assert_allclose(
        at_state, np.exp(log_displacement(own.network, own.state)), rtol=1e-12
    )


def test_rates_by_hand(toy: KineticCase) -> None:
    """R2 (hill_nn) and R5 (convenience, A <-> 2 C) with Keq = 2 and all KM = 1."""
    c = dict(S_e=1.0, A=2.0, ATP=3.0, B=0.5, ADP=0.25, P_e=1.0, C=0.5, W_e=1.0)
    rates = RateFunction(toy.network, toy.state.keq).rates(
        np.array(list(c.values())), np.zeros(14), np.zeros(6)
    )[0]
    hill = (2 * 3 - 0.5 * 0.25 / 2) / ((1 + 2 + 0.5) * (1 + 3 + 0.25))
    convenience = (2 - 0.5**2 / 2) / ((1 + 2) + (1 + 0.5 + 0.25) - 1)
    assert rates[1] == pytest.approx(hill, rel=1e-14)
    assert rates[4] == pytest.approx(convenience, rel=1e-14)
    assert rates[5] == pytest.approx(0.5 / 1.5, rel=1e-14)


def test_derivatives_against_differences(own: KineticCase) -> None:
    ln_km = random_ln_km(own, 3, low=-12.0, high=-4.0)
    ln_vmax = evaluator_of(own).ln_vmax(ln_km)
    c, step = perturbed(own, 3), 1e-6
    function = RateFunction(own.network, own.state.keq)
    rates, found = function.derivatives(c, ln_km, ln_vmax)
    np.testing.assert_allclose(rates, function.rates(c, ln_km, ln_vmax), rtol=1e-14)
    for i in range(c.shape[1]):
        up, down = c.copy(), c.copy()
        up[:, i] *= np.exp(step)
        down[:, i] *= np.exp(-step)
        change = function.rates(up, ln_km, ln_vmax) - function.rates(down, ln_km, ln_vmax)
        scale = 1.0 + np.abs(function.one_way(c, ln_km, ln_vmax)[0])
        assert (np.abs(found[:, :, i] - change / (2 * step)) <= 1e-6 * scale).all()


def test_rates_are_finite_where_species_have_run_out(own: KineticCase) -> None:
    ln_km = random_ln_km(own, 1)
    ln_vmax = evaluator_of(own).ln_vmax(ln_km)
    c = own.state.concentrations.copy()
    c[own.network.species_index(own.network.dynamic_ids)] = 0.0
    function = RateFunction(own.network, own.state.keq)
    rates, derivatives = function.derivatives(c, ln_km, ln_vmax)
    assert np.isfinite(function.rates(c, ln_km, ln_vmax)).all()
    assert np.isfinite(rates).all()
    assert np.isfinite(derivatives).all()


def test_a_negative_concentration_is_pulled_back(toy: KineticCase) -> None:
    """B = -0.5: R3 (B <-> P_e) runs backwards, as with no B in the denominator."""
    c = np.ones(8)
    c[3] = -0.5
    rates = RateFunction(toy.network, toy.state.keq).rates(c, np.full(14, -9.0), np.zeros(6))[0]
    k = np.exp(-9.0)
    assert rates[2] == pytest.approx((-0.5 - 0.5) / k / (1 + 1 / k))


def test_networks_of_mass_action_alone() -> None:
    network = KineticNetwork(
        "chain",
        (Compartment("c"),),
        (KineticSpecies("S", "c", True), KineticSpecies("A", "c"), KineticSpecies("P", "c", True)),
        (reaction("R1", "mass_action", "S <-> A"), reaction("R2", "mass_action", "A <-> P")),
    )
    state = SteadyState(np.array([3.0, 2.0, 1.0]), np.ones(2), np.ones(2))
    evaluator = KineticEvaluator(network, state)
    none = np.zeros((1, 0))
    np.testing.assert_allclose(np.exp(evaluator.ln_vmax(none)), [[1.0, 1.0]])
    assert evaluator.evaluate(none).lambda_max[0] == pytest.approx(-2.0)
    rates = RateFunction(network, state.keq).rates(state.concentrations, none, np.zeros((1, 2)))
    np.testing.assert_allclose(rates, [[1.0, 1.0]])


def test_inputs_that_do_not_fit(toy: KineticCase) -> None:
    with pytest.raises(DataError, match=r"keq has the shape \(2,\); the network 'toy6' has 6"):
        RateFunction(toy.network, [1.0, 2.0])
    with pytest.raises(DataError, match=r"Reaction 'R1' \(rev_mm\) has no equilibrium constant"):
        RateFunction(toy.network, [np.nan] * 6)
    function = RateFunction(toy.network, toy.state.keq)
    with pytest.raises(DataError, match=r"c has the shape \(2, 8\); it must be \(3, 8\), one row"):
        function.rates(np.ones((2, 8)), np.zeros((3, 14)), np.zeros((2, 6)))
