"""Stiff integration of logarithms of concentrations, with a limit on its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import SolverError

FloatArray = npt.NDArray[np.float64]
Field = Callable[[float, FloatArray], FloatArray]
LOWEST, HIGHEST = -230.0, 50.0
"""Range of ln c (mM) in which rates are evaluated: what a solver tries beyond it is cut off."""
MOST_EVALUATIONS = 50_000


def clipped(y: FloatArray) -> FloatArray:
    """Return ln c within the range that rates are evaluated in."""
    return np.clip(y, LOWEST, HIGHEST)


def integrate_log(
    rhs: Field,
    jacobian: Field,
    start: FloatArray,
    times: FloatArray,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-6,
    most: int = MOST_EVALUATIONS,
    dense: bool = False,
) -> Any:
    """Integrate y = ln c by SciPy's BDF and return its solution object.

    Args:
        rhs: ``(t, y) -> (n,)``.
        jacobian: ``(t, y) -> (n, n)``.
        start: ``(n,)`` ln mM at ``times[0]``.
        times: ``(times,)`` h, increasing.
        rtol: relative tolerance of y.
        atol: absolute tolerance of y, which is a relative one of c.
        most: evaluations of ``rhs`` after which the solver is stopped.
        dense: keep the interpolant and the steps.

    Raises:
        SolverError: the solver gave up, or took more than ``most`` evaluations.
    """
    from scipy.integrate import solve_ivp

    count = 0

    def counted(t: float, y: FloatArray) -> FloatArray:
        nonlocal count
        count += 1
        if count > most:
            raise SolverError(f"it took more than {most} evaluations; it had reached {t:g} h")
        return rhs(t, clipped(y))

    def slope(t: float, y: FloatArray) -> FloatArray:
        return jacobian(t, clipped(y))

    # What a trial step overflows is not finite, and the solver takes a shorter one.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            solution = solve_ivp(
                counted,
                (float(times[0]), float(times[-1])),
                start,
                method="BDF",
                t_eval=None if dense else times,
                dense_output=dense,
                jac=slope,
                rtol=rtol,
                atol=atol,
            )
        except (ValueError, np.linalg.LinAlgError) as error:
            raise SolverError(f"its linear algebra failed: {error}") from error
    if not solution.success:
        reached = solution.t[-1] if len(solution.t) else times[0]
        raise SolverError(f"{solution.message} It had reached {reached:g} h")
    return solution
