"""Derivatives of a NumPy field by fourth-order central differences.

f'(x) = (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h + O(h^4) (Abramowitz & Stegun
25.3.24). A kink of the field within 2h of the point spoils the derivative there: states get a
small step, because features such as log(y + 0.01) begin at y = 0.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PARAMETER_STEP = 1e-3
"""Relative to the parameter, at least 1: truncation and rounding are both near 1e-12."""
STATE_STEP = 1e-5
"""In scaled states, which are of order one: rounding near 1e-11."""
STENCIL = ((-2.0, 1.0 / 12.0), (-1.0, -8.0 / 12.0), (1.0, 8.0 / 12.0), (2.0, -1.0 / 12.0))


def derivative(of: Callable[[float], FloatArray], step: float) -> FloatArray:
    """Return the derivative at 0 of a function of one number."""
    return np.asarray(sum((factor / step) * of(k * step) for k, factor in STENCIL))


def jacobian_states(field: Callable[[FloatArray], FloatArray], y: FloatArray) -> FloatArray:
    """Return df/dy ``(rows, states, states)`` of ``field: (rows, states) -> (rows, states)``."""
    columns = []
    for state in range(y.shape[1]):
        unit = np.zeros(y.shape[1])
        unit[state] = 1.0
        columns.append(
            derivative(lambda h, unit=unit: field(y + h * unit), STATE_STEP)  # type: ignore[misc]
        )
    return np.stack(columns, axis=2)


def jacobian_parameters(field: Callable[[FloatArray], FloatArray], theta: FloatArray) -> FloatArray:
    """Return df/dtheta ``(rows, states, size)`` of ``field: (size,) -> (rows, states)``."""
    columns = []
    for index, value in enumerate(theta):
        step = PARAMETER_STEP * max(1.0, abs(value))
        unit = np.zeros(len(theta))
        unit[index] = 1.0
        columns.append(
            derivative(lambda h, unit=unit: field(theta + h * unit), step)  # type: ignore[misc]
        )
    return np.stack(columns, axis=2)
