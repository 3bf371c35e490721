from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from pyscimlode.training import BFGS, LBFGS, train
from tests.training.toy_session import FloatArray, ToySession, start, toy_problem, toy_session

STAGES = [BFGS(200, gtol=1e-5, ftol=1e-10), LBFGS(200, gtol=1e-5, ftol=1e-10)]
named = pytest.mark.parametrize("stage", STAGES, ids=["bfgs", "lbfgs"])


def smooth_session(**options: Any) -> ToySession:
    """A session whose grid never moves, so that its loss is one smooth function."""
    session = toy_session(freeze=10_000, **options)
    return session


@named
def test_members_reach_the_minimum_that_scipy_finds_alone(stage: BFGS | LBFGS) -> None:
    session = smooth_session()
    theta = start(session)
    state = train(session, theta, [stage])
    for member in range(3):
        lone = ToySession(toy_problem(members=1), session.centre[[member]])
        lone.grid = theta[[member]]

        def value(x: FloatArray, lone: ToySession = lone) -> tuple[float, FloatArray]:
            parts, gradient = lone.loss_and_grad(x[None], refresh=False)
            return float(parts.total[0]), gradient[0]

        best = minimize(value, state.theta[member], jac=True, method="BFGS", tol=1e-8)
        assert state.reports[member].loss == pytest.approx(best.fun, rel=1e-4)
        assert np.abs(value(state.theta[member])[1]).max() < 1e-2


@named
def test_members_are_evaluated_together(stage: BFGS | LBFGS) -> None:
    session = toy_session()
    state = train(session, start(session), [stage])
    longest = max(report.evaluations for report in state.reports)
    assert len(session.calls) == longest
    assert session.calls[0][0] is None
    rows = np.isfinite(state.history["total"]).sum(axis=0)
    assert rows.tolist() == [report.evaluations for report in state.reports]


@named
def test_reports_keep_what_the_optimiser_said(stage: BFGS | LBFGS) -> None:
    session = smooth_session()
    state = train(session, start(session), [stage])
    for report in state.reports:
        assert report.stage == stage.kind
        assert report.status == 0
        assert 0 < report.iterations <= report.evaluations
        assert report.message
    assert state.stage_results([2])[0]["member"] == 0
    assert state.stage_results([2])[0]["iterations"] == state.reports[2].iterations


@named
def test_limits_are_kept(stage: BFGS | LBFGS) -> None:
    few = type(stage)(max_iters=2, gtol=0.0, ftol=0.0)
    session = smooth_session()
    state = train(session, start(session), [few])
    assert [(r.iterations, r.status) for r in state.reports] == [(2, 1)] * 3
    tight = type(stage)(max_iters=100, max_evaluations=4, gtol=0.0, ftol=0.0)
    session = smooth_session()
    state = train(session, start(session), [tight])
    assert all(r.evaluations <= 4 and r.status == 1 for r in state.reports)
    assert "evaluations" in state.reports[0].message.lower()


@named
def test_a_wall_of_failures_is_not_crossed(stage: BFGS | LBFGS) -> None:
    def beyond_wall(theta: FloatArray) -> np.ndarray:
        wall = np.abs(theta).max(axis=1) > 0.3
        return np.repeat(wall[:, None], 4, axis=1) & np.array([False, True, False, False])

    session = smooth_session(fails=beyond_wall)
    theta = np.clip(start(session), -0.28, 0.28)
    before = session.loss(theta).total
    state = train(session, theta, [stage])
    assert (state.history["failures"] > 0).any()
    assert (np.abs(state.theta) <= 0.3).all()
    free = train(smooth_session(), theta, [stage])
    inside = np.abs(free.theta).max(axis=1) <= 0.3
    assert inside.tolist() == [True, True, False]
    for member, report in enumerate(state.reports):
        assert report.loss < before[member]
        if inside[member]:
            assert report.loss == pytest.approx(free.reports[member].loss, rel=1e-4)


@named
def test_losses_that_are_not_finite_are_stepped_back_from(stage: BFGS | LBFGS) -> None:
    session = smooth_session()
    plain = session._evaluate

    def with_holes(theta: FloatArray, *rest: Any) -> Any:
        parts, gradient = plain(theta, *rest)
        far = np.abs(theta).max(axis=1) > 2.5
        parts.total[far] = np.nan
        gradient[far] = np.inf
        return parts, gradient

    session._evaluate = with_holes  # type: ignore[method-assign]
    theta = np.clip(start(session), -2.0, 2.0)
    before = session.loss(theta).total
    state = train(session, theta, [stage])
    assert (np.array([r.loss for r in state.reports]) < 0.5 * before).all()


@named
def test_a_member_that_fails_at_the_start_stays_and_says_so(stage: BFGS | LBFGS) -> None:
    def far_member_fails(theta: FloatArray) -> np.ndarray:
        return np.repeat(theta[:, :1] > 50.0, 4, axis=1) & np.array([True, False, False, False])

    session = smooth_session(fails=far_member_fails)
    theta = start(session)
    theta[1, 0] = 60.0
    state = train(session, theta, [stage])
    np.testing.assert_array_equal(state.theta[1], theta[1])
    assert state.reports[1].status == -1
    assert "at the start" in state.reports[1].message
    assert state.reports[0].status == 0
    assert (state.theta[0] != theta[0]).any()


@named
def test_weight_decay_draws_towards_zero(stage: BFGS | LBFGS) -> None:
    session = smooth_session()
    theta = start(session)
    free = train(session, theta, [stage]).theta
    decayed = type(stage)(200, gtol=1e-5, ftol=1e-10, weight_decay=100.0)
    held = train(smooth_session(), theta, [decayed]).theta
    assert (np.linalg.norm(held, axis=1) < np.linalg.norm(free, axis=1)).all()


@named
def test_no_thread_is_left_when_the_engine_fails(stage: BFGS | LBFGS) -> None:
    before = set(threading.enumerate())

    def breaks(call: int) -> None:
        if call == 4:
            raise OSError("the engine is gone")

    session = toy_session(on_call=breaks)
    with pytest.raises(OSError, match="the engine is gone"):
        train(session, start(session), [stage])
    assert set(threading.enumerate()) == before
