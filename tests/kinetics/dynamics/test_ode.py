from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError, SolverError
from pyscimlode.kinetics import KineticCase, KineticModel, balances
from tests.kinetics.cases import evaluator_of, random_ln_km


def stable_model(case: KineticCase) -> KineticModel:
    evaluator = evaluator_of(case)
    ln_km = random_ln_km(case, 200, low=-10.0, high=-5.0)
    best = int(np.argmin(evaluator.evaluate(ln_km).lambda_max))
    return KineticModel.at_steady_state(evaluator, ln_km[best])


def test_nothing_changes_at_the_steady_state(own: KineticCase) -> None:
    model = stable_model(own)
    change = model.rhs(0.0, model.initial)
    through = np.abs(balances(own.network).matrix) @ np.abs(own.state.fluxes_mM_h)
    assert (np.abs(change) <= 1e-11 * through).all()


def test_reduced_jacobian_against_the_full_one_and_differences(own: KineticCase) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 1, seed=4)
    model = KineticModel.at_steady_state(evaluator, ln_km[0])
    of = balances(own.network)
    full = model.jacobian(0.0, model.initial)
    rows = np.flatnonzero(np.isin(of.dynamic, of.independent))
    dependent = np.searchsorted(of.dynamic, of.dependent)
    reduced = full[np.ix_(rows, rows)] + full[np.ix_(rows, dependent)] @ of.link
    found = evaluator.jacobian(ln_km)[0]
    scale = np.abs(found).max(axis=1, keepdims=True)
    assert (np.abs(found - reduced) / scale).max() <= 1e-10
    for column in range(len(rows)):
        step = 1e-5 * model.initial[rows[column]]
        move = np.zeros(len(model.initial))
        move[rows[column]] = step
        move[dependent] = of.link[:, column] * step
        change = model.rhs(0.0, model.initial + move) - model.rhs(0.0, model.initial - move)
        difference = change[rows] / (2 * step)
        assert (np.abs(found[:, column] - difference) / scale[:, 0]).max() <= 1e-5


@pytest.mark.parametrize("log", [True, False])
def test_totals_stay_along_a_trajectory(own: KineticCase, log: bool) -> None:
    model = stable_model(own)
    noise = np.random.default_rng(0).normal(0.0, 0.2, len(model.initial))
    tolerance = 1e-10 if log else 1e-7
    path = model.simulate(
        model.initial * np.exp(noise), [0.0, 0.1, 1.0], rtol=tolerance, atol=tolerance, log=log
    )
    totals = model.totals(path)
    assert np.abs(totals / totals[0] - 1.0).max() <= 1e-8
    assert (path > 0).all()


def test_a_stable_model_returns(toy: KineticCase) -> None:
    model = stable_model(toy)
    start = model.initial * np.array([1.3, 1.2, 0.8, 0.8, 1.1])
    assert model.totals(start)[0] == pytest.approx(model.totals(model.initial)[0])
    end = model.simulate(start, [0.0, 5.0])[-1]
    np.testing.assert_allclose(end, model.initial, rtol=1e-4)


def test_log_jacobian_against_differences(toy: KineticCase) -> None:
    model = stable_model(toy)
    y, step = np.log(model.initial) + 0.3, 1e-6
    found = model.log_jacobian(0.0, y)
    for i in range(len(y)):
        move = step * np.eye(len(y))[i]
        wanted = (model.log_rhs(0.0, y + move) - model.log_rhs(0.0, y - move)) / (2 * step)
        np.testing.assert_allclose(found[:, i], wanted, rtol=1e-6, atol=1e-6)


def test_mistakes_are_named(toy: KineticCase) -> None:
    evaluator = evaluator_of(toy)
    with pytest.raises(DataError, match=r"ln_km of one model must be a vector, not \(1, 14\)"):
        KineticModel.at_steady_state(evaluator, np.zeros((1, 14)))
    model = KineticModel.at_steady_state(evaluator, np.zeros(14))
    with pytest.raises(DataError, match=r"Species 'B' starts at 0 mM; it must be positive"):
        model.simulate([1.0, 1.0, 0.0, 1.0, 1.0], [0.0, 1.0])


def test_rates_that_are_not_finite_end_in_a_solver_error(
    toy: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = stable_model(toy)
    nowhere = np.full((len(model.initial), len(model.initial)), np.nan)
    monkeypatch.setattr(KineticModel, "jacobian", lambda *_: nowhere)
    with pytest.raises(SolverError, match=r"not finite\. Integrate ln c, log=True"):
        model.simulate(1.1 * model.initial, [0.0, 1.0], log=False)
