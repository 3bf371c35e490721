"""To which digit numbers were rounded, as far as the numbers tell."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MOST_DIGITS = 15
"""Decimal digits that any float64 keeps; numbers with more were not rounded."""


def rounding(values: FloatArray) -> FloatArray:
    """Return the unit of the last digit of each value, at least that of its floating-point type.

    Values of one column were rounded together: to the largest number of decimals that any of them
    has, or, where that is coarser, to the largest number of significant digits.

    >>> rounding(np.array([0.25, 1.5, 12.375]))
    array([0.001, 0.001, 0.001])
    >>> rounding(np.array([123000.0, 0.00456]))
    array([1.e+03, 1.e-05])
    """
    known = values[np.isfinite(values)]
    spacing = np.spacing(np.abs(values))
    if len(known) == 0:
        return spacing
    with np.errstate(over="ignore", under="ignore"):
        single = known.astype(np.float32).astype(np.float64)
    if np.array_equal(known, single):
        spacing = np.maximum(spacing, np.abs(values) * float(np.finfo(np.float32).eps))
    significant, decimals = 0, -MOST_DIGITS
    for value in known[known != 0.0].tolist():
        digits, places = _digits(value)
        significant, decimals = max(significant, digits), max(decimals, places)
        if significant > MOST_DIGITS:
            return spacing
    if significant == 0:
        return spacing
    magnitude = np.floor(np.log10(np.where(values == 0.0, 1.0, np.abs(values))))
    by_digits = np.where(values == 0.0, 0.0, 10.0 ** (magnitude - significant + 1))
    return np.asarray(np.maximum(np.maximum(10.0**-decimals, by_digits), spacing))


def _digits(value: float) -> tuple[int, int]:
    """Return significant digits and decimal places of the shortest text of a number."""
    written = Decimal(repr(value)).normalize().as_tuple()
    return len(written.digits), -int(written.exponent)
