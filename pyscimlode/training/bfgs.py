"""BFGS with a rank-two update of the inverse Hessian.

SciPy's own BFGS multiplies dense matrices in every iteration, which costs parameters^3; this one
costs parameters^2 (Nocedal & Wright, Numerical Optimization, 2nd ed., Algorithm 6.1, with the
inverse Hessian scaled before its first update, Eq. 6.20). The line search is SciPy's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.linalg import blas
from scipy.optimize import line_search

FloatArray = npt.NDArray[np.float64]

MESSAGES = {
    0: "Optimization terminated successfully.",
    1: "Maximum number of iterations has been exceeded.",
    2: "The line search found no lower loss: the limit of the loss's precision is reached.",
}


@dataclass(frozen=True, eq=False)
class Minimum:
    """What a minimisation came to, named as in SciPy's results.

    Attributes:
        x: last parameters.
        fun: value there.
        nit: iterations.
        nfev: evaluations.
        status: 0 converged, 1 out of iterations, 2 line search failed.
        message: in words.
    """

    x: FloatArray
    fun: float
    nit: int
    nfev: int
    status: int
    message: str


@dataclass(eq=False)
class _InverseHessian:
    """The lower triangle of H, updated in place."""

    matrix: FloatArray
    fresh: bool = True

    @classmethod
    def identity(cls, size: int) -> _InverseHessian:
        return cls(np.eye(size, order="F"))

    def direction(self, gradient: FloatArray) -> FloatArray:
        return np.asarray(-blas.dsymv(1.0, self.matrix, gradient, lower=1))

    def update(self, step: FloatArray, change: FloatArray) -> None:
        """H <- (I - rho s y') H (I - rho y s') + rho s s', with rho = 1 / (y's)."""
        curvature = float(change @ step)
        if curvature <= np.finfo(float).eps * np.linalg.norm(change) * np.linalg.norm(step):
            return
        if self.fresh:
            self.matrix *= curvature / float(change @ change)
            self.fresh = False
        rho = 1.0 / curvature
        product = blas.dsymv(1.0, self.matrix, change, lower=1)
        weight = 0.5 * rho * (1.0 + rho * float(change @ product))
        blas.dsyr2(rho, step, weight / rho * step - product, lower=1, a=self.matrix, overwrite_a=1)


class _Function:
    """Value and gradient by one call; the line search asks for them one by one."""

    def __init__(self, function: Callable[[FloatArray], tuple[float, FloatArray]]) -> None:
        self._function = function
        self._at: FloatArray | None = None
        self._last: tuple[float, FloatArray] = (np.nan, np.empty(0))
        self.count = 0

    def both(self, x: FloatArray) -> tuple[float, FloatArray]:
        if self._at is None or not np.array_equal(x, self._at):
            self._last = self._function(x)
            self._at = x.copy()
            self.count += 1
        return self._last

    def value(self, x: FloatArray) -> float:
        return self.both(x)[0]

    def gradient(self, x: FloatArray) -> FloatArray:
        return self.both(x)[1]


def minimise_bfgs(
    function: Callable[[FloatArray], tuple[float, FloatArray]],
    x0: FloatArray,
    *,
    gtol: float,
    ftol: float,
    maxiter: int,
    callback: Callable[[FloatArray], None] | None = None,
) -> Minimum:
    """Minimise a function that returns its value and gradient.

    Ends when no entry of the gradient is larger than ``gtol`` or an iteration lowers the value by
    no more than ``ftol * max(|before|, |after|, 1)``. A line search that fails is tried once more
    along the gradient. ``callback`` is given ``x`` after every iteration.
    """
    f = _Function(function)
    x = np.array(x0, dtype=np.float64)
    value, gradient = f.both(x)
    before = value + float(np.linalg.norm(gradient)) / 2
    hessian = _InverseHessian.identity(len(x))
    iterations, status = 0, 0
    while np.abs(gradient).max(initial=0.0) > gtol:
        if iterations >= maxiter:
            status = 1
            break
        step, found = _search(f, x, hessian.direction(gradient), gradient, value, before)
        if step is None and not hessian.fresh:
            hessian = _InverseHessian.identity(len(x))
            before = value + float(np.linalg.norm(gradient)) / 2
            step, found = _search(f, x, -gradient, gradient, value, before)
        if step is None:
            status = 2
            break
        x = x + step
        new_value, new_gradient = found
        hessian.update(step, new_gradient - gradient)
        before, value, gradient = value, new_value, new_gradient
        iterations += 1
        if callback is not None:
            callback(x)
        if ftol > 0 and before - value <= ftol * max(abs(before), abs(value), 1.0):
            break
    return Minimum(x, value, iterations, f.count, status, MESSAGES[status])


def _search(
    f: _Function,
    x: FloatArray,
    direction: FloatArray,
    gradient: FloatArray,
    value: float,
    before: float,
) -> tuple[FloatArray | None, tuple[float, FloatArray]]:
    """Return the step of a search for the strong Wolfe conditions, and what it leads to."""
    if not np.isfinite(direction).all() or float(direction @ gradient) >= 0.0:
        return None, (value, gradient)
    found: tuple[Any, ...] = line_search(
        f.value, f.gradient, x, direction, gradient, value, before, c1=1e-4, c2=0.9, maxiter=10
    )
    alpha = found[0]
    if alpha is None:
        return None, (value, gradient)
    step = alpha * direction
    reached = f.both(x + step)
    if not reached[0] < value:
        return None, (value, gradient)
    return step, reached
