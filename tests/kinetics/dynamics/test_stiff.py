from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pyscimlode.backends.status import Status
from pyscimlode.kinetics.dynamics.stiff import integrate_log


class Decay:
    """dc/dt = rate (c - 1) in y = ln c: c = 1 + (c0 - 1) exp(rate t)."""

    rate = np.array([-1.0, -1e6])

    def rhs(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.rate * (1.0 - np.exp(-y))

    def jacobian(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (self.rate * np.exp(-y))[:, :, None] * np.eye(2)


class Swing:
    """A pendulum, with a frequency of its own for each row."""

    frequency = np.array([1.0, 3.0, 20.0])

    def rhs(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        w = self.frequency[rows]
        return np.stack([w * y[:, 1], -w * np.sin(y[:, 0])], axis=1)

    def jacobian(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        w, zero = self.frequency[rows], np.zeros(len(y))
        first, second = np.stack([zero, w], 1), np.stack([-w * np.cos(y[:, 0]), zero], 1)
        return np.stack([first, second], axis=1)


def pendulum(w: float, times: np.ndarray) -> np.ndarray:
    def slope(t: float, y: np.ndarray) -> list[float]:
        return [w * y[1], -w * np.sin(y[0])]

    span = (0.0, times[-1])
    return solve_ivp(slope, span, [1.0, 0.0], "DOP853", times, rtol=1e-12, atol=1e-12).y.T


class Lost:
    def rhs(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.full_like(y, np.nan)

    def jacobian(self, y: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.zeros((len(y), y.shape[1], y.shape[1]))


def test_linear_decay_to_a_source() -> None:
    start = np.log([[3.0, 2.0], [9.0, 0.1]])
    times = np.array([0.0, 0.5, 2.0])
    paths = integrate_log(Decay(), start, times, rtol=1e-8)
    expected = 1 + (np.array([3.0, 9.0])[:, None] - 1) * np.exp(-times)
    np.testing.assert_allclose(np.exp(paths.values[:, :, 0]), expected, rtol=1e-6)
    np.testing.assert_allclose(paths.values[:, 1:, 1], 0.0, atol=1e-7)
    assert paths.status == (Status.SUCCESS, Status.SUCCESS)
    np.testing.assert_array_equal(paths.reached, 2.0)
    np.testing.assert_array_equal(paths.last, paths.values[:, -1])


def test_the_error_falls_with_the_tolerance_inside_of_steps_too() -> None:
    """A method of order 4 takes ten times as many steps for an error 10,000 times smaller."""
    start, times = np.tile([1.0, 0.0], (3, 1)), np.linspace(0, 2, 41)
    exact = np.stack([pendulum(w, times) for w in Swing.frequency])
    errors, steps = [], []
    for rtol in (1e-4, 1e-8):
        paths = integrate_log(Swing(), start, times, rtol=rtol)
        errors.append(np.abs(paths.values - exact).max())
        steps.append(paths.steps.max())
    assert errors[0] < 0.02
    assert errors[1] < 2e-4 * errors[0]
    assert 5 < steps[1] / steps[0] < 15


def test_rows_do_not_disturb_one_another() -> None:
    start, times = np.tile([1.0, 0.0], (3, 1)), np.linspace(0, 1, 5)

    class Alone(Swing):
        frequency = Swing.frequency[2:]

    alone = integrate_log(Alone(), start[:1], times)
    together = integrate_log(Swing(), start, times)
    np.testing.assert_allclose(together.values[2], alone.values[0], rtol=1e-12)
    assert together.steps[2] == alone.steps[0]


def test_every_accepted_step_is_told() -> None:
    lengths = np.zeros(3)

    def note(rows: np.ndarray, h: np.ndarray, at: object) -> None:
        lengths[rows] += h

    integrate_log(Swing(), np.tile([1.0, 0.0], (3, 1)), np.array([0.5, 1.0]), on_step=note)
    np.testing.assert_allclose(lengths, 1.0, rtol=1e-12)


def test_a_field_that_is_not_finite_is_a_failure() -> None:
    paths = integrate_log(Lost(), np.zeros((1, 1)), np.array([0.0, 1.0]))
    assert paths.status == (Status.NON_FINITE,)
    assert paths.reached[0] == 0.0
    assert np.isnan(paths.values[0, 1]).all()


def test_work_is_limited_by_row() -> None:
    paths = integrate_log(
        Swing(), np.tile([1.0, 0.0], (3, 1)), np.array([0.0, 1.0, 10.0]), rtol=1e-4, most=150
    )
    assert paths.status == (Status.SUCCESS, Status.SUCCESS, Status.MAX_STEPS)
    assert paths.steps[2] == 150
    assert 1.0 < paths.reached[2] < 10.0
    assert np.isfinite(paths.values[2, 1]).all()
    assert np.isnan(paths.values[2, 2]).all()


def test_more_rows_than_are_advanced_together(monkeypatch: pytest.MonkeyPatch) -> None:
    start, times = np.log(np.linspace(1.5, 4.0, 10))[:, None] * np.ones(2), np.array([0.0, 1.0])
    whole = integrate_log(Decay(), start, times).values
    monkeypatch.setattr("pyscimlode.kinetics.dynamics.stiff.TOGETHER", 3)
    np.testing.assert_allclose(integrate_log(Decay(), start, times).values, whole, rtol=1e-12)
