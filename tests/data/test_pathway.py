from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from pyscimlode.data import simulate
from pyscimlode.data.pathway import (
    ENZYME_NAMES,
    PARAMETER_SETS,
    STATE_NAMES,
    STOICHIOMETRY,
    EnzymeCourses,
    derivatives,
    fluxes,
    jacobian,
)

LIVE = PARAMETER_SETS["live"]
concentrations = st.lists(st.floats(1e-3, 5.0), min_size=10, max_size=10).map(np.array)
enzymes = st.lists(st.floats(1e5, 1e7), min_size=9, max_size=9).map(np.array)


@given(concentrations, enzymes, st.sampled_from(sorted(PARAMETER_SETS)))
def test_derivatives_are_stoichiometry_times_fluxes(
    z: np.ndarray, e: np.ndarray, name: str
) -> None:
    k = PARAMETER_SETS[name]
    expected = STOICHIOMETRY @ np.array(fluxes(z, e, k))
    np.testing.assert_allclose(derivatives(z, e, k), expected, rtol=1e-9, atol=1e-12)


@given(concentrations, enzymes, st.sampled_from(sorted(PARAMETER_SETS)))
def test_jacobian_is_that_of_central_differences(z: np.ndarray, e: np.ndarray, name: str) -> None:
    k = PARAMETER_SETS[name]
    step = 1e-5 * z
    differences = np.stack(
        [
            np.subtract(derivatives(z + h, e, k), derivatives(z - h, e, k)) / (2 * h.max())
            for h in np.diag(step)
        ],
        axis=1,
    )
    exact = jacobian(z, e, k)
    scale = np.abs(exact).max() + 1e-12
    np.testing.assert_allclose(exact / scale, differences / scale, atol=1e-6)


@given(concentrations, enzymes)
def test_fluxes_are_not_negative(z: np.ndarray, e: np.ndarray) -> None:
    assert min(fluxes(z, e, LIVE)) >= 0


def test_each_flux_by_hand() -> None:
    z = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]
    e = [1e8] * 9
    expected = [
        0.07,
        2.4 * 1 / (0.35 + 1),
        2.4 * 2 / (0.05 * 2 + 0.05 * 1 + 2),
        3.2 * 3 / (0.1 * 1 + 0.1 * 2 + 3 + 0.15),
        2.8 * 4 / (0.5 * 9 + 0.3 * 5 + 4 + 0.2),
        3.6 * 5 / (0.25 + 5),
        2.8 * 6 / (0.2 * 5 + 0.2 * 4 + 6 + 0.2),
        3.2 * 7 / (0.3 + 7),
        3.6 * 56 / (0.05 + 0.2 * 7 + 0.2 * 8 + 56),
        2.8 * 9 / (0.15 + 9),
    ]
    np.testing.assert_allclose(fluxes(z, e, LIVE), expected, rtol=1e-12)


def test_second_flux_is_zero_without_substrates() -> None:
    z = [0.0, 0.0] + [0.2] * 8
    e = [1e7] * 9
    assert fluxes(z, e, LIVE)[2] == 0.0
    assert np.isfinite(derivatives(z, e, LIVE)).all()
    assert np.isfinite(jacobian(z, e, LIVE)).all()
    arrays = [np.array([value, value]) for value in z]
    assert fluxes(arrays, e, LIVE)[2].tolist() == [0.0, 0.0]


def test_stoichiometry_as_published() -> None:
    # carbon is not conserved: v1 turns one acetyl-CoA into one acetoacetyl-CoA
    assert STOICHIOMETRY[:, 1].tolist() == [-1, 1] + [0] * 8
    assert STOICHIOMETRY[:, 2].tolist() == [-1, -1, 1] + [0] * 7
    assert STOICHIOMETRY[:, 8].tolist() == [0] * 6 + [-1, -1, 1, 0]
    assert STOICHIOMETRY[:, 0].tolist() == [1] + [0] * 9


def test_stiff_set_is_live_with_three_faster_steps() -> None:
    stiff = PARAMETER_SETS["live-stiff"]
    for name in ("k31", "k51", "k71"):
        assert getattr(stiff, name) == pytest.approx(30 * getattr(LIVE, name))
    assert stiff.k91 == LIVE.k91


def test_enzyme_draws_follow_the_stated_order() -> None:
    drawn = EnzymeCourses.draw(2, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    for strain in range(2):
        np.testing.assert_array_equal(drawn.kf[strain], rng.uniform(1e6, 1e7, 9))
        np.testing.assert_array_equal(drawn.km[strain], rng.uniform(0.1, 1, 9))
        np.testing.assert_array_equal(drawn.kl[strain], rng.uniform(1e-10, 10, 9))


def test_enzyme_course_by_hand() -> None:
    course = EnzymeCourses(np.full((1, 9), 4e6), np.full((1, 9), 0.5), np.full((1, 9), 3.0))
    assert course.at(0, [0.0, 0.5])[:, 0].tolist() == [3.0, 2e6 + 3.0]


def test_live_population_has_the_known_spread_and_sensitivities() -> None:
    data = simulate(60, seed=0)
    final = np.stack([experiment.states[-1] for experiment in data])
    spread = final.std(axis=0) / final.mean(axis=0)
    assert 0.2 < spread.min() < 0.32
    assert 2.0 < spread.max() < 3.2
    courses = EnzymeCourses.draw(60, np.random.default_rng(0))
    limonene = final[:, STATE_NAMES.index("Limonene")]
    known = {"GPPS": 0.72, "MK": 0.33, "Idi": -0.33, "HMGR": 0.25, "AtoB": 0.18, "HMGS": 0.16}
    for enzyme, rank in known.items():
        found = spearmanr(courses.kf[:, ENZYME_NAMES.index(enzyme)], limonene).statistic
        assert found == pytest.approx(rank, abs=0.03)


def test_live_is_slow_and_the_stiff_sets_are_not() -> None:
    def fastest(name: str, strains: int) -> float:
        data = simulate(strains, parameters=name, times=[0, 4, 24, 72])
        return max(
            np.abs(np.linalg.eigvals(jacobian(z, e, PARAMETER_SETS[name])).real).max()
            for experiment in data
            for z, e in zip(experiment.states, experiment.controls, strict=True)
        )

    assert 2.0 < fastest("live", 60) < 4.0
    assert fastest("live-stiff", 10) > 20
    assert fastest("published-stiff", 5) > 5e5
