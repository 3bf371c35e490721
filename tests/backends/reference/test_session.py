"""The reference engine against closed forms and its own differences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest

from pyscimlode.backends.base import Session
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.errors import BackendUnavailable, SolverError, TimeError
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, small_problem, with_objective


def open_session(problem: Problem, method: str = "auto", **options: Any) -> Session:
    tolerances = {"rtol": 1e-10, "atol": 1e-11} | options
    return get_backend("reference").open(problem, SolverSpec(method, **tolerances))


def decay(rate: float) -> tuple[Problem, np.ndarray]:
    """dz/dt = -rate z in two states, by softplus(x) - softplus(-x) = x."""
    problem = small_problem(
        NeuralODE(widths=(4,), activation="softplus", features="linear"),
        states=2,
        controls=0,
        experiments=1,
        masked=0.0,
        objective=Objective(kind="mse"),
    )
    problem = replace(problem, scaling=stack([identity_scaling(2, 0)]))
    both = np.concatenate([np.eye(2), -np.eye(2)])
    blocks = {
        "net.0.weight": both,
        "net.0.bias": np.zeros(4),
        "net.1.weight": -rate * both.T,
        "net.1.bias": np.zeros(2),
    }
    return problem, problem.layout.pack(blocks)[None]


@pytest.mark.parametrize("method", ["auto", "dopri8", "bdf", "scipy:LSODA", "dopri5"])
def test_exponential_decay(method: str) -> None:
    problem, theta = decay(0.3)
    with open_session(problem, method) as session:
        found = session.solve(theta)
    expected = problem.initial[0] * np.exp(-0.3 * problem.times[0])[:, None]
    np.testing.assert_allclose(found.z[0, 0], expected, rtol=1e-6)
    assert (found.status == Status.SUCCESS).all()
    assert (found.nfev > 0).all()


def test_gradient_of_a_rate_in_closed_form() -> None:
    problem, theta = decay(0.3)
    with open_session(problem) as session:
        _, gradient = session.loss_and_grad(theta)
    t, z0 = problem.times[0][:, None], problem.initial[0]
    z = z0 * np.exp(-0.3 * t)
    residual = (z - problem.observed[0]) / problem.loss_scale[0]
    by_rate = (2.0 * problem.weights[0, 0] * residual * -t * z / problem.loss_scale[0]).sum()
    last = problem.layout.unpack(gradient[0])["net.1.weight"]
    both = np.concatenate([np.eye(2), -np.eye(2)])
    assert -(last * both.T).sum() == pytest.approx(by_rate, rel=1e-9)


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        (NeuralODE(widths=(3,), features="linear", activation="gelu"), "huber"),
        (ProductionDegradation(widths=(3,)), "mse"),
    ],
)
def test_gradient_is_the_slope_of_the_loss(
    model: Any, kind: Literal["huber", "mse"], interpolation: Literal["linear", "step"]
) -> None:
    problem = small_problem(
        model,
        members=2,
        experiments=2,
        states=2,
        controls=1,
        times=4,
        knots=3,
        interpolation=interpolation,
        objective=Objective(kind=kind, huber_delta=0.2),
        pir=4.0,
    )
    problem = replace(problem, initial=problem.initial * np.array([[1.0], [-0.3]]))
    theta = initial_theta(problem)
    direction = np.random.default_rng(3).normal(size=theta.shape)
    with open_session(problem) as session:
        parts, gradient = session.loss_and_grad(theta)
        again = session.loss(theta)
        step = 1e-4
        after, before = (session.loss(theta + k * step * direction).total for k in (1.0, -1.0))
    np.testing.assert_array_equal(parts.total, again.total)
    np.testing.assert_allclose(
        (gradient * direction).sum(axis=1), (after - before) / (2.0 * step), rtol=2e-6
    )


def test_detached_penalty_has_no_gradient() -> None:
    problem = small_problem(NeuralODE(widths=(3,), features="linear"), pir=9.0)
    problem = replace(problem, initial=-problem.initial)
    theta = initial_theta(problem)
    with (
        open_session(with_objective(problem, detached_pir=True)) as detached,
        open_session(replace(problem, pir=0.0 * problem.pir)) as without,
    ):
        parts, gradient = detached.loss_and_grad(theta)
        np.testing.assert_allclose(gradient, without.loss_and_grad(theta)[1], rtol=1e-9)
    assert (parts.pir > 0).all()


def test_members_and_experiments_add_up() -> None:
    problem = small_problem(NeuralODE(widths=(3,), features="linear"), members=2)
    theta = initial_theta(problem)
    with open_session(problem) as session:
        whole, gradient = session.loss_and_grad(theta)
        pieces = [session.loss_and_grad(theta[[1]], members=[1], experiments=[e]) for e in range(3)]
    assert sum(parts.total[0] for parts, _ in pieces) == pytest.approx(whole.total[1])
    np.testing.assert_allclose(sum(slope for _, slope in pieces)[0], gradient[1])


def test_a_failed_solve_is_nan_with_a_status_and_a_time() -> None:
    problem, theta = decay(-40.0)
    problem = replace(problem, initial=problem.initial * 1e200)
    with open_session(problem, "dopri5", rtol=1e-6) as session:
        found = session.solve(theta)
        parts, gradient = session.loss_and_grad(theta)
    assert found.status[0, 0] != Status.SUCCESS
    assert np.isnan(found.z[0, 0, -1]).all()
    assert 0.0 <= found.failed_at[0, 0] <= problem.times[0, -1]
    assert parts.failed.all()
    np.testing.assert_array_equal(gradient, 0.0)


def test_the_step_limit_is_a_status() -> None:
    problem, theta = decay(0.3)
    with open_session(problem, max_steps=1) as session:
        assert session.solve(theta).status[0, 0] == Status.MAX_STEPS


def test_what_is_not_there_is_said() -> None:
    backend, problem = get_backend("reference"), small_problem()
    with pytest.raises(SolverError, match=r"'tsit5' is not one of the reference engine's.*Radau"):
        backend.open(problem, SolverSpec("tsit5"))
    with pytest.raises(SolverError, match=r"float64"):
        backend.open(problem, SolverSpec(), dtype="float32")
    with pytest.raises(BackendUnavailable, match=r"device='cuda': the reference engine runs on"):
        backend.open(problem, SolverSpec(), device="cuda")
    with backend.open(problem, SolverSpec()) as session, pytest.raises(TimeError, match="start"):
        session.solve(initial_theta(problem), times=np.array([-1.0, 2.0]))
