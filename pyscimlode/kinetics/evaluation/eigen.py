"""Leading eigenvalues of Jacobians and their derivatives."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics.evaluation.linear import LinearJacobian

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
NUDGE = 1e-10
"""Inverse iteration shifts by lambda (1 + NUDGE): near enough to converge at once, not singular."""


def leading_gradient(jacobian: FloatArray, linear: LinearJacobian) -> tuple[FloatArray, FloatArray]:
    """Return lambda_max ``(models,)`` and its derivative to H ``(terms, models)``.

    Args:
        jacobian: ``(models, n, n)``, scaled.
        linear: the parts A and B of J = J0 + A diag(H) B.
    """
    leading = leading_eigenvalues(jacobian)
    left, right = leading_vectors(jacobian, leading)
    scale = np.einsum("mi,mi->m", left, right)
    sensitivity = (left @ linear.left) * (right @ linear.right.T) / scale[:, None]
    return leading.real, sensitivity.real.T


def leading_eigenvalues(jacobian: FloatArray) -> ComplexArray:
    """Return the eigenvalue of largest real part ``(models,)``; of a pair, either."""
    values = np.linalg.eigvals(jacobian)
    first = values.real.argmax(axis=1)
    return np.asarray(values[np.arange(len(values)), first], dtype=np.complex128)


def leading_vectors(
    jacobian: FloatArray, values: ComplexArray
) -> tuple[ComplexArray, ComplexArray]:
    """Return y, x ``(models, n)`` with y^T J = lambda y^T and J x = lambda x.

    By two steps of inverse iteration with a fixed start.
    """
    n = jacobian.shape[-1]
    shift = values * (1.0 + NUDGE) + np.where(values == 0, NUDGE, 0.0)
    shifted = jacobian - shift[:, None, None] * np.eye(n)
    inverse = np.linalg.inv(shifted)
    start = np.random.default_rng(0).normal(size=n) + 0j
    left = right = np.broadcast_to(start, (len(jacobian), n))
    for _ in range(3):
        right = _unit(np.einsum("mij,mj->mi", inverse, right))
        left = _unit(np.einsum("mij,mi->mj", inverse, left))
    return left, right


def _unit(vectors: ComplexArray) -> ComplexArray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
