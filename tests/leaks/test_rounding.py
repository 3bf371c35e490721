from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.leaks.rounding import rounding


@pytest.mark.parametrize("decimals", [3, 6])
def test_decimals(decimals: int) -> None:
    values = np.round(np.random.default_rng(0).random(50), decimals)
    np.testing.assert_allclose(rounding(values), 10.0**-decimals)


def test_significant_digits() -> None:
    values = np.array([float(f"{x:.4g}") for x in (12345.678, 0.0123456, 3.14159)])
    np.testing.assert_allclose(rounding(values), [10.0, 1e-5, 1e-3])


def test_numbers_that_were_not_rounded() -> None:
    values = np.random.default_rng(0).random(20)
    np.testing.assert_array_equal(rounding(values), np.spacing(values))


def test_single_precision() -> None:
    values = np.random.default_rng(0).random(20).astype(np.float32).astype(np.float64)
    assert (rounding(values) >= 1e-7 * values).all()


def test_gaps_and_zeros() -> None:
    units = rounding(np.array([np.nan, 0.0, 0.25]))
    assert units[1] == units[2] == 0.01
    assert np.isfinite(rounding(np.zeros(3))).all()


def test_numbers_beyond_single_precision() -> None:
    values = np.array([1e300, 1e-300])
    np.testing.assert_allclose(rounding(values), [1e300, 1e-300])
