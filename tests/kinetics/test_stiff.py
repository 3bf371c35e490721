from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import SolverError
from pyscimlode.kinetics.stiff import integrate_log

RATE = np.array([-1.0, -1e6])


def test_linear_decay_to_a_source() -> None:
    """dc/dt = r (c - 1) in y = ln c; the fast one follows at once."""

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        return RATE * (1.0 - np.exp(-y))

    def jacobian(t: float, y: np.ndarray) -> np.ndarray:
        return np.diag(RATE * np.exp(-y))

    path = integrate_log(rhs, jacobian, np.log([3.0, 2.0]), 2.0, rtol=1e-8)
    times = np.array([0.0, 0.5, 2.0])
    np.testing.assert_allclose(np.exp(path.at(times))[:, 0], 1 + 2 * np.exp(-times), rtol=1e-6)
    assert path.nodes[0] == 0.0
    assert path.nodes[-1] == 2.0


def test_a_jump_too_short_for_the_clock_is_passed() -> None:
    """y2 decays at 1e13/h from the moment that y1 falls below zero, at 10 h."""

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        on = 0.5 * (1.0 - np.tanh(1e13 * y[0]))
        return np.array([-1.0, -1e13 * y[1] * on])

    def jacobian(t: float, y: np.ndarray) -> np.ndarray:
        wave = np.tanh(1e13 * y[0])
        by_first = 0.5e26 * y[1] * (1 - wave**2)
        return np.array([[0.0, 0.0], [by_first, -0.5e13 * (1 - wave)]])

    path = integrate_log(rhs, jacobian, np.array([10.0, 1.0]), 11.0)
    before, after = path.at(np.array([9.0, 11.0]))
    assert before[1] == pytest.approx(1.0)
    assert after[1] == pytest.approx(0.0, abs=1e-4)
    assert after[0] == pytest.approx(-1.0, abs=1e-4)


def test_a_field_that_is_not_finite_is_a_failure() -> None:
    with pytest.raises(SolverError, match=r"It had reached 0 h|linear algebra failed"):
        integrate_log(
            lambda t, y: np.full(1, np.nan), lambda t, y: np.zeros((1, 1)), np.zeros(1), 1.0
        )


def test_work_is_limited() -> None:
    with pytest.raises(SolverError, match=r"It took more than 10 evaluations to reach"):
        integrate_log(lambda t, y: -y, lambda t, y: -np.eye(1), np.ones(1), 100.0, most=10)
