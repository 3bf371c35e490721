from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from pyscimlode.errors import TrainingError
from pyscimlode.objectives.losses import huber
from pyscimlode.training import Adam, Collocation, CollocationTargets, collocation_targets, train
from pyscimlode.training.collocation import CollocationLoss, controls_at, smooth
from tests.backends.problems import controls_at as controls_at_one_time
from tests.backends.problems import small_problem
from tests.training.toy_session import start, toy_problem, toy_session

DAY = np.array([0, 2, 4, 6, 8, 10, 14, 18, 24, 30, 36, 48, 60, 72.0])


def test_a_smooth_series_gives_its_values_and_slopes() -> None:
    curve = smooth(DAY, 5.0 * np.exp(-DAY / 15.0) + 1.0)
    t = np.linspace(2.0, 60.0, 40)
    values, slopes = curve(t)
    np.testing.assert_allclose(values, 5.0 * np.exp(-t / 15.0) + 1.0, rtol=0.01)
    np.testing.assert_allclose(slopes, -5.0 / 15.0 * np.exp(-t / 15.0), atol=0.01)


def test_noise_is_smoothed_not_followed() -> None:
    rng = np.random.default_rng(0)
    t = np.linspace(0.0, 72.0, 60)
    exact = 30.0 / (t + 10.0) ** 2
    smoothed, followed = [], []
    for _ in range(50):
        truth = 3.0 * DAY / (DAY + 10.0) + 0.5
        noisy = truth * np.exp(0.1 * rng.normal(size=len(DAY)))
        smoothed.append(smooth(DAY, noisy)(t)[1] - exact)
        followed.append(PchipInterpolator(DAY, noisy)(t, 1) - exact)
    assert np.std(smoothed) < 0.6 * np.std(followed)


def test_slopes_are_the_derivatives_of_the_values() -> None:
    rng = np.random.default_rng(0)
    for values in (rng.uniform(0.0, 9.0, 14), rng.normal(size=14), rng.uniform(1.0, 2.0, 4)):
        times = DAY[: len(values)]
        curve = smooth(times, values)
        t = np.linspace(times[0] + 0.1, times[-1] - 0.1, 50)
        h = 1e-5
        central = (curve(t + h)[0] - curve(t - h)[0]) / (2.0 * h)
        level, slopes = curve(t)
        inside = level > 1e-3 if (values >= 0).all() else np.ones(50, dtype=bool)
        np.testing.assert_allclose(slopes[inside], central[inside], rtol=1e-4, atol=1e-5)


def test_concentrations_stay_non_negative() -> None:
    values = np.array([8.0, 3.0, 0.5, 0.0, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0])
    level, slopes = smooth(DAY, values)(np.linspace(0.0, 72.0, 300))
    assert (level >= 0.0).all()
    assert np.isfinite(slopes).all()


def test_few_points_are_interpolated_without_overshoot() -> None:
    values = np.array([0.0, 0.0, 5.0, 5.0])
    curve = smooth(np.arange(4.0), values)
    level, _ = curve(np.linspace(0.0, 3.0, 100))
    assert level.min() >= 0.0
    assert level.max() <= 5.0
    np.testing.assert_allclose(curve(np.arange(4.0))[0], values, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, 4.0])
def test_a_constant_series_has_no_slope(value: float) -> None:
    level, slopes = smooth(DAY, np.full(14, value))(np.linspace(0.0, 72.0, 9))
    assert (level == value).all()
    assert (slopes == 0.0).all()


def test_targets_cover_all_training_experiments_and_follow_the_data() -> None:
    problem = toy_problem(members=2, experiments=3)
    targets = collocation_targets(problem, points=20)
    assert targets.z.shape == targets.dz.shape == (60, 2)
    assert targets.p.shape == (60, 1)
    np.testing.assert_allclose(targets.weights.sum(axis=(1, 2)), 1.0)
    t = np.tile(np.linspace(0.0, 4.0, 20), 3)[:, None]
    np.testing.assert_allclose(targets.z, 1.0 + np.exp(-t) * [1.0, 2.0], rtol=0.06)
    np.testing.assert_allclose(targets.dz, -np.exp(-t) * [1.0, 2.0], atol=0.35)


def test_weights_are_zero_outside_the_measured_range_and_for_other_members() -> None:
    problem = toy_problem(members=2, experiments=2, trains=np.array([[True, True], [True, False]]))
    observed = problem.observed.copy()
    observed[0, 3:, 0] = np.nan
    observed[1, :, 1] = np.nan
    weights = np.where(np.isfinite(observed), problem.weights, 0.0)
    problem = replace(problem, observed=observed, weights=weights)
    targets = collocation_targets(problem, points=9)
    t = np.linspace(0.0, 4.0, 9)
    first, second = targets.weights[:, :9], targets.weights[:, 9:]
    assert ((first[:, :, 0] > 0) == (t <= 2.0)).all()
    assert (first[:, :, 1] > 0).all()
    assert (second[1] == 0.0).all()
    assert (second[0, :, 1] == 0.0).all()
    assert (targets.z[9:, 1] == problem.initial[1, 1]).all()
    after = targets.z[:9, 0][t > 2.0]
    np.testing.assert_allclose(after, observed[0, 2, 0])


