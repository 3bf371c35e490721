"""Small and odd problems: no inputs, one state, times and knots in unusual places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
import torch

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.batch import TrainingBatch
from pyscimlode.backends.torch.session import KEPT_BATCHES, PortableSession
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, radau, small_problem
from tests.backends.torch.test_gradients import (
    METHODS,
    PLACES,
    SMOOTH,
    central_difference,
    open_session,
)


def training_batch(problem: Problem, method: str, rtol: float = 1e-6) -> TrainingBatch:
    solver = SolverSpec(method, rtol=rtol, atol=rtol / 10)
    members, experiments = np.arange(problem.n_members), np.arange(problem.n_experiments)
    return TrainingBatch(problem, members, experiments, solver, torch.device("cpu"), torch.float64)


def check_against_radau(problem: Problem, method: str, place: Any, tolerance: float) -> None:
    theta = initial_theta(problem)
    with open_session(problem, method, rtol=1e-8, place=place) as session:
        found = session.solve(theta)
        parts, gradient = session.loss_and_grad(theta)
        direction = np.random.default_rng(3).normal(size=theta.shape)
        expected = central_difference(session, theta, direction, 1e-4, refresh=False)
    assert (found.status == Status.SUCCESS).all()
    assert not parts.failed.any()
    for e in range(problem.n_experiments):
        exact = radau(problem, theta, 0, e, problem.times[e])
        error = np.abs(found.z[0, e] - exact) / problem.scaling.state_scale[0]
        assert error.max() < tolerance
    np.testing.assert_allclose((gradient * direction).sum(axis=1), expected, rtol=1e-6)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("experiments", "states", "controls"), [(2, 3, 0), (1, 1, 2)])
def test_few_states_experiments_and_no_inputs(
    experiments: int, states: int, controls: int, method: str, place: Any
) -> None:
    problem = small_problem(
        SMOOTH[1], experiments=experiments, states=states, controls=controls, masked=0.0
    )
    check_against_radau(problem, method, place, 1e-6)


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize("method", METHODS)
def test_knots_on_outputs_before_the_start_and_after_the_end(
    method: str, interpolation: Literal["linear", "step"]
) -> None:
    problem = small_problem(SMOOTH[1], experiments=3, interpolation=interpolation, knots=4)
    times, knots = problem.times, problem.knot_times.copy()
    knots[0] = times[0, [0, 2, 3, 5]]
    knots[1] = [0.4, times[1, 1], times[1, 4], 25.0]
    knots[2] = [-3.0, -1.0, times[2, 2], times[2, 3]]
    problem = replace(problem, knot_times=knots)
    check_against_radau(problem, method, PLACES[0].values[0], 1e-6)


def test_experiments_that_start_late() -> None:
    problem = small_problem(SMOOTH[1], experiments=3)
    late = problem.times + np.array([0.0, 4.0, -2.0])[:, None]
    problem = replace(problem, times=late)
    check_against_radau(problem, "tsit5", PLACES[0].values[0], 1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_the_start_alone_needs_no_step(method: str) -> None:
    problem = small_problem(SMOOTH[0], members=2)
    with open_session(problem, method) as session:
        found = session.solve(initial_theta(problem), times=np.array([0.0]))
    assert (found.status == Status.SUCCESS).all()
    np.testing.assert_allclose(
        found.z[:, :, 0], np.broadcast_to(problem.initial, (2, 3, 4)), rtol=1e-14
    )


@pytest.mark.parametrize("method", METHODS)
def test_steps_end_on_the_knots(method: str) -> None:
    problem = small_problem(SMOOTH[1], members=2)
    batch = training_batch(problem, method)
    solution = batch.integrate(initial_theta(problem))
    grid = solution.grid.packed()
    for row, experiment in enumerate(np.tile(np.arange(3), 2)):
        steps = grid.h[:, row] > 0.0
        ends = (grid.t + grid.h)[steps, row]
        np.testing.assert_allclose(ends[:-1], grid.t[steps, row][1:], rtol=1e-12)
        knots = problem.knot_times[experiment]
        inner = knots[(knots > 0.0) & (knots < batch.end[row])]
        assert np.abs(ends[:, None] - inner).min(axis=0).max() < 1e-9
        assert ends[-1] == pytest.approx(batch.end[row], rel=1e-12)


@pytest.mark.parametrize("method", ["tsit5", "dopri5", "dopri8"])
def test_outputs_cost_no_steps(method: str) -> None:
    steps = []
    for times in (2, 40):
        problem = small_problem(SMOOTH[1], times=times, controls=0, masked=0.0)
        last = np.full((3, 1), 10.0)
        grid = np.concatenate([problem.times[:, :-1], last], axis=1)
        problem = replace(problem, times=grid, initial=np.ones((3, 4)))
        theta = initial_theta(problem)
        scaling = small_problem(SMOOTH[1], controls=0).scaling
        batch = training_batch(replace(problem, scaling=scaling), method)
        steps.append(len(batch.integrate(theta).grid.t))
    assert steps[0] == steps[1] < 30


def test_rows_are_controlled_one_by_one() -> None:
    """A wild row changes neither steps nor values of a calm one."""
    problem = small_problem(SMOOTH[1], experiments=2)
    wild = problem.initial.copy()
    wild[1] *= 1e4
    theta = initial_theta(problem)
    found = []
    for case in (problem, replace(problem, initial=wild)):
        with open_session(case, rtol=1e-6) as session:
            found.append(session.solve(theta))
    assert found[1].nfev[0, 1] != found[0].nfev[0, 1]
    assert found[1].nfev[0, 0] == found[0].nfev[0, 0]
    np.testing.assert_allclose(found[1].z[0, 0], found[0].z[0, 0], rtol=1e-12)


def test_unmeasured_cells_do_not_matter() -> None:
    problem = small_problem(SMOOTH[0], masked=0.4, objective=Objective(kind="mse"))
    filled = np.where(np.isnan(problem.observed), 1e6, problem.observed)
    theta = initial_theta(problem)
    results = []
    for case in (problem, replace(problem, observed=filled)):
        with open_session(case) as session:
            results.append(session.loss_and_grad(theta))
    np.testing.assert_array_equal(results[0][0].total, results[1][0].total)
    np.testing.assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("method", ["tsit5", "dopri8"])
def test_frozen_steps_are_those_of_the_last_refreshed_call(method: str) -> None:
    problem = small_problem(SMOOTH[1], members=2)
    theta = initial_theta(problem)
    with open_session(problem, method, rtol=1e-4) as session:
        session.loss_and_grad(theta)
        frozen = session.loss_and_grad(1.1 * theta, refresh=False)
        free = session.loss_and_grad(1.1 * theta)
        session.loss_and_grad(theta)
        session.loss(1.2 * theta)
        again = session.loss_and_grad(1.1 * theta, refresh=False)
    np.testing.assert_array_equal(frozen[1], again[1])
    assert (frozen[0].total != free[0].total).any()
    np.testing.assert_allclose(frozen[0].total, free[0].total, rtol=1e-2)


def test_frozen_steps_without_any_before_are_adaptive() -> None:
    problem = small_problem(SMOOTH[1])
    theta = initial_theta(problem)
    with open_session(problem) as session:
        first = session.loss_and_grad(theta, refresh=False)[0].total
    with open_session(problem) as session:
        np.testing.assert_array_equal(session.loss_and_grad(theta)[0].total, first)


def test_results_do_not_depend_on_earlier_calls() -> None:
    """Memory is used again; more selections than are kept must not mix."""
    problem = small_problem(SMOOTH[1], members=2, experiments=KEPT_BATCHES + 2)
    theta = initial_theta(problem)
    with open_session(problem) as session:
        assert isinstance(session, PortableSession)
        first = [session.loss_and_grad(theta, experiments=[e])[1] for e in range(KEPT_BATCHES + 2)]
        session.loss_and_grad(-2.0 * theta)
        session.solve(3.0 * theta)
        for e in reversed(range(KEPT_BATCHES + 2)):
            np.testing.assert_array_equal(
                session.loss_and_grad(theta, experiments=[e])[1], first[e]
            )
        assert len(session._batches) == KEPT_BATCHES


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("members", [1, 3])
def test_tensors_give_what_arrays_give(members: int, method: str) -> None:
    problem = small_problem(members=members, leave_out=members > 1, pir=2.0)
    theta = initial_theta(problem)
    found = []
    for library in ("auto", "torch"):
        place = ("cpu", {"library": library})
        with open_session(problem, method, place=place) as session:
            found.append((session.solve(theta), *session.loss_and_grad(theta)))
    arrays, tensors = found
    np.testing.assert_array_equal(tensors[0].nfev, arrays[0].nfev)
    np.testing.assert_allclose(tensors[0].z, arrays[0].z, rtol=1e-10)
    np.testing.assert_allclose(tensors[1].total, arrays[1].total, rtol=1e-11)
    np.testing.assert_allclose(tensors[2], arrays[2], rtol=1e-8, atol=1e-13)
