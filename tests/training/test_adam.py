from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.training import Adam, train
from pyscimlode.training.adam import Moments, learning_rate
from tests.training.toy_session import FloatArray, ToySession, start, toy_problem, toy_session


def textbook_adam(
    theta: FloatArray, gradients: list[FloatArray], lr: float, decay: float
) -> FloatArray:
    """Kingma & Ba, Algorithm 1, with the decay of Loshchilov & Hutter, one member at a time."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        theta = theta - lr * decay * theta
        theta = theta - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return theta


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_updates_are_those_of_the_textbook(decay: float) -> None:
    rng = np.random.default_rng(0)
    theta = rng.normal(size=(3, 4))
    gradients = [rng.normal(size=(3, 4)) for _ in range(20)]
    stage = Adam(clip=None, weight_decay=decay)
    moments = Moments(theta)
    for gradient in gradients:
        moments.update(gradient, np.linalg.norm(gradient, axis=1), 0.03, stage)
    for member in range(3):
        expected = textbook_adam(theta[member], [g[member] for g in gradients], 0.03, decay)
        np.testing.assert_allclose(moments.theta[member], expected, rtol=1e-12)


def test_clipping_is_by_member() -> None:
    rng = np.random.default_rng(0)
    theta = np.zeros((2, 4))
    small, large = rng.normal(size=4), rng.normal(size=4)
    small /= 2.0 * np.linalg.norm(small)
    large *= 50.0 / np.linalg.norm(large)
    gradient = np.stack([small, large])
    clipped, plain = Moments(theta), Moments(theta)
    clipped.update(gradient, np.linalg.norm(gradient, axis=1), 0.1, Adam(clip=1.0))
    scaled = np.stack([small, large / 50.0])
    plain.update(scaled, np.linalg.norm(scaled, axis=1), 0.1, Adam(clip=None))
    np.testing.assert_allclose(clipped.first, plain.first, rtol=1e-12)
    np.testing.assert_allclose(clipped.second, plain.second, rtol=1e-12)


def test_a_step_of_some_members_is_a_step_of_each() -> None:
    rng = np.random.default_rng(0)
    theta, gradient = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    norm = np.linalg.norm(gradient, axis=1)
    stage = Adam(clip=0.5, weight_decay=0.1)
    everyone, some = Moments(theta), Moments(theta)
    everyone.update(gradient, norm, 0.1, stage)
    chosen = np.array([0, 2])
    some.update_some(chosen, gradient[chosen], norm[chosen], 0.1, stage)
    np.testing.assert_array_equal(some.theta[chosen], everyone.theta[chosen])
    np.testing.assert_array_equal(some.theta[[1, 3]], theta[[1, 3]])
    assert some.counts.tolist() == [1, 0, 1, 0]


def test_cosine_falls_from_the_first_rate_to_the_last() -> None:
    stage = Adam(steps=100, lr=0.2, min_lr_fraction=0.1)
    rates = [learning_rate(stage, k, 100) for k in range(101)]
    assert rates[0] == 0.2
    assert rates[100] == pytest.approx(0.02)
    assert rates[50] == pytest.approx(0.11)
    assert all(a > b for a, b in itertools.pairwise(rates))
    assert learning_rate(replace(stage, schedule="constant"), 70, 100) == 0.2


def test_members_do_not_influence_one_another() -> None:
    session = toy_session()
    theta = start(session)
    together = train(session, theta, [Adam(30, lr=0.05, weight_decay=0.01)])
    for member in range(3):
        alone_problem = toy_problem(members=1)
        alone = ToySession(alone_problem, session.centre[[member]])
        single = train(alone, theta[member], [Adam(30, lr=0.05, weight_decay=0.01)])
        np.testing.assert_allclose(single.theta[0], together.theta[member], rtol=1e-12)


def test_training_lowers_the_loss_and_returns_the_best_theta_seen() -> None:
    session = toy_session()
    theta = start(session)
    state = train(session, theta, [Adam(60, lr=0.3, schedule="constant")])
    seen = state.history["total"]
    final = session.loss(state.theta).total
    assert (final < session.loss(theta).total).all()
    assert (final <= np.nanmin(seen, axis=0) * (1 + 1e-5)).all()
    assert [report.loss for report in state.reports] == pytest.approx(final.tolist())


@pytest.mark.parametrize("batches", ["all", "strain"])
def test_a_stage_that_only_does_harm_returns_what_it_started_from(batches: str) -> None:
    session = toy_session()
    best = train(session, start(session), [Adam(500, lr=0.05)]).theta
    stage = Adam(5, lr=10.0, schedule="constant", batches=batches)  # type: ignore[arg-type]
    state = train(session, best, [stage])
    np.testing.assert_array_equal(state.theta, best)


def test_batches_by_strain_visit_each_strain_once_a_pass_in_a_fixed_order() -> None:
    session = toy_session(groups=[7, 3, 7, 5])
    train(session, start(session), [Adam(2, batches="strain")])
    assert [call[1] for call in session.calls] == [(0, 2), (1,), (3,)] * 2


def test_a_member_rests_while_a_strain_it_does_not_train_on_is_shown() -> None:
    trains = np.array([[True, True], [True, False]])
    session = toy_session(members=2, experiments=2, trains=trains)
    theta = start(session)
    state = train(session, theta, [Adam(5, batches="strain")])
    assert [report.iterations for report in state.reports] == [10, 5]
    assert [call[0] for call in session.calls] == [None, (0,)] * 5


def test_the_loss_shown_with_batches_by_strain_is_the_sum_over_strains() -> None:
    trains = np.array([[True, True], [True, False]])
    session = toy_session(members=2, experiments=2, trains=trains)
    theta = start(session)
    state = train(session, theta, [Adam(1, lr=1e-9, batches="strain", schedule="constant")])
    total = state.history["total"]
    assert np.isnan(total[0, 0])
    np.testing.assert_allclose(total[1], session.loss(theta).total, rtol=1e-4)


def test_experiments_without_weight_are_not_asked_for() -> None:
    trains = np.array([[True, False, True], [False, False, True]])
    session = toy_session(members=2, experiments=3, trains=trains)
    train(session, start(session), [Adam(1)])
    assert session.calls[0][1] == (0, 2)


def test_some_failed_experiments_do_not_stop_a_member() -> None:
    def first_fails(theta: FloatArray) -> np.ndarray:
        return np.tile([True, False, False, False], (len(theta), 1))

    session = toy_session(fails=first_fails)
    messages = []
    state = train(
        session,
        start(session),
        [Adam(20, lr=0.05)],
        on_event=lambda event: messages.append(event.message),
    )
    assert (state.history["failures"] == 1).all()
    assert (state.history["total"][-1] < state.history["total"][0]).all()
    assert messages[0] == "3 solves failed (max steps) in members 0, 1, 2"
    assert all(np.isnan(report.loss) for report in state.reports)


def test_a_member_without_a_usable_gradient_keeps_its_theta_and_others_go_on() -> None:
    def member_one_fails(theta: FloatArray) -> np.ndarray:
        return np.repeat(theta[:, :1] > 4.0, 4, axis=1)

    session = toy_session(fails=member_one_fails)
    theta = start(session)
    theta[1, 0] = 5.0
    messages = []
    state = train(session, theta, [Adam(5)], on_event=lambda event: messages.append(event.message))
    np.testing.assert_array_equal(state.theta[1], theta[1])
    assert (state.theta[[0, 2]] != theta[[0, 2]]).all()
    assert messages[0].endswith("no usable gradient for member 1")
    assert state.reports[1].status == -1
    assert state.reports[1].message == "No update: the loss or its gradient was never usable."
    assert state.reports[1].iterations == 0


def test_gradients_that_are_not_finite_are_not_used() -> None:
    session = toy_session()
    theta = start(session)
    theta[2] = 1e200
    with np.errstate(all="ignore"):
        state = train(session, theta, [Adam(3)])
    np.testing.assert_array_equal(state.theta[2], theta[2])
    assert (state.theta[:2] != theta[:2]).all()
