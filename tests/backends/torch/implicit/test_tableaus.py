"""Coefficients: order conditions, observed orders, behaviour at stiff parts."""

from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.backends.torch.implicit.tableaus import implicit_tableau, kencarp5
from tests.backends.torch.implicit.plain import increments, inside

METHODS = ("rosenbrock", "esdirk")


def field(t: float, y: np.ndarray) -> np.ndarray:
    """Not linear, not autonomous, with y = (exp(sin t), cos t) as a solution."""
    a, b = y
    growth = a * np.cos(t) + 3.0 * (a - np.exp(np.sin(t))) * b
    return np.stack([growth, -np.sin(t) + (b - np.cos(t)) * a + (b * b - np.cos(t) ** 2)])


def solution(t: float) -> np.ndarray:
    return np.array([np.exp(np.sin(t)), np.cos(t)])


def errors(method: str, steps: int) -> tuple[float, float, float]:
    """Return the errors at the end, of the dense output and of the error estimate."""
    tableau, h = implicit_tableau(method), 1.0 / steps
    y, between, estimate = solution(0.0), 0.0, 0.0
    for n in range(steps):
        found = increments(tableau, field, n * h, y, h)
        for x in (0.15, 0.5, 0.85):
            off = inside(tableau, y, found, x) - solution((n + x) * h)
            between = max(between, float(np.abs(off).max()))
        estimate = max(estimate, float(np.abs(tableau.error @ found).max()))
        y = y + tableau.b @ found
    return float(np.abs(y - solution(1.0)).max()), between, estimate


@pytest.mark.parametrize("method", METHODS)
def test_observed_orders(method: str) -> None:
    coarse, fine = np.array(errors(method, 30)), np.array(errors(method, 60))
    end, between, estimate = np.log2(coarse / fine)
    assert end > 4.7
    assert between > 3.9
    assert 4.6 < estimate < 5.6


def test_esdirk_meets_every_condition_of_order_five() -> None:
    tableau = kencarp5()
    a = tableau.a + tableau.gamma * np.diag([0.0, *np.ones(7)])
    b, c = tableau.b, tableau.c
    trees = {
        1: np.ones(8),
        2: c,
        3: c**2,
        6: a @ c,
        4: c**3,
        8: c * (a @ c),
        12: a @ c**2,
        24: a @ a @ c,
        5: c**4,
        10: c**2 * (a @ c),
        15: c * (a @ c**2),
        30: c * (a @ a @ c),
        20: (a @ c) ** 2,
        40: a @ (c * (a @ c)),
        60: a @ a @ c**2,
        120: a @ a @ a @ c,
    }
    for density, tree in trees.items():
        assert b @ tree == pytest.approx(1.0 / density, abs=1e-12)
    assert b @ a @ c**3 == pytest.approx(1.0 / 20.0, abs=1e-12)
    np.testing.assert_allclose(a[1:] @ c, c[1:] ** 2 / 2.0, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_dense_output_joins_the_steps(method: str) -> None:
    tableau = implicit_tableau(method)
    np.testing.assert_allclose(tableau.dense.sum(axis=1), tableau.b, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_stiff_parts_vanish_at_the_end_and_stay_bounded_between(method: str) -> None:
    tableau, y = implicit_tableau(method), np.array([1.0])
    found = increments(tableau, lambda t, x: -1e8 * x, 0.0, y, 1.0)
    assert abs(y + tableau.b @ found)[0] < 1e-6
    assert max(abs(inside(tableau, y, found, x))[0] for x in np.linspace(0.0, 1.0, 11)) < 3.0