def test_weights_share_a_states_weight_in_the_loss() -> None:
    problem = small_problem(members=3, times=9, leave_out=True)
    targets = collocation_targets(problem, points=200)
    measured = np.isfinite(problem.observed).sum(axis=1) >= 2
    share = np.where(measured, problem.weights.sum(axis=2), 0.0)
    got = targets.weights.reshape(3, 3, 200, -1).sum(axis=2)
    np.testing.assert_allclose(got, share / share.sum(axis=(1, 2), keepdims=True))


@pytest.mark.parametrize("interpolation", ["linear", "step"])
def test_controls_are_those_of_the_problem(interpolation: str) -> None:
    problem = small_problem(interpolation=interpolation)  # type: ignore[arg-type]
    times = np.linspace(0.0, 10.0, 37)
    for experiment in range(3):
        expected = [controls_at_one_time(problem, experiment, t) for t in times]
        np.testing.assert_allclose(controls_at(problem, experiment, times), expected)


def test_controls_may_be_absent() -> None:
    problem = small_problem(controls=0)
    assert controls_at(problem, 0, np.zeros(5)).shape == (5, 0)


def test_data_without_slopes_are_refused() -> None:
    problem = toy_problem(members=1, experiments=1)
    observed = problem.observed.copy()
    observed[:, 1:] = np.nan
    with pytest.raises(TrainingError, match=r"at least two measured points.*member 0 has none"):
        collocation_targets(replace(problem, observed=observed))


def test_targets_that_do_not_fit_are_refused() -> None:
    one, two = np.zeros((4, 2)), np.zeros((4, 1))
    with pytest.raises(TrainingError, match="do not fit each other"):
        CollocationTargets(one, two, np.zeros((5, 2)), np.zeros((1, 4, 2)))
    with pytest.raises(TrainingError, match="dz must be finite"):
        CollocationTargets(one, two, np.full((4, 2), np.nan), np.zeros((1, 4, 2)))
    session = toy_session(members=3)
    targets = CollocationTargets(one, two, one, np.ones((2, 4, 2)))
    with pytest.raises(TrainingError, match="for 2 members and 2 states; the problem has 3"):
        train(session, start(session), [Collocation(1)], collocation=targets)


def test_the_loss_is_weighted_huber_in_units_of_the_slopes() -> None:
    session = toy_session(members=2)
    problem = session.problem
    scaling = replace(
        problem.scaling,
        state_scale=np.array([[2.0, 5.0], [1.0, 3.0]]),
        time_scale=np.array([0.5, 4.0]),
    )
    session.toy = replace(problem, scaling=scaling)
    targets = collocation_targets(session.problem, points=7)
    source = CollocationLoss(session, targets, huber_delta=0.4)
    theta = start(session)
    evaluation = source.evaluate(theta, np.arange(2), 0)
    for member in range(2):
        share = targets.weights[member] / targets.weights[member].sum(axis=0)
        unit = np.sqrt((share * targets.dz**2).sum(axis=0))
        residual = (theta[member, :2] - targets.z - targets.dz) / unit
        expected = (targets.weights[member] * huber(residual, 0.4)).sum()
        assert evaluation.total[member] == pytest.approx(expected)
    np.testing.assert_allclose(source.value(theta), evaluation.total)
    for index in range(5):
        step = np.zeros(5)
        step[index] = 1e-6
        central = (source.value(theta + step) - source.value(theta - step)) / 2e-6
        np.testing.assert_allclose(evaluation.gradient[:, index], central, atol=1e-8)
    alone = source.evaluate(theta[[1]], np.array([1]), 0)
    np.testing.assert_array_equal(alone.gradient[0], evaluation.gradient[1])


def test_a_state_without_slopes_has_a_unit_all_the_same() -> None:
    problem = toy_problem(members=1)
    observed = problem.observed.copy()
    observed[..., 1] = 2.0
    session = toy_session(members=1)
    session.toy = replace(problem, observed=observed)
    source = CollocationLoss(session, collocation_targets(session.problem))
    theta = start(session)
    assert np.isfinite(source.value(theta)).all()
    assert source.evaluate(theta, np.arange(1), 0).usable.all()


def test_the_stage_fits_the_field_without_solving() -> None:
    session = toy_session()
    theta = start(session)
    state = train(session, theta, [Collocation(300, lr=0.05)])
    assert session.calls == []
    np.testing.assert_allclose(state.theta[:, :2], 1.0, atol=0.1)
    np.testing.assert_array_equal(state.theta[:, 2:], theta[:, 2:])


def test_validation_does_not_watch_collocation() -> None:
    from pyscimlode.training import Validation

    session = toy_session()
    validation = Validation(toy_session(seed=3), every=1, patience=1)
    state = train(session, start(session), [Collocation(30), Adam(1)], validation=validation)
    assert [r.iterations for r in state.reports[:3]] == [30, 30, 30]
