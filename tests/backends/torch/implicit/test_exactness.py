"""Gradients are those of the computed solution with its steps held, however coarse they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.batch import TrainingBatch
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import member
from tests.backends.problems import controls_at, initial_theta, small_problem
from tests.backends.torch.implicit.plain import increments, inside

METHODS = ("rosenbrock", "esdirk")


def one_row(method: str) -> tuple[Any, Any]:
    model = NeuralODE(widths=(5,), features="linear")
    problem = small_problem(model, states=3, experiments=1, knots=3, masked=0.0)
    solver = SolverSpec(method, rtol=1e-2, atol=1e-3)
    one = np.array([0])
    batch = TrainingBatch(problem, one, one, solver, torch.device("cpu"), torch.float64)
    return problem, batch


def again(problem: Any, batch: Any, solution: Any, theta: np.ndarray) -> np.ndarray:
    """Return the outputs ``(points, states)`` on the solution's steps, by the formulas."""
    scaling, tableau = member(problem.scaling, 0), batch.integrator.tableau
    scale = scaling.state_scale
    y, out = problem.initial[0] / scale, []
    accepted = solution.grid.h[:, 0] > 0.0
    times = batch.times[0]
    for t, h in zip(solution.grid.t[accepted, 0], solution.grid.h[accepted, 0], strict=True):

        def f(at: Any, state: np.ndarray, t: float = t, h: float = h) -> np.ndarray:
            width, middle = h, t + 0.5 * h
            ends = [controls_at(problem, 0, x) for x in (t, middle)]
            p = ends[0] + (at - t) / (0.5 * width) * (ends[1] - ends[0])
            return network(problem, theta, state, p, scaling)

        found = increments(tableau, f, float(t), y, float(h))
        within = (times > t + 1e-9) & (times <= t + h + 1e-9)
        out += [inside(tableau, y, found, (x - t) / h) for x in times[within]]
        y = y + tableau.b @ found
    return np.stack(out)


def network(problem: Any, theta: np.ndarray, y: Any, p: Any, scaling: Any) -> np.ndarray:
    """Return the field in complex numbers, for differences by complex steps."""
    blocks = problem.layout.unpack(theta)
    u = (np.log1p(p) - scaling.control_shift) / scaling.control_scale
    x = np.concatenate([y, u])
    for layer in range(2):
        x = blocks[f"net.{layer}.weight"] @ x + blocks[f"net.{layer}.bias"]
        x = np.tanh(x) if layer == 0 else x
    return x / scaling.time_scale


@pytest.mark.parametrize("method", METHODS)
def test_outputs_and_gradient_follow_the_formulas(method: str) -> None:
    problem, batch = one_row(method)
    theta = initial_theta(problem, scale=2.0)
    solution = batch.integrate(theta)
    output = batch.outputs(solution)
    values = np.array(output.values())
    last = solution.grid.h[:, 0] > 0.0
    assert 3 <= last.sum() < 40
    first = batch.times[0] > problem.times[0, 0]
    tolerance = 1e-11 if method == "rosenbrock" else 1e-5
    expected = again(problem, batch, solution, theta[0])
    np.testing.assert_allclose(values[0, first], expected, rtol=tolerance, atol=tolerance)
    weights = np.random.default_rng(0).normal(size=values.shape)
    weights[:, ~first] = 0.0
    gradient = batch.gradient(solution, output, weights.copy())[0]
    direction = np.random.default_rng(1).normal(size=theta.shape[1])
    sides = [again(problem, batch, solution, theta[0] + k * 1e-6 * direction) for k in (1, -1)]
    difference = ((sides[0] - sides[1]) * weights[0, first]).sum() / 2e-6
    assert gradient @ direction == pytest.approx(
        difference, rel=1e-7 if method == "rosenbrock" else 1e-3
    )


@pytest.mark.parametrize("method", METHODS)
def test_steps_end_on_knots(method: str) -> None:
    problem, batch = one_row(method)
    solution = batch.integrate(initial_theta(problem))
    ends = (solution.grid.t + solution.grid.h)[:, 0]
    knots = problem.knot_times[0]
    for knot in knots[(knots > 0.0) & (knots < batch.end[0])]:
        assert np.isclose(ends, knot, rtol=1e-12).any()
