from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.kinetics.evaluation import refined
from pyscimlode.kinetics.evaluation.eigen import leading_eigenvalues
from pyscimlode.kinetics.evaluation.refined import EXTENDED, condition_numbers, refined_eigenvalues
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km

needs_extended = pytest.mark.skipif(not EXTENDED, reason="long double is float64 here")


def graded(models: int = 4) -> np.ndarray:
    """Similar to matrices with eigenvalues from 1e-3 to 1e5, and far from normal."""
    rng = np.random.default_rng(0)
    values = -np.logspace(-3, 5, 6)
    basis = rng.normal(size=(models, 6, 6))
    return basis * values @ np.linalg.inv(basis)


def exact(matrix: np.ndarray, near: complex) -> complex:
    """The eigenvalue next to a number, with fifty digits."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        values, _ = mpmath.eig(mpmath.matrix(matrix.tolist()))
        return complex(min(values, key=lambda value: abs(value - near)))


@needs_extended
def test_refined_values_are_correct_where_float64_is_not() -> None:
    matrices = graded()
    rough = leading_eigenvalues(matrices)
    wanted = np.array([exact(m, v) for m, v in zip(matrices, rough, strict=True)])
    assert (np.abs(rough - wanted) / np.abs(wanted)).max() > 1e-9
    found = refined_eigenvalues(matrices, rough)
    np.testing.assert_allclose(found, wanted, rtol=1e-11)


@needs_extended
def test_pairs_are_refined() -> None:
    matrices = np.random.default_rng(1).normal(size=(3, 5, 5)) - 3 * np.eye(5)
    values = np.array([max(np.linalg.eigvals(m), key=lambda v: v.imag) for m in matrices])
    found = refined_eigenvalues(matrices, np.asarray(values * (1 + 1e-9), dtype=np.complex128))
    wanted = [exact(m, v) for m, v in zip(matrices, values, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


@needs_extended
def test_what_is_no_eigenvalue_does_not_settle() -> None:
    matrices = np.array([[[-1.0, 1.0], [0.0, -1.0]], [[-1.0, 0.0], [0.0, -2.0]]])
    found = refined_eigenvalues(matrices, np.array([-1.001, -1.0]) + 0j)
    assert np.isnan(found[0])
    assert found[1] == -1.0


def test_nothing_is_refined_without_extended_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refined, "EXTENDED", False)
    assert np.isnan(refined_eigenvalues(-np.eye(2)[None], np.array([-1.0 + 0j]))).all()


def test_condition_numbers() -> None:
    matrices = np.array([[[-1.0, 0.0], [0.0, -2.0]], [[-1.0, 100.0], [0.0, -2.0]]])
    found = condition_numbers(matrices, np.array([-1.0, -1.0]) + 0j)
    np.testing.assert_allclose(found, [1.0, np.hypot(1.0, 100.0)], rtol=1e-6)


@needs_extended
def test_full_size_case(kinetic_data: Path) -> None:
    case, _ = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    jacobian = evaluator_of(case).jacobian(random_ln_km(case, 10), scaled=True)
    values = leading_eigenvalues(jacobian)
    found = refined_eigenvalues(jacobian, values)
    np.testing.assert_allclose(found, values, rtol=1e-6)
    again = refined_eigenvalues(jacobian, found)
    np.testing.assert_allclose(again, found, rtol=1e-12)
