from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import CubicSpline

from pyscimlode.data import Experiment, interpolate_by_row, interpolate_by_time, simulate
from pyscimlode.data.simulate import SAMPLING_TIMES
from pyscimlode.leaks.interpolation import interpolated_cells, on_polynomials

FloatArray = npt.NDArray[np.float64]
measured_values = st.floats(0.0, 1e4, allow_nan=False).map(lambda x: float(f"{x:.6g}"))


def measured(seed: int = 0) -> Experiment:
    return simulate(1, times=SAMPLING_TIMES, noise=0.1, seed=seed)["S1"]


def series(times: FloatArray, states: FloatArray) -> Experiment:
    return Experiment("S", times, states, np.empty((len(times), 0)))


@pytest.mark.parametrize("points", [73, 200])
@pytest.mark.parametrize("make", [interpolate_by_time, interpolate_by_row])
def test_even_grids_are_found(make: object, points: int) -> None:
    found = interpolated_cells(make(measured(), points))  # type: ignore[operator]
    assert found is not None
    assert found.curve == "straight lines"
    assert len(found.states) == 10


@pytest.mark.parametrize("decimals", [6, 8])
def test_rounding_does_not_hide_it(decimals: int) -> None:
    even = interpolate_by_time(measured())
    assert interpolated_cells(replace(even, states=np.round(even.states, decimals))) is not None


@pytest.mark.parametrize("method", ["linear", "index"])
def test_filled_gaps_are_found(method: str) -> None:
    e = measured()
    gaps = e.states.copy()
    missing = np.random.default_rng(1).random(gaps[1:-1].shape) < 0.4
    gaps[1:-1][missing] = np.nan
    table = pd.DataFrame(gaps, index=e.times).interpolate(method=method)
    found = interpolated_cells(replace(e, states=table.to_numpy()))
    assert found is not None
    assert found.cells <= missing.sum()
    assert interpolated_cells(replace(e, states=gaps)) is None


def test_cubic_splines_are_found() -> None:
    e = measured()
    grid = np.linspace(0.0, 72.0, 200)
    found = interpolated_cells(series(grid, CubicSpline(e.times, e.states)(grid)))
    assert found is not None
    assert found.curve == "cubic splines"


@given(arrays(np.float64, (14, 4), elements=measured_values))
def test_measured_values_are_not_accused(values: FloatArray) -> None:
    """Whatever is drawn: hypothesis likes repeated, small and round numbers."""
    noise = np.random.default_rng(0).lognormal(0.0, 0.1, values.shape)
    assert interpolated_cells(series(np.array(SAMPLING_TIMES), values * noise)) is None


@given(st.integers(0, 10_000), st.integers(2, 7), st.integers(5, 200))
def test_rounded_noise_is_not_accused(seed: int, digits: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(10.0 ** rng.uniform(-2, 3) * rng.random((n, 5)), digits - 2)
    assert interpolated_cells(series(np.arange(n, dtype=float), values)) is None


@given(st.integers(0, 1000), st.sampled_from([73, 145, 289]), st.sampled_from([3, 4, 5, 6, 15]))
def test_smooth_curves_are_not_accused(seed: int, n: int, decimals: int) -> None:
    """Sums of saturating, decaying and oscillating terms, rounded."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0.0, 72.0, n)
    rates = rng.uniform(0.01, 2.0, (3, 4))
    sizes = rng.uniform(0.0, 5.0, (3, 4))
    curves = (
        sizes[0] * t[:, None] / (rates[0] + t[:, None])
        + sizes[1] * np.exp(-rates[1] * t[:, None])
        + sizes[2] * np.sin(rates[2] * t[:, None])
    )
    assert interpolated_cells(series(t, np.round(curves, decimals))) is None


@pytest.mark.parametrize(
    "curve",
    [
        lambda t: np.full_like(t, 3.0),
        lambda t: 2.0 + 0.5 * t,
        lambda t: np.minimum(t, 10.0),
        lambda t: np.where(t < 10.0, 0.0, 1.0),
        lambda t: 0.1 + 0.01 * t + 1e-4 * t**3,
    ],
    ids=["constant", "line", "ramp and plateau", "step", "cubic"],
)
def test_simple_curves_are_not_accused(curve: object) -> None:
    t = np.arange(40, dtype=float)
    assert interpolated_cells(series(t, np.stack([curve(t)] * 5, axis=1))) is None  # type: ignore[operator]


def test_few_times_are_not_judged() -> None:
    t = np.array([0.0, 1.0, 2.0, 3.0])
    assert interpolated_cells(series(t, np.stack([t, [0, 1, 2, 9], [9, 1, 2, 3]], axis=1))) is None


def test_noise_free_simulations_are_not_accused() -> None:
    for e in simulate(3):
        assert interpolated_cells(e) is None


def test_cells_between_knots_are_the_ones() -> None:
    values = np.interp(np.arange(9.0), [0, 3, 5, 8], [0.0, 3.1, 1.7, 9.9])
    on_line = on_polynomials(np.arange(9.0), values, 1)
    # The first and last stretch have no corner before or after them.
    np.testing.assert_array_equal(np.flatnonzero(on_line), [4])
