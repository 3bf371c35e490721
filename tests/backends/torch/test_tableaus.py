from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from pyscimlode.backends.torch.tableaus import METHODS, Tableau, tableau


def _order_conditions(method: Tableau) -> list[tuple[int, float, np.ndarray]]:
    """Order, right-hand side and weights of all rooted trees up to order 5 (Butcher)."""
    a, c = method.a, method.c
    return [
        (1, 1.0, np.ones_like(c)),
        (2, 1 / 2, c),
        (3, 1 / 3, c**2),
        (3, 1 / 6, a @ c),
        (4, 1 / 4, c**3),
        (4, 1 / 8, c * (a @ c)),
        (4, 1 / 12, a @ c**2),
        (4, 1 / 24, a @ a @ c),
        (5, 1 / 5, c**4),
        (5, 1 / 10, c**2 * (a @ c)),
        (5, 1 / 20, (a @ c) ** 2),
        (5, 1 / 15, c * (a @ c**2)),
        (5, 1 / 30, c * (a @ a @ c)),
        (5, 1 / 20, a @ c**3),
        (5, 1 / 40, a @ (c * (a @ c))),
        (5, 1 / 60, a @ a @ c**2),
        (5, 1 / 120, a @ a @ a @ c),
    ]


@pytest.mark.parametrize("name", METHODS)
def test_methods_fulfil_all_order_conditions_up_to_five(name: str) -> None:
    method = tableau(name)
    np.testing.assert_allclose(method.a.sum(axis=1), method.c, atol=1e-14)
    for order, value, weights in _order_conditions(method):
        if order <= method.order:
            assert method.a[-1] @ weights == pytest.approx(value, abs=2e-15)


@pytest.mark.parametrize("name", ["tsit5", "dopri5"])
def test_embedded_methods_have_order_four(name: str) -> None:
    method = tableau(name)
    for order, _, weights in _order_conditions(method):
        residual = abs(method.error[0] @ weights)
        assert residual < 1e-15 if order <= 4 else True
    worst = max(abs(method.error[0] @ w) for o, _, w in _order_conditions(method) if o == 5)
    assert worst > 1e-5


@pytest.mark.parametrize(("name", "order"), [("tsit5", 4), ("dopri5", 4), ("rk4", 3)])
def test_dense_output_has_its_order_at_every_fraction(name: str, order: int) -> None:
    method = tableau(name)
    for x, (degree, value, weights) in product((0.1, 0.5, 0.9), _order_conditions(method)):
        if degree <= order:
            b = method.dense[: method.stages] @ x ** np.arange(1, method.dense.shape[1] + 1)
            assert b @ weights == pytest.approx(value * x**degree, abs=2e-14)


@pytest.mark.parametrize("name", METHODS)
def test_dense_output_ends_at_the_step_and_the_last_stage_is_the_next_first(name: str) -> None:
    method = tableau(name)
    assert method.dense.shape[0] == method.stages + method.extra
    end = method.dense.sum(axis=1)
    np.testing.assert_allclose(end[: method.stages], method.a[-1], atol=1e-12)
    np.testing.assert_allclose(end[method.stages :], 0.0, atol=1e-12)
    assert method.c[-1] == 1.0
    assert method.citation
