from __future__ import annotations

from pathlib import Path

import numpy as np

from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.evaluation.arnoldi import screen
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km


def agrees(case: KineticCase, ln_km: np.ndarray) -> float:
    """Check the screened evaluation against the exact one; return the share of rejected models."""
    evaluator = evaluator_of(case)
    exact = evaluator.evaluate(ln_km)
    screened = evaluator.evaluate(ln_km, screened=True)
    np.testing.assert_array_equal(screened.valid, exact.valid)
    slack = 1e-4 * (1 + np.abs(exact.lambda_max))
    assert (screened.lambda_max <= exact.lambda_max + slack).all()
    bound = screen(evaluator.jacobian(ln_km, scaled=True), -2.5)
    assert np.isnan(bound[exact.valid]).all()
    return float(np.isfinite(bound).mean())


def test_no_valid_model_of_the_own_examples_is_rejected(own: KineticCase) -> None:
    assert agrees(own, random_ln_km(own, 500)) > 0.1


def test_no_valid_model_of_the_full_size_case_is_rejected(kinetic_data: Path) -> None:
    case, golden = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    ln_km = np.concatenate([golden["golden_lnKM"], random_ln_km(case, 60)])
    assert agrees(case, ln_km) > 0.5


def test_small_matrices_are_screened_exactly() -> None:
    jacobian = np.diag([-5.0, -1.0, -9.0])[None]
    assert (
        screen(jacobian, -2.5)[0] == np.float64(-1.0) or abs(screen(jacobian, -2.5)[0] + 1) < 1e-9
    )
    assert np.isnan(screen(np.diag([-5.0, -3.0, -9.0])[None], -2.5)[0])
