"""Trajectories against SciPy, dense output, and what happens when a solve fails."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.integrate import DOP853

from pyscimlode.backends.status import Status
from pyscimlode.errors import ExperimentError, ModelError, TimeError
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, radau, small_problem
from tests.backends.torch.test_gradients import METHODS, PLACES, SMOOTH, open_session


@cache
def _reference(interpolation: Any) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of two members and SciPy's trajectories ``(members, experiments, times, ...)``."""
    problem = small_problem(SMOOTH[1], members=2, interpolation=interpolation)
    theta = initial_theta(problem)
    cells = [[radau(problem, theta, m, e, problem.times[e]) for e in range(3)] for m in range(2)]
    return theta, np.array(cells)


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize("rtol", [1e-4, 1e-6, 1e-8])
@pytest.mark.parametrize("method", ["tsit5", "dopri5", "dopri8"])
def test_trajectories_keep_the_tolerance(method: str, rtol: float, interpolation: Any) -> None:
    problem = small_problem(SMOOTH[1], members=2, interpolation=interpolation)
    theta, expected = _reference(interpolation)
    with open_session(problem, method, rtol=rtol) as session:
        found = session.solve(theta)
    assert (found.status == Status.SUCCESS).all()
    assert np.isnan(found.failed_at).all()
    assert (found.nfev > 10).all()
    error = np.abs(found.z - expected) / problem.scaling.state_scale[:, None, None, :]
    assert error.max() < 20 * rtol


def test_fixed_steps_converge_with_order_four() -> None:
    problem = small_problem(SMOOTH[0], members=1, experiments=1)
    theta = initial_theta(problem)
    times = problem.times[0]
    expected = radau(problem, theta, 0, 0, times)
    errors = []
    for size in (0.4, 0.2, 0.1):
        with open_session(problem, "rk4", step_size=size) as session:
            errors.append(np.abs(session.solve(theta).z[0, 0] - expected).max())
    assert errors[0] / errors[1] > 10
    assert errors[1] / errors[2] > 10


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", METHODS)
def test_outputs_at_any_times_are_on_the_same_curve(method: str, place: Any) -> None:
    problem = small_problem(SMOOTH[0], members=2)
    theta = initial_theta(problem)
    fine = np.linspace(0.0, 12.0, 61)
    with open_session(problem, method, rtol=1e-8, place=place) as session:
        found = session.solve(theta, times=fine, experiments=[2, 0])
        some = session.solve(theta, times=fine[::6], experiments=[0])
    assert found.z.shape == (2, 2, 61, 4)
    scale = problem.scaling.state_scale[0]
    tolerance = 1e-5 if method == "rk4" else 2e-6
    expected = radau(problem, theta, 0, 2, fine)
    assert (np.abs(found.z[0, 0] - expected) / scale).max() < tolerance
    assert (np.abs(found.z[:, [1]][:, :, ::6] - some.z) / scale).max() < tolerance
    np.testing.assert_allclose(found.z[:, :, 0], np.stack([problem.initial[[2, 0]]] * 2))


def test_times_of_every_experiment_of_its_own_and_repeated_times() -> None:
    problem = small_problem(SMOOTH[0], members=1)
    theta = initial_theta(problem)
    times = np.array([[0.0, 1.0, 1.0, 4.0], [0.0, 2.0, 3.0, 3.0], [0.5, 0.5, 0.6, 9.0]])
    with open_session(problem, rtol=1e-9) as session:
        found = session.solve(theta, times=times)
    np.testing.assert_array_equal(found.times, times)
    np.testing.assert_allclose(found.z[0, 0, 1], found.z[0, 0, 2], rtol=1e-12)
    np.testing.assert_allclose(found.z[0, 1, 2], found.z[0, 1, 3], rtol=1e-7)
    with_start = np.concatenate([[0.0], times[2]])
    expected = radau(problem, theta, 0, 2, with_start)[1:]
    np.testing.assert_allclose(found.z[0, 2], expected, rtol=1e-6)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("members", [1, 2])
def test_dopri8_is_the_method_of_scipy(members: int, place: Any) -> None:
    problem = small_problem(SMOOTH[0], members=members, experiments=1, controls=0)
    theta = initial_theta(problem)
    scaling = identity_scaling(4, 0)
    problem = replace(problem, scaling=stack([scaling] * members), initial=problem.initial / 20.0)

    def rhs(_: float, z: np.ndarray) -> np.ndarray:
        return problem.model.field(theta[-1], z[None], np.zeros((1, 0)), scaling)[0]

    step = 0.25
    reference = DOP853(rhs, 0.0, problem.initial[0], step, rtol=1e-3, atol=1e-3, first_step=step)
    reference.step()
    assert reference.t == step
    times = np.linspace(0.0, step, 9)
    with open_session(problem, "dopri8", rtol=1e-2, place=place) as session:
        found = session.solve(theta, times=times)
    one_step = found.nfev[-1, 0] == 2 + 12
    assert one_step
    expected = reference.dense_output()(times).T
    np.testing.assert_allclose(found.z[-1, 0], expected, rtol=1e-12)


