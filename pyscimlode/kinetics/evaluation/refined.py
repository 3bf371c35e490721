"""Leading eigenvalues to more digits than float64 gives, as a judge of those who compute them.

The pair (lambda, x) is improved by Newton's method on J x = lambda x with one entry of x fixed: the
residual is computed in extended precision, the correction from it in float64 (Dongarra, Moler and
Wilkinson, SIAM J. Numer. Anal. 20:23, 1983).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.kinetics.evaluation.eigen import leading_vectors

FloatArray = npt.NDArray[np.float64]
ComplexArray = npt.NDArray[np.complex128]
EXTENDED = float(np.finfo(np.longdouble).eps) < 1e-3 * float(np.finfo(np.float64).eps)
"""Whether this machine's long double has more digits than float64: x86-64 on Linux and macOS."""
STEPS = 10
SETTLED = 1e-10
"""The last correction, relative to lambda, of a value that counts as refined."""
CHUNK = 128
"""Models refined together."""


def refined_eigenvalues(jacobian: FloatArray, values: ComplexArray) -> ComplexArray:
    """Return an eigenvalue of each matrix ``(models,)``, correct to float64 where that is possible.

    NaN where the corrections do not settle, as next to another eigenvalue, and for all models on a
    machine without extended precision.

    Args:
        jacobian: ``(models, n, n)``.
        values: ``(models,)`` eigenvalues as float64 gives them.
    """
    refined = np.full(len(jacobian), np.nan, dtype=np.complex128)
    if EXTENDED:
        for start in range(0, len(jacobian), CHUNK):
            part = slice(start, start + CHUNK)
            refined[part] = _refined(jacobian[part], values[part])
    return refined


def condition_numbers(jacobian: FloatArray, values: ComplexArray) -> FloatArray:
    """Return how far an eigenvalue of each matrix moves with it, ``(models,)``, at least 1.

    |y| |x| / |y^T x| of left and right eigenvectors: |d lambda| <= condition |dJ| (Wilkinson, The
    Algebraic Eigenvalue Problem, 1965, chapter 2).
    """
    left, right = leading_vectors(jacobian, values)
    overlap = np.abs(np.einsum("mi,mi->m", left, right))
    with np.errstate(divide="ignore"):
        return np.asarray(1.0 / overlap)


def _refined(jacobian: FloatArray, values: ComplexArray) -> ComplexArray:
    models = np.arange(len(jacobian))
    _, right = leading_vectors(jacobian, values)
    pivot = np.abs(right).argmax(axis=1)
    vectors = (right / right[models, pivot][:, None]).astype(np.clongdouble)
    exact, refined = jacobian.astype(np.longdouble), values.astype(np.clongdouble)
    inverse, scale = _bordered_inverse(jacobian, values, vectors, pivot)
    residual = np.zeros((len(jacobian), vectors.shape[1] + 1), dtype=np.complex128)
    settled = np.zeros(len(jacobian), dtype=bool)
    for _ in range(STEPS):
        difference = np.einsum("mij,mj->mi", exact, vectors) - refined[:, None] * vectors
        residual[:, :-1] = scale[:, :-1] * difference
        step = np.einsum("mij,mj->mi", inverse, residual)
        vectors, refined = vectors - step[:, :-1], refined - step[:, -1]
        settled = np.abs(step[:, -1]) <= SETTLED * np.abs(refined)
        if settled.all():
            break
    return np.where(settled, refined.astype(np.complex128), np.nan)


def _bordered_inverse(
    jacobian: FloatArray, values: ComplexArray, vectors: ComplexArray, pivot: npt.NDArray[np.int64]
) -> tuple[ComplexArray, FloatArray]:
    """Return the inverse of [J - lambda, -x; e^T, 0] with rows scaled, and the scales."""
    models, n = np.arange(len(jacobian)), jacobian.shape[-1]
    bordered = np.zeros((len(jacobian), n + 1, n + 1), dtype=np.complex128)
    bordered[:, :n, :n] = jacobian - values[:, None, None] * np.eye(n)
    bordered[:, :n, n] = -vectors
    bordered[models, n, pivot] = 1.0
    scale = 1.0 / np.abs(bordered).max(axis=2)
    return np.linalg.inv(bordered * scale[:, :, None]), scale
