"""A cheap screen for slow or unstable modes: a few steps of shift-invert Arnoldi.

The Krylov space of (J - s)^-1 finds the eigenvalues next to the shift s first (Saad, Numerical
Methods for Large Eigenvalue Problems, 2011, chapters 6 and 8). A model is rejected when a converged
Ritz value lies above the threshold, so a valid model is never rejected; a mode far from the shift
may escape, so what passes needs all its eigenvalues.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
STEPS = 15
SHIFT = 1e-6
"""1/h; as good as zero, and no eigenvalue is equal to it."""
TOLERANCE = 1e-6
"""Largest residual of a Ritz value, relative to its size, to count as converged."""


def screen(
    jacobian: FloatArray, threshold: float, *, steps: int = STEPS, shift: float = SHIFT
) -> FloatArray:
    """Return the largest converged real part above the threshold ``(models,)``; NaN without one.

    Args:
        jacobian: ``(models, n, n)``.
        threshold: largest real part of a valid model.
        steps: of Arnoldi; at most n.
        shift: eigenvalues next to it are found first.
    """
    steps = min(steps, jacobian.shape[-1])
    hessenberg, last = _arnoldi(_inverse(jacobian, shift), steps)
    ritz, vectors = np.linalg.eig(hessenberg)
    residual = last[:, None] * np.abs(vectors[:, -1, :]) / np.linalg.norm(vectors, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = shift + 1.0 / ritz
    # The residual moves lambda = shift + 1/theta by residual/|theta|^2 at first order.
    with np.errstate(divide="ignore", invalid="ignore"):
        error = residual / np.abs(ritz) ** 2
    converged = residual <= TOLERANCE * np.abs(ritz)
    found = converged & (values.real - 10 * error > threshold)
    bound = np.where(found, values.real, -np.inf).max(axis=1)
    return np.where(np.isfinite(bound), bound, np.nan)


def _inverse(jacobian: FloatArray, shift: float) -> FloatArray:
    moved = jacobian - shift * np.eye(jacobian.shape[-1])
    return np.asarray(np.linalg.inv(moved), dtype=np.float64)


def _arnoldi(operator: FloatArray, steps: int) -> tuple[FloatArray, FloatArray]:
    """Return H ``(models, steps, steps)`` and the norm that is left ``(models,)``.

    Classical Gram-Schmidt, twice, for all models at once.
    """
    models, n = operator.shape[:2]
    basis = np.zeros((models, steps + 1, n))
    start = np.random.default_rng(0).normal(size=n)
    basis[:, 0] = start / np.linalg.norm(start)
    hessenberg = np.zeros((models, steps + 1, steps))
    for k in range(steps):
        vector = np.matmul(operator, basis[:, k, :, None])[..., 0]
        known = basis[:, : k + 1]
        for _ in range(2):
            weights = np.matmul(known, vector[..., None])[..., 0]
            vector = vector - np.matmul(weights[:, None, :], known)[:, 0]
            hessenberg[:, : k + 1, k] += weights
        norm = np.linalg.norm(vector, axis=1)
        hessenberg[:, k + 1, k] = norm
        basis[:, k + 1] = vector / np.where(norm > 0, norm, 1.0)[:, None]
    return hessenberg[:, :steps], hessenberg[:, steps, steps - 1]
