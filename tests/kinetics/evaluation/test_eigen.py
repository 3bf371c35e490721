from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.evaluation.eigen import leading_eigenvalues, leading_vectors
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km


def differences(case: KineticCase, ln_km: np.ndarray, columns: np.ndarray, step: float):
    evaluator = evaluator_of(case)
    rows = np.repeat(ln_km[None], 2 * len(columns), axis=0)
    rows[np.arange(len(columns)), columns] += step
    rows[len(columns) + np.arange(len(columns)), columns] -= step
    values = evaluator.evaluate(rows).lambda_max
    return (values[: len(columns)] - values[len(columns) :]) / (2 * step)


def test_gradient_against_differences(own: KineticCase) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 6, seed=3, low=-12.0, high=-4.0)
    values, gradient = evaluator.lambda_max_gradient(ln_km)
    np.testing.assert_allclose(values, evaluator.evaluate(ln_km).lambda_max, rtol=1e-10)
    columns = np.arange(ln_km.shape[1])
    for row, found in zip(ln_km, gradient, strict=True):
        wanted = differences(own, row, columns, 1e-5)
        np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


def test_gradient_of_the_full_size_case(kinetic_data: Path) -> None:
    case, golden = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    ln_km = golden["golden_lnKM"][:1]
    _, gradient = evaluator_of(case).lambda_max_gradient(ln_km)
    columns = np.argsort(-np.abs(gradient[0]))[:8]
    wanted = differences(case, ln_km[0], columns, 1e-3)
    np.testing.assert_allclose(gradient[0, columns], wanted, rtol=1e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_vectors_of_the_leading_eigenvalue(seed: int) -> None:
    jacobian = np.random.default_rng(seed).normal(size=(5, 8, 8))
    values = leading_eigenvalues(jacobian)
    left, right = leading_vectors(jacobian, values)
    np.testing.assert_allclose(
        np.einsum("mij,mj->mi", jacobian, right), values[:, None] * right, atol=1e-10
    )
    np.testing.assert_allclose(
        np.einsum("mi,mij->mj", left, jacobian), values[:, None] * left, atol=1e-10
    )
