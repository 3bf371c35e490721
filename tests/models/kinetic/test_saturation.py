from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.evaluation.saturation_gradient import remaining_pullback
from pyscimlode.models.kinetic.compiled import compile_laws
from pyscimlode.models.kinetic.saturation import log_denominator, occupied, remaining_order


def some_x(case: KineticCase, models: int = 3, spread: float = 2.0) -> np.ndarray:
    terms = compile_laws(case.network).terms
    return np.exp(np.random.default_rng(1).normal(0.0, spread, (terms, models)))


def test_denominators_by_hand(toy: KineticCase) -> None:
    x = np.array([2.0, 3.0, 0.5, 4.0, 5.0, 6.0, 1.5, 2.5, 0.1, 0.2, 3.0, 2.0, 0.7])[:, None]
    log_d = log_denominator(compile_laws(toy.network), x)[:, 0]
    by_hand = [1 + 2 + 3, (1 + 0.5 + 5) * (1 + 4 + 6), 1 + 1.5 + 2.5, 1 + 0.1 + 0.2]
    by_hand += [(1 + 3) + (1 + 2 + 4) - 1, 1 + 0.7]
    np.testing.assert_allclose(np.exp(log_d), by_hand, rtol=1e-14)


def test_remaining_orders_are_derivatives_of_the_denominator(own: KineticCase) -> None:
    laws = compile_laws(own.network)
    x = some_x(own)
    remaining, step = remaining_order(laws, x), 1e-6
    for term in range(laws.terms):
        up, down = x.copy(), x.copy()
        up[term] *= np.exp(step)
        down[term] *= np.exp(-step)
        change = log_denominator(laws, up) - log_denominator(laws, down)
        slope = change[laws.reaction[term]] / (2 * step)
        np.testing.assert_allclose(remaining[term], laws.order[term] - slope, atol=1e-8)


def test_occupied_is_what_saturation_takes_away(own: KineticCase) -> None:
    laws = compile_laws(own.network)
    x = some_x(own)
    remaining = remaining_order(laws, x)
    np.testing.assert_allclose(occupied(laws, x), laws.order[:, None] - remaining, atol=1e-14)


@pytest.mark.parametrize("spread", [1.0, 12.0])
def test_pullback_against_differences(own: KineticCase, spread: float) -> None:
    laws = compile_laws(own.network)
    x = some_x(own, spread=spread)
    weights = np.random.default_rng(2).normal(size=x.shape)
    found, step = remaining_pullback(laws, x, weights), 1e-5
    for term in range(laws.terms):
        up, down = x.copy(), x.copy()
        up[term] *= np.exp(step)
        down[term] *= np.exp(-step)
        change = remaining_order(laws, up) - remaining_order(laws, down)
        wanted = (weights * change).sum(axis=0) / (2 * step)
        np.testing.assert_allclose(found[term], wanted, atol=1e-8)


def test_extreme_saturation_stays_accurate(toy: KineticCase) -> None:
    """H of a saturated substrate is 1/x, far below the rounding of 1 - G."""
    laws = compile_laws(toy.network)
    x = np.full((laws.terms, 1), 1e-30)
    x[0] = 1e30
    remaining = remaining_order(laws, x)[:, 0]
    assert remaining[0] == pytest.approx(1e-30, rel=1e-12)
    assert remaining[-1] == pytest.approx(1.0)