def _explosive(members: int = 1) -> tuple[Problem, np.ndarray]:
    """dz/dt = 9 softplus(9 z) in one state: a row near the largest number leaves it."""
    problem = small_problem(
        NeuralODE(widths=(1,), activation="softplus", features="linear"),
        members=members,
        experiments=3,
        states=1,
        controls=0,
        masked=0.0,
        objective=Objective(kind="mse"),
    )
    problem = replace(
        problem,
        scaling=stack([identity_scaling(1, 0)] * members),
        initial=np.array([[-6.0], [1e300], [-7.0]]),
    )
    theta = problem.layout.pack(
        {
            "net.0.weight": np.array([[9.0]]),
            "net.0.bias": np.zeros(1),
            "net.1.weight": np.array([[9.0]]),
            "net.1.bias": np.zeros(1),
        }
    )
    return problem, np.tile(theta, (members, 1))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("members", [1, 2])
def test_a_row_that_blows_up_leaves_the_others_alone(members: int, method: str, place: Any) -> None:
    problem, theta = _explosive(members)
    with open_session(problem, method, place=place) as session:
        found = session.solve(theta)
        parts, gradient = session.loss_and_grad(theta)
        quiet, slope = session.loss_and_grad(theta, experiments=[0, 2])
    with open_session(problem, method, place=place) as session:
        alone = session.solve(theta, experiments=[0, 2])
    assert (found.status[:, 1] == Status.NON_FINITE).all()
    assert (found.status[:, [0, 2]] == Status.SUCCESS).all()
    failed_at = found.failed_at[0, 1]
    assert 0.0 <= failed_at < problem.times[1, -1]
    late = problem.times[1] > failed_at
    assert np.isnan(found.z[:, 1][:, late]).all()
    assert np.isfinite(found.z[:, 1][:, ~late]).all()
    np.testing.assert_allclose(found.z[:, [0, 2]], alone.z, rtol=1e-5)
    np.testing.assert_array_equal(parts.status != 0, np.tile([False, True, False], (members, 1)))
    np.testing.assert_allclose(parts.total, quiet.total, rtol=1e-5)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_broken_parameters_of_one_member_leave_the_others_alone(bad: float, place: Any) -> None:
    problem = small_problem(SMOOTH[1], members=3)
    theta = initial_theta(problem)
    with open_session(problem, place=place) as session:
        expected, slope = session.loss_and_grad(theta)
        theta[1, 3] = bad
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            parts, gradient = session.loss_and_grad(theta)
            found = session.solve(theta)
    assert (parts.status[1] == Status.NON_FINITE).all()
    assert parts.total[1] == 0.0
    assert (gradient[1] == 0.0).all()
    np.testing.assert_allclose(parts.total[[0, 2]], expected.total[[0, 2]], rtol=1e-9)
    np.testing.assert_allclose(gradient[[0, 2]], slope[[0, 2]], rtol=1e-7, atol=1e-14)
    assert np.isnan(found.z[1, :, 1:]).all()
    np.testing.assert_allclose(found.failed_at[1], problem.times[:, 0])


def test_step_limit_and_its_status() -> None:
    problem = small_problem(SMOOTH[0], members=1)
    theta = initial_theta(problem)
    with open_session(problem, rtol=1e-9, max_steps=3) as session:
        found = session.solve(theta)
    assert (found.status == Status.MAX_STEPS).all()
    assert ((found.failed_at > 0) & (found.failed_at < 10)).all()


def test_production_degradation_stays_non_negative() -> None:
    problem = small_problem(ProductionDegradation(widths=(5,)), members=1, experiments=2)
    problem = replace(problem, initial=np.zeros_like(problem.initial))
    theta = initial_theta(problem, scale=3.0)
    with open_session(problem, rtol=1e-8) as session:
        z = session.solve(theta, times=np.linspace(0.0, 10.0, 50)).z
    assert z.min() >= 0.0


def test_field_and_its_gradient() -> None:
    problem = small_problem(SMOOTH[1], members=2)
    theta = initial_theta(problem)
    rng = np.random.default_rng(1)
    z, p = rng.uniform(0, 5, (6, 4)), rng.uniform(0, 5, (6, 2))
    cotangent = rng.normal(size=(2, 6, 4))
    direction = rng.normal(size=theta.shape)
    with open_session(problem) as session:
        value = session.field(theta, z, p)
        wide = session.field(theta, np.stack([z, z]), np.stack([p, p]))
        gradient = session.field_vjp(theta, z, p, cotangent)
        ahead = session.field(theta + 1e-5 * direction, z, p)
        behind = session.field(theta - 1e-5 * direction, z, p)
    assert value.shape == (2, 6, 4)
    np.testing.assert_array_equal(value, wide)
    slope = ((ahead - behind) / 2e-5 * cotangent).sum(axis=(1, 2))
    np.testing.assert_allclose((gradient * direction).sum(axis=1), slope, rtol=1e-7)


def test_arguments_are_checked() -> None:
    problem = small_problem(members=2)
    theta = initial_theta(problem)
    with open_session(problem) as session:
        with pytest.raises(ModelError, match=r"these members need \(2, \d+\)"):
            session.loss(theta[:1])
        with pytest.raises(ModelError, match="parameters on the last axis"):
            session.loss(theta[:, :-1])
        with pytest.raises(ExperimentError, match=r"experiments \[3\] are not among the 3"):
            session.loss(theta, experiments=[3])
        with pytest.raises(TimeError, match="must not decrease"):
            session.solve(theta, times=np.array([0.0, 2.0, 1.0]))
        with pytest.raises(TimeError, match="'S0' starts at 0"):
            session.solve(theta, times=np.array([-1.0, 2.0]))
