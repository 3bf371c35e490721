from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize, rosen, rosen_der

from pyscimlode.training.bfgs import MESSAGES, _InverseHessian, minimise_bfgs

FloatArray = np.ndarray


def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
    return float(rosen(x)), rosen_der(x)


def test_it_finds_the_minimum_that_scipy_finds() -> None:
    x0 = np.full(8, -1.2)
    ours = minimise_bfgs(rosenbrock, x0, gtol=1e-8, ftol=0.0, maxiter=1000)
    scipys = minimize(rosen, x0, jac=rosen_der, method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(ours.x, scipys.x, atol=1e-7)
    assert (ours.status, ours.message) == (0, MESSAGES[0])
    assert np.abs(rosen_der(ours.x)).max() <= 1e-8
    assert ours.nfev < 2 * scipys.nfev


def test_a_quadratic_needs_few_iterations() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    matrix, target = root @ root.T + np.eye(6), rng.normal(size=6)
    result = minimise_bfgs(
        lambda x: (0.5 * (x - target) @ matrix @ (x - target), matrix @ (x - target)),
        np.zeros(6),
        gtol=1e-10,
        ftol=0.0,
        maxiter=100,
    )
    np.testing.assert_allclose(result.x, target, atol=1e-9)
    assert result.nit <= 40


def test_the_rank_two_update_is_the_dense_formula() -> None:
    rng = np.random.default_rng(0)
    hessian, dense = _InverseHessian.identity(5), np.eye(5)
    for number in range(6):
        s = rng.normal(size=5)
        y = s + 0.2 * rng.normal(size=5)
        if number == 0:
            dense *= (y @ s) / (y @ y)
        rho, identity = 1.0 / (y @ s), np.eye(5)
        left = identity - rho * np.outer(s, y)
        dense = left @ dense @ left.T + rho * np.outer(s, s)
        hessian.update(s, y)
        np.testing.assert_allclose(np.tril(hessian.matrix), np.tril(dense), atol=1e-12)


def test_a_change_of_the_wrong_sign_leaves_the_matrix_positive() -> None:
    hessian = _InverseHessian.identity(3)
    hessian.update(np.array([1.0, 0.0, 0.0]), np.array([-1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(hessian.matrix, np.eye(3))


def test_the_relative_change_of_the_loss_ends_it() -> None:
    values: list[float] = []

    def slow(x: FloatArray) -> tuple[float, FloatArray]:
        return 100.0 + float(x @ x) ** 2, 4.0 * float(x @ x) * x

    result = minimise_bfgs(
        slow,
        np.array([1.0, 2.0]),
        gtol=0.0,
        ftol=1e-6,
        maxiter=1000,
        callback=lambda x: values.append(slow(x)[0]),
    )
    assert result.status == 0
    falls = -np.diff(values)
    assert falls[-1] <= 1e-6 * 100.1
    assert (falls[:-1] > 1e-6 * 100.0).all()


def test_iterations_are_limited() -> None:
    result = minimise_bfgs(rosenbrock, np.full(4, -1.2), gtol=1e-8, ftol=0.0, maxiter=3)
    assert (result.nit, result.status, result.message) == (3, 1, MESSAGES[1])


@pytest.mark.filterwarnings("ignore:.*line search.*:RuntimeWarning")
def test_a_function_that_cannot_fall_is_reported() -> None:
    def cliff(x: FloatArray) -> tuple[float, FloatArray]:
        return (1.0 if x[0] == 0.0 else 2.0), np.ones(1)

    result = minimise_bfgs(cliff, np.zeros(1), gtol=1e-8, ftol=0.0, maxiter=10)
    assert (result.status, result.message) == (2, MESSAGES[2])
    assert result.x.tolist() == [0.0]


def test_a_minimum_at_the_start_takes_one_evaluation() -> None:
    result = minimise_bfgs(rosenbrock, np.ones(3), gtol=1e-8, ftol=0.0, maxiter=10)
    assert (result.nit, result.nfev, result.status) == (0, 1, 0)
