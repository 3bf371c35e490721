from __future__ import annotations

import numpy as np

from pyscimlode.backends.reference.derivatives import (
    derivative,
    jacobian_parameters,
    jacobian_states,
)


def test_derivative_is_exact_for_polynomials_of_degree_four() -> None:
    found = derivative(lambda h: np.array([(2.0 + h) ** 4, 3.0 * h]), 1e-3)
    np.testing.assert_allclose(found, [32.0, 3.0], rtol=1e-10)


def test_jacobians_of_a_bilinear_field() -> None:
    matrix = np.random.default_rng(0).normal(size=(3, 3))
    y = np.random.default_rng(1).normal(size=(2, 3))

    def field(theta: np.ndarray, at: np.ndarray) -> np.ndarray:
        return np.tanh(at @ theta.reshape(3, 3))

    slope = 1.0 - field(matrix.ravel(), y) ** 2
    in_states = jacobian_states(lambda at: field(matrix.ravel(), at), y)
    np.testing.assert_allclose(in_states, np.einsum("rs,ks->rsk", slope, matrix), atol=1e-9)
    in_parameters = jacobian_parameters(lambda theta: field(theta, y), matrix.ravel())
    expected = np.einsum("rs,ri,sj->rsij", slope, y, np.eye(3)).reshape(2, 3, 9)
    np.testing.assert_allclose(in_parameters, expected, atol=1e-10)
