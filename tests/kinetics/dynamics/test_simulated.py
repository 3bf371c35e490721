from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel
from pyscimlode.kinetics.dynamics.simulated import simulate_strains, with_levels


@pytest.fixture(scope="module")
def model(toy: KineticCase) -> KineticModel:
    evaluator = KineticEvaluator(toy.network, toy.state)
    return KineticModel.at_steady_state(evaluator, np.zeros(len(toy.network.km_names)))


def test_strains_move_from_the_steady_state_to_their_own(model: KineticModel) -> None:
    data = simulate_strains(model, 2, [0.0, 10.0], enzymes=["R2", "R6"], states=["A", "C"])
    assert data.state_names == ("A", "C")
    assert data.control_names == ("R2", "R6")
    assert data.units == {"A": "mM", "C": "mM", "R2": "1", "R6": "1"}
    for experiment in data:
        np.testing.assert_allclose(experiment.states[0], 1.0)
        strain = with_levels(model, data.control_names, experiment.controls[0])
        c = strain.simulate(model.initial, [0.0, 10.0], rtol=1e-8, atol=1e-8)[-1]
        assert np.abs(strain.rhs(0.0, c)).max() < 1e-5, "its own steady state"
        np.testing.assert_allclose(experiment.states[-1], c[[0, 4]], rtol=1e-6)
    assert data.provenance.details["ln_vmax"] == model.ln_vmax.tolist()


def test_without_spread_nothing_moves_and_noise_is_noise(model: KineticModel) -> None:
    still = simulate_strains(model, 1, [0.0, 1.0], spread=0.0)
    np.testing.assert_allclose(still["S1"].states, 1.0, rtol=1e-6)
    assert still.control_names == model.network.reaction_ids
    noisy = simulate_strains(model, 1, np.linspace(0, 1, 100), spread=0.0, noise=0.2)
    assert np.log(noisy["S1"].states).std() == pytest.approx(0.2, rel=0.15)


def test_more_strains_begin_with_the_same(model: KineticModel) -> None:
    few, many = (simulate_strains(model, n, [0.0, 0.1], noise=0.1, seed=2) for n in (1, 2))
    np.testing.assert_array_equal(few["S1"].states, many["S1"].states)
    assert not np.allclose(many["S1"].controls, many["S2"].controls)


def test_mistakes_are_named(model: KineticModel) -> None:
    with pytest.raises(DataError, match=r"The reaction 'R9' is not known"):
        simulate_strains(model, 1, [0.0, 1.0], enzymes=["R9"])
    with pytest.raises(DataError, match=r"The dynamic species 'S_e' is not known"):
        simulate_strains(model, 1, [0.0, 1.0], states=["S_e"])
    with pytest.raises(DataError, match=r"starts at 0"):
        simulate_strains(model, 1, [1.0, 2.0])
    with pytest.raises(DataError, match=r"strains=0 must be 1 or more"):
        simulate_strains(model, 0, [0.0, 1.0])
    with pytest.raises(DataError, match=r"enzyme level of 'R1' is 0; it must be positive"):
        with_levels(model, ["R1"], [0.0])
