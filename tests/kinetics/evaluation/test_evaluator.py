from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, KineticEvaluator
from tests.kinetics.cases import (
    GOLDEN,
    evaluator_of,
    golden_case,
    largest_mismatch,
    random_ln_km,
)

TOY_JACOBIAN = [
    [-109 / 12, 8 / 3, -6, 11 / 4],
    [10 / 3, -6, 6, 0],
    [-10 / 3, 8 / 3, -12, 0],
    [7, 0, 0, -13],
]
TOY_EIGENVALUES = [-18.64583718, -13.38255369, -4.56769615, -3.48724632]
CHARACTERISTIC = [1, 481 / 12, 4711 / 9, 22681 / 9, 11924 / 3]


def test_toy_is_exact(toy: KineticCase) -> None:
    evaluator = evaluator_of(toy)
    ln_km = np.zeros((1, len(toy.network.km_names)))
    np.testing.assert_allclose(
        np.exp(evaluator.ln_vmax(ln_km)[0]), [18, 36, 12, 12, 8, 4], rtol=1e-14
    )
    order = [evaluator.network.independent_ids.index(name) for name in ("A", "B", "ATP", "C")]
    jacobian = evaluator.jacobian(ln_km)[0][np.ix_(order, order)]
    np.testing.assert_allclose(jacobian, TOY_JACOBIAN, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(np.poly(jacobian), CHARACTERISTIC, rtol=1e-13)
    eigenvalues = np.sort(evaluator.eigenvalues(ln_km)[0])
    np.testing.assert_allclose(eigenvalues.real, TOY_EIGENVALUES, rtol=1e-9)
    assert np.abs(eigenvalues.imag).max() == 0.0


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_arrays(kinetic_data: Path, name: str) -> None:
    case, golden = golden_case(kinetic_data, name)
    evaluator = evaluator_of(case)
    ln_km = golden["golden_lnKM"]
    assert np.abs(evaluator.ln_vmax(ln_km) - golden["golden_lnVmax"]).max() <= 1e-9
    wanted = golden["golden_J0"]
    found = evaluator.jacobian(ln_km[: len(wanted)])
    by_row = np.abs(found - wanted).max(axis=2) / np.abs(wanted).max(axis=2)
    assert by_row.max() <= 1e-9
    for one, other in zip(evaluator.eigenvalues(ln_km), golden["golden_eig"], strict=True):
        assert largest_mismatch(one, other) <= 1e-5


@pytest.mark.parametrize("name", GOLDEN)
def test_names_of_the_golden_arrays(kinetic_data: Path, name: str) -> None:
    case, golden = golden_case(kinetic_data, name)
    assert tuple(golden["km_names"]) == case.network.km_names
    np.testing.assert_array_equal(golden["km_active"], case.network.km_active)
    np.testing.assert_allclose(golden["flux_mM_h"], case.state.fluxes_mM_h, rtol=1e-12)


def test_vmax_is_positive_and_finite(own: KineticCase) -> None:
    ln_vmax = evaluator_of(own).ln_vmax(random_ln_km(own, 1000))
    assert np.isfinite(ln_vmax).all()
    assert (np.exp(ln_vmax) > 0).all()


def test_inert_km_change_nothing(own: KineticCase) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 4)
    changed = np.where(own.network.km_active, ln_km, ln_km + 3.0)
    assert (changed != ln_km).any()
    np.testing.assert_array_equal(evaluator.eigenvalues(changed), evaluator.eigenvalues(ln_km))
    np.testing.assert_array_equal(evaluator.ln_vmax(changed), evaluator.ln_vmax(ln_km))
    _, gradient = evaluator.lambda_max_gradient(ln_km)
    assert np.abs(gradient[:, ~own.network.km_active]).max() == 0.0


def test_eigenvalues_scale_with_the_density(pathway: KineticCase) -> None:
    ln_km = random_ln_km(pathway, 4)
    double = KineticEvaluator(pathway.network, pathway.state.with_density(600.0))
    once = evaluator_of(pathway).evaluate(ln_km).lambda_max
    np.testing.assert_allclose(double.evaluate(ln_km).lambda_max, 2 * once, rtol=1e-8)


def test_evaluation_says_what_is_valid(toy: KineticCase) -> None:
    evaluation = evaluator_of(toy).evaluate(random_ln_km(toy, 200))
    assert 0.5 < evaluation.incidence < 1.0
    np.testing.assert_array_equal(evaluation.valid, evaluation.lambda_max <= -2.5)
    np.testing.assert_array_equal(evaluation.valid, evaluation.time_constant_min <= 24.0)


def test_unstable_models_have_no_time_constant(pathway: KineticCase) -> None:
    evaluation = evaluator_of(pathway).evaluate(random_ln_km(pathway, 200))
    unstable = evaluation.lambda_max >= 0
    assert unstable.any()
    assert np.isinf(evaluation.time_constant_min[unstable]).all()
    assert np.isfinite(evaluation.time_constant_min[~unstable]).all()


def test_results_do_not_depend_on_the_batch(pathway: KineticCase) -> None:
    evaluator = evaluator_of(pathway)
    ln_km = random_ln_km(pathway, 300)
    whole = evaluator.evaluate(ln_km).lambda_max
    alone = np.concatenate([evaluator.evaluate(row[None]).lambda_max for row in ln_km[::60]])
    np.testing.assert_allclose(alone, whole[::60], rtol=1e-9)


@pytest.mark.parametrize("value", [-60.0, 60.0])
def test_the_ends_of_what_is_allowed(own: KineticCase, value: float) -> None:
    evaluator = evaluator_of(own)
    ln_km = np.full((1, len(own.network.km_names)), value)
    assert np.isfinite(evaluator.ln_vmax(ln_km)).all()
    assert np.isfinite(evaluator.evaluate(ln_km).lambda_max).all()


def test_inputs_that_do_not_fit(toy: KineticCase) -> None:
    evaluator = evaluator_of(toy)
    with pytest.raises(DataError, match=r"shape \(2, 3\); it must be \(models, 14\)"):
        evaluator.ln_vmax(np.zeros((2, 3)))
    ln_km = np.zeros((2, 14))
    ln_km[1, 3] = np.nan
    with pytest.raises(DataError, match=r"ln_km of model 1 is nan at 'km_ATP_R2'"):
        evaluator.jacobian(ln_km)
    ln_km[1, 3] = 400.0
    with pytest.raises(DataError, match=r"model 1 is 400 at 'km_ATP_R2'; .* within \+-60"):
        evaluator.ln_vmax(ln_km)
    bad = replace(toy.state, concentrations=-np.ones(8))
    with pytest.raises(DataError, match=r"species 'S_e' has the concentration -1 mM"):
        KineticEvaluator(toy.network, bad)
