"""One step of the implicit methods as the formulas say, slowly and in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.implicit.tableaus import ImplicitTableau

FloatArray = npt.NDArray[np.float64]
Field = Callable[[float, FloatArray], FloatArray]


def difference(f: Callable[[FloatArray], FloatArray], x: FloatArray) -> FloatArray:
    """Return the Jacobian by complex steps: exact, as long as ``f`` is analytic."""
    eye = 1e-30j * np.eye(len(x))
    return np.stack([f(x + e).imag / 1e-30 for e in eye], axis=-1)


def increments(tableau: ImplicitTableau, f: Field, t: float, y: FloatArray, h: float) -> FloatArray:
    """Return U ``(stages, states)`` of a step."""
    jacobian = difference(lambda x: f(t, x), y)
    if tableau.linearly_implicit:
        return _rosenbrock(tableau, f, jacobian, t, y, h)
    stages = len(tableau.c)
    found = np.zeros((stages, len(y)))
    for i in range(stages):
        base, at = y + tableau.a[i] @ found, t + tableau.c[i] * h
        found[i] = h * f(at, base)
        for _ in range(40 if i else 0):
            state = base + tableau.gamma * found[i]
            matrix = np.eye(len(y)) - h * tableau.gamma * difference(lambda x, s=at: f(s, x), state)
            found[i] += np.linalg.solve(matrix, h * f(at, state) - found[i])
    return found


def _rosenbrock(
    tableau: ImplicitTableau, f: Field, jacobian: FloatArray, t: float, y: FloatArray, h: float
) -> FloatArray:
    by_time = difference(lambda s: f(s[0], y + 0j), np.array([t]))[:, 0]
    matrix = np.eye(len(y)) - h * tableau.gamma * jacobian
    found = np.zeros((len(tableau.c), len(y)))
    for i in range(len(tableau.c)):
        right = h * f(t + tableau.c[i] * h, y + tableau.a[i] @ found)
        right = right + tableau.coupling[i] @ found + h * h * tableau.drift[i] * by_time
        found[i] = np.linalg.solve(matrix, tableau.gamma * right)
    return found


def inside(tableau: ImplicitTableau, y: FloatArray, found: FloatArray, x: float) -> FloatArray:
    """Return the dense output at the fraction x of a step."""
    return y + (tableau.dense @ x ** np.arange(1, 5)) @ found
