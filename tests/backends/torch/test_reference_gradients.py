"""Gradients against SciPy's Radau: nothing of the engine is in the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pytest

from pyscimlode.models.base import Model
from pyscimlode.models.network import Activation
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.objectives.losses import data_term, pir_term
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, radau, small_problem
from tests.backends.torch.test_gradients import METHODS, central_difference, open_session

FloatArray = npt.NDArray[np.float64]


def radau_loss(problem: Problem, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Data term and penalty of every member, by the NumPy definitions on SciPy's trajectories."""
    z = np.array(
        [
            [radau(problem, theta, m, e, problem.times[e]) for e in range(problem.n_experiments)]
            for m in range(problem.n_members)
        ]
    )
    objective = problem.objective
    data = data_term(
        z,
        problem.observed,
        problem.weights,
        problem.loss_scale,
        kind=objective.kind,
        huber_delta=objective.huber_delta,
    )
    return data, pir_term(z, problem.pir_weights, problem.scaling.state_scale, problem.pir)


@pytest.mark.parametrize(
    ("model", "kind", "interpolation", "seed"),
    [
        (NeuralODE(widths=(4,), features="linear"), "mse", "linear", 0),
        (NeuralODE(widths=(4,), features="linear", activation="gelu"), "huber", "step", 3),
        (ProductionDegradation(widths=(4,), features="linear"), "huber", "linear", 5),
    ],
)
def test_gradient_is_that_of_scipys_trajectories(
    model: Model,
    kind: Literal["mse", "huber"],
    interpolation: Literal["linear", "step"],
    seed: int,
) -> None:
    problem = small_problem(
        model,
        experiments=2,
        states=2,
        controls=1,
        times=4,
        knots=3,
        interpolation=interpolation,
        objective=Objective(kind=kind, huber_delta=0.2),
        pir=4.0,
        seed=seed,
    )
    problem = replace(problem, initial=problem.initial * np.array([[1.0], [-0.3]]))
    theta = 2.0 * initial_theta(problem, seed=seed)
    direction = np.random.default_rng(seed).normal(size=theta.shape)
    expected_data, expected_pir = radau_loss(problem, theta)
    step = 3e-5
    before, after = (
        np.sum(radau_loss(problem, theta + k * step * direction), axis=0) for k in (-1, 1)
    )
    expected = (after - before) / (2.0 * step)
    assert (expected_pir > 0.0).all()
    for method in METHODS:
        options = {"step_size": 0.01} if method == "rk4" else {}
        with open_session(problem, method, rtol=1e-10, **options) as session:
            parts, gradient = session.loss_and_grad(theta)
        np.testing.assert_allclose(parts.data, expected_data, rtol=1e-8)
        np.testing.assert_allclose(parts.pir, expected_pir, rtol=1e-7, atol=1e-13)
        np.testing.assert_allclose((gradient * direction).sum(axis=1), expected, rtol=1e-6)


@pytest.mark.parametrize("features", ["linear", "log"])
@pytest.mark.parametrize("activation", get_args(Activation))
@pytest.mark.parametrize("kind", [NeuralODE, ProductionDegradation])
def test_every_single_derivative(
    kind: type[NeuralODE] | type[ProductionDegradation],
    activation: Activation,
    features: Literal["linear", "log"],
) -> None:
    problem = small_problem(
        kind(widths=(3,), activation=activation, features=features),
        experiments=2,
        states=2,
        controls=1,
        objective=Objective(kind="mse"),
    )
    theta = initial_theta(problem)
    with open_session(problem, rtol=1e-5) as session:
        gradient = session.loss_and_grad(theta)[1]
        units = np.eye(problem.layout.size)[:, None, :]
        expected = [central_difference(session, theta, u, 1e-4, refresh=False)[0] for u in units]
    # The second derivatives of elu and softsign jump at zero, which differences notice.
    rtol = 1e-6 if activation in ("elu", "softsign") else 1e-7
    np.testing.assert_allclose(gradient[0], expected, rtol=rtol, atol=1e-9)
