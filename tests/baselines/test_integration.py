from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.baselines.integration import heun

FloatArray = np.ndarray


def no_inputs(row: int, times: FloatArray) -> FloatArray:
    return np.zeros((len(times), 0))


def decay(z: FloatArray, p: FloatArray) -> FloatArray:
    return -z


def test_error_falls_with_the_square_of_the_step() -> None:
    times = [np.array([0.0, 0.37, 2.0])]
    exact = 3.0 * np.exp(-times[0])[:, None]
    errors = [
        np.abs(heun(decay, np.array([[3.0]]), no_inputs, times, np.zeros(1), h)[0] - exact).max()
        for h in (0.1, 0.05)
    ]
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.1)


def test_a_field_linear_in_time_is_integrated_exactly_at_any_time() -> None:
    times = [np.array([1.0, 1.13, 2.9]), np.array([0.5, 4.0])]
    starts = np.array([1.0, 0.5])
    found = heun(
        lambda z, p: p, np.array([[2.0], [0.0]]), lambda row, t: t[:, None], times, starts, 0.7
    )
    for row, asked in enumerate(times):
        exact = [2.0, 0.0][row] + 0.5 * (asked**2 - starts[row] ** 2)
        np.testing.assert_allclose(found[row][:, 0], exact, rtol=1e-13)


def test_each_experiment_goes_its_own_way() -> None:
    times = [np.array([0.0, 1.0]), np.array([3.0, 7.0])]
    together = heun(decay, np.array([[1.0], [5.0]]), no_inputs, times, np.array([0.0, 3.0]), 0.02)
    np.testing.assert_allclose(together[0][:, 0], np.exp([0.0, -1.0]), rtol=1e-4)
    np.testing.assert_allclose(together[1][:, 0], 5.0 * np.exp([0.0, -4.0]), rtol=1e-3)


def test_a_blow_up_is_nan_from_there_on_and_leaves_the_others_alone() -> None:
    times = [np.array([0.0, 0.2, 10.0])] * 2
    found = heun(lambda z, p: z**2, np.array([[1.0], [-1.0]]), no_inputs, times, np.zeros(2), 0.01)
    np.testing.assert_allclose(found[0][:2, 0], [1.0, 1.25], rtol=1e-4)
    assert np.isnan(found[0][2, 0])
    np.testing.assert_allclose(found[1][:, 0], [-1.0, -1 / 1.2, -1 / 11], rtol=1e-3)


def test_only_the_start_is_asked_for() -> None:
    found = heun(decay, np.array([[2.0, 3.0]]), no_inputs, [np.zeros(1)], np.zeros(1), 0.1)
    np.testing.assert_array_equal(found[0], [[2.0, 3.0]])
