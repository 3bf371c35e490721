from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pyscimlode import datasets
from pyscimlode.data import benchmark, simulate
from pyscimlode.data.pathway import (
    ENZYME_NAMES,
    INITIAL_STATE,
    PARAMETER_SETS,
    STATE_NAMES,
    EnzymeCourses,
    PathwayParameters,
    derivatives,
)
from pyscimlode.data.simulate import SAMPLING_TIMES
from pyscimlode.errors import SolverError


@pytest.mark.parametrize("name", sorted(PARAMETER_SETS))
def test_trajectories_agree_with_radau(name: str) -> None:
    data = simulate(1, parameters=name, seed=5, times=[0, 1, 12, 72])
    courses = EnzymeCourses.draw(1, np.random.default_rng(5))
    reference = solve_ivp(
        lambda t, z: derivatives(z, courses.at(0, [t])[0], PARAMETER_SETS[name]),
        (0, 72),
        INITIAL_STATE,
        method="Radau",
        rtol=1e-9,
        atol=1e-12,
        t_eval=[0, 1, 12, 72],
    )
    np.testing.assert_allclose(data["S1"].states, reference.y.T, rtol=1e-6, atol=1e-9)


def test_layout_units_and_start() -> None:
    data = simulate(2)
    assert data.names == ("S1", "S2")
    assert data.state_names == STATE_NAMES
    assert data.control_names == ENZYME_NAMES
    assert data["S1"].times.tolist() == list(range(73))
    assert data["S2"].states[0].tolist() == [0.2] * 9 + [0.0]
    assert set(data.units.values()) == {"mM", "counts"}
    assert data.provenance.source == "simulated"
    assert data.provenance.details["seed"] == 0


def test_same_seed_same_strains_and_another_seed_others() -> None:
    assert simulate(2, seed=3).content_hash == simulate(2, seed=3).content_hash
    assert simulate(2, seed=3).content_hash != simulate(2, seed=4).content_hash


def test_more_strains_keep_the_first_ones_and_their_noise() -> None:
    few, many = simulate(2, noise=0.1, seed=3), simulate(5, noise=0.1, seed=3)
    assert many.select(few.names).content_hash == few.content_hash


def test_times_need_not_begin_at_zero() -> None:
    late, full = simulate(1, times=[10, 20]), simulate(1, times=[0, 10, 20])
    np.testing.assert_allclose(late["S1"].states, full["S1"].states[1:], rtol=1e-8)


def test_noise_is_log_normal_of_the_stated_size() -> None:
    noisy, clean = simulate(40, noise=0.1, seed=1), simulate(40, seed=1)
    logs = np.concatenate(
        [np.log(a.states[1:] / b.states[1:]).ravel() for a, b in zip(noisy, clean, strict=True)]
    )
    assert np.std(logs) == pytest.approx(0.1, rel=0.02)
    assert np.mean(logs) == pytest.approx(0.0, abs=0.003)
    assert all(np.array_equal(a.controls, b.controls) for a, b in zip(noisy, clean, strict=True))


def test_published_set_is_degenerate() -> None:
    final = simulate(3, parameters="published", times=[0, 72])
    for experiment in final:
        state = dict(zip(STATE_NAMES, experiment.states[-1], strict=True))
        assert state["DMAPP"] == pytest.approx(0.2, abs=1e-9)
        assert state["Limonene"] + state["GPP"] == pytest.approx(0.2, abs=1e-9)


def test_parameters_of_ones_own() -> None:
    frozen = PathwayParameters(
        **{
            name: 0.0 if name == "Vin" or name.endswith("1") else 1.0
            for name in vars(PARAMETER_SETS["live"])
        }
    )
    still = simulate(1, parameters=frozen, times=[0, 72])
    np.testing.assert_allclose(still["S1"].states[1], INITIAL_STATE, atol=1e-9)


def test_failed_integration_says_so() -> None:
    explosive = PathwayParameters(**{**vars(PARAMETER_SETS["live"]), "Vin": 1e308})
    with pytest.raises(
        SolverError, match=r"Strain S1 could not be integrated from 0 to 72 h; LSODA says"
    ):
        simulate(1, parameters=explosive, times=[0, 72])


def test_benchmark_sparse() -> None:
    train, test = benchmark("sim-sparse", n=10, draw=0)
    assert len(train) == 10
    assert test.names == tuple(f"S{i}" for i in range(321, 341))
    assert not set(train.strains) & set(test.strains)
    assert all(e.times.tolist() == list(SAMPLING_TIMES) for e in train)
    assert len(SAMPLING_TIMES) == 14
    assert all(e.times.tolist() == list(range(73)) for e in test)


def test_benchmark_strains_are_those_of_simulate() -> None:
    _, test = benchmark("sim-dense", n=2)
    whole = simulate(321, seed=7, times=[0, 36, 72])
    np.testing.assert_allclose(test["S321"].states[[0, 36, 72]], whole["S321"].states, rtol=1e-7)
    np.testing.assert_array_equal(test["S321"].controls[[0, 36, 72]], whole["S321"].controls)


def test_benchmark_noise_is_on_the_training_states_alone() -> None:
    sparse, test = benchmark("sim-sparse", n=320)
    dense, dense_test = benchmark("sim-dense", n=320)
    assert test.content_hash == dense_test.content_hash
    rows = np.searchsorted(np.arange(73), SAMPLING_TIMES)
    ratios = []
    for noisy in sparse:
        truth = dense[noisy.name]
        np.testing.assert_array_equal(noisy.controls, truth.controls[rows])
        ratios.append(np.log(noisy.states[:, :9] / truth.states[rows, :9]))
    assert np.std(ratios) == pytest.approx(0.1, rel=0.02)


def test_benchmark_draws_are_nested_in_n_and_differ() -> None:
    small, large = benchmark("sim-sparse", 5, 1)[0], benchmark("sim-sparse", 20, 1)[0]
    other = benchmark("sim-sparse", 5, 2)[0]
    assert large.names[:5] == small.names
    assert set(other.names) != set(small.names)


def test_benchmark_strain_has_one_noise_in_all_draws() -> None:
    first, second = benchmark("sim-sparse", 200, 0)[0], benchmark("sim-sparse", 200, 1)[0]
    shared = [name for name in first.names if name in second]
    assert shared
    assert first.select(shared).content_hash == second.select(shared).content_hash


def test_public_module_offers_the_same() -> None:
    assert datasets.simulate is simulate
    assert datasets.benchmark is benchmark
