"""The gradient is the exact derivative of the computed loss, for every method, model and loss."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyscimlode.backends.base import Session
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch import TorchBackend, fields
from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.objectives.losses import data_term, pir_term
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, small_problem

FloatArray = npt.NDArray[np.float64]
METHODS = ["tsit5", "dopri5", "dopri8", "rk4"]
SMOOTH: list[Model] = [
    NeuralODE(widths=(6, 5), features="linear"),
    ProductionDegradation(widths=(6, 5)),
]
IDS = ["node", "production-degradation"]
PLACES = [
    pytest.param(("cpu", {}), id="cpu"),
    pytest.param(("cpu", {"library": "torch"}), id="cpu-tensors"),
    pytest.param(("cuda", {}), id="cuda", marks=pytest.mark.cuda),
]


def open_session(
    problem: Problem,
    method: str = "tsit5",
    *,
    rtol: float = 1e-7,
    dtype: str = "float64",
    place: tuple[str, dict[str, Any]] = ("cpu", {}),
    **options: Any,
) -> Session:
    solver = SolverSpec(method, rtol=rtol, atol=rtol / 10, **options)
    return TorchBackend().open(problem, solver, device=place[0], dtype=dtype, options=place[1])


def central_difference(
    session: Session, theta: FloatArray, direction: FloatArray, step: float, *, refresh: bool
) -> FloatArray:
    """Derivative of every member's loss along ``direction``, fourth order in ``step``."""

    def loss(at: float) -> FloatArray:
        return session.loss_and_grad(theta + at * direction, refresh=refresh)[0].total

    inner, outer = loss(step) - loss(-step), loss(2 * step) - loss(-2 * step)
    return (8.0 * inner - outer) / (12.0 * step)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("model", SMOOTH, ids=IDS)
@pytest.mark.parametrize("method", METHODS)
def test_gradient_on_the_same_steps(
    method: str,
    model: Model,
    members: int,
    interpolation: Literal["linear", "step"],
    place: tuple[str, dict[str, Any]],
) -> None:
    problem = small_problem(
        model, members=members, interpolation=interpolation, leave_out=members > 1
    )
    theta = initial_theta(problem)
    direction = np.random.default_rng(7).normal(size=theta.shape)
    with open_session(problem, method, place=place) as session:
        parts, gradient = session.loss_and_grad(theta)
        assert not parts.failed.any()
        expected = central_difference(session, theta, direction, 1e-4, refresh=False)
        np.testing.assert_allclose((gradient * direction).sum(axis=1), expected, rtol=1e-7)
        again, same = session.loss_and_grad(theta, refresh=False)
    np.testing.assert_allclose(again.total, parts.total, rtol=1e-13)
    np.testing.assert_allclose(same, gradient, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", ["mse", "huber"])
@pytest.mark.parametrize("method", ["tsit5", "dopri5", "dopri8"])
def test_gradient_with_free_steps_at_tight_tolerance(
    method: str, kind: Literal["mse", "huber"], detached: bool
) -> None:
    objective = Objective(kind=kind, huber_delta=0.5, detached_pir=detached)
    problem = small_problem(SMOOTH[0], members=2, objective=objective)
    theta = initial_theta(problem)
    direction = np.random.default_rng(8).normal(size=theta.shape)
    with open_session(problem, method, rtol=1e-10) as session:
        parts, gradient = session.loss_and_grad(theta)
        if detached:
            assert (parts.pir > 0).any()
        shown = problem if not detached else replace(problem, pir=np.zeros(2))
    with open_session(shown, method, rtol=1e-10) as session:
        expected = central_difference(session, theta, direction, 1e-3, refresh=True)
    np.testing.assert_allclose((gradient * direction).sum(axis=1), expected, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_loss_is_the_numpy_definition_on_the_solved_trajectory(method: str) -> None:
    problem = small_problem(SMOOTH[1], members=2, leave_out=True, pir=3.0)
    theta = 2.0 * initial_theta(problem)
    with open_session(problem, method) as session:
        z = session.solve(theta).z
        parts = session.loss(theta)
    data = data_term(
        z, problem.observed, problem.weights, problem.loss_scale, kind="huber", huber_delta=1.0
    )
    pir = pir_term(z, problem.pir_weights, problem.scaling.state_scale, problem.pir)
    np.testing.assert_allclose(parts.data, data, rtol=1e-6)
    np.testing.assert_allclose(parts.pir, pir, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(parts.total, parts.data + parts.pir, rtol=1e-14)


def test_members_in_one_batch_are_the_members_alone() -> None:
    problem = small_problem(SMOOTH[1], members=3, leave_out=True)
    theta = initial_theta(problem)
    with open_session(problem) as session:
        parts, gradient = session.loss_and_grad(theta)
        for index in range(3):
            one, slope = session.loss_and_grad(theta[[index]], members=[index])
            np.testing.assert_allclose(one.total, parts.total[[index]], rtol=1e-12)
            np.testing.assert_allclose(slope, gradient[[index]], rtol=1e-10, atol=1e-15)
        swapped, slope = session.loss_and_grad(theta[[2, 0]], members=[2, 0])
        np.testing.assert_allclose(swapped.total, parts.total[[2, 0]], rtol=1e-12)
        np.testing.assert_allclose(slope, gradient[[2, 0]], rtol=1e-10, atol=1e-15)


def test_experiments_add_up() -> None:
    problem = small_problem(SMOOTH[0], members=2, leave_out=True)
    theta = initial_theta(problem)
    with open_session(problem) as session:
        parts, gradient = session.loss_and_grad(theta)
        single = [session.loss_and_grad(theta, experiments=[index]) for index in range(3)]
        np.testing.assert_allclose(sum(p.total for p, _ in single), parts.total, rtol=1e-12)
        np.testing.assert_allclose(sum(g for _, g in single), gradient, rtol=1e-10, atol=1e-15)
        assert single[0][0].total[0] == 0.0
        assert (single[0][1][0] == 0.0).all()
        np.testing.assert_array_equal(single[1][0].status, np.zeros((2, 3)))


@pytest.mark.parametrize("place", PLACES)
def test_float32_is_close_to_float64_and_lifts_the_tolerance(
    place: tuple[str, dict[str, Any]],
) -> None:
    problem = small_problem(SMOOTH[1], members=2)
    theta = initial_theta(problem)
    with open_session(problem, rtol=1e-10) as session:
        parts, gradient = session.loss_and_grad(theta)
    with open_session(problem, rtol=1e-9, dtype="float32", place=place) as session:
        single, slope = session.loss_and_grad(theta)
        notes = session.solve(theta).notes
    np.testing.assert_allclose(single.total, parts.total, rtol=2e-4)
    assert np.linalg.norm(slope - gradient) < 1e-3 * np.linalg.norm(gradient)
    assert len(notes) == 1
    assert "rtol=1e-09" in notes[0]
    assert "5e-06" in notes[0]
    assert slope.dtype == np.float64


@settings(max_examples=12)
@given(
    seed=st.integers(0, 10_000),
    members=st.integers(1, 3),
    experiments=st.integers(1, 4),
    states=st.integers(1, 4),
    controls=st.integers(0, 3),
    times=st.integers(2, 7),
    knots=st.integers(1, 5),
    method=st.sampled_from(METHODS),
    step=st.booleans(),
    masked=st.sampled_from([0.0, 0.6]),
)
def test_gradient_of_random_problems(
    seed: int,
    members: int,
    experiments: int,
    states: int,
    controls: int,
    times: int,
    knots: int,
    method: str,
    step: bool,
    masked: float,
) -> None:
    problem = small_problem(
        SMOOTH[seed % 2],
        members=members,
        experiments=experiments,
        states=states,
        controls=controls,
        times=times,
        knots=knots,
        interpolation="step" if step else "linear",
        masked=masked,
        objective=Objective(kind="mse"),
        seed=seed,
    )
    theta = 0.5 * initial_theta(problem, seed=seed)
    direction = np.random.default_rng(seed).normal(size=theta.shape)
    with open_session(problem, method) as session:
        parts, gradient = session.loss_and_grad(theta)
        assert not parts.failed.any()
        expected = central_difference(session, theta, direction, 1e-4, refresh=False)
    found = (gradient * direction).sum(axis=1)
    scale = np.linalg.norm(gradient, axis=1) * np.linalg.norm(direction, axis=1)
    assert (np.abs(found - expected) <= 1e-6 * scale + 1e-10).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("members", [1, 2])
def test_evaluations_made_again_give_the_same_gradient(method: str, members: int) -> None:
    problem = small_problem(ProductionDegradation(widths=(6, 5)), members=members)
    theta = initial_theta(problem)
    with open_session(problem, method, rtol=1e-9) as session:
        parts, gradient = session.loss_and_grad(theta)
    with open_session(problem, method, rtol=1e-9, place=("cpu", {"memory_limit": 0})) as session:
        again, slope = session.loss_and_grad(theta)
        frozen, frozen_slope = session.loss_and_grad(theta, refresh=False)
    np.testing.assert_array_equal(again.total, parts.total)
    np.testing.assert_allclose(slope, gradient, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(frozen.total, parts.total, rtol=1e-12)
    np.testing.assert_allclose(frozen_slope, gradient, rtol=1e-10, atol=1e-16)


@dataclass(frozen=True)
class _Foreign(NeuralODE):
    """A model that the engine knows by its torch function alone."""

    kind = "foreign"


@pytest.mark.parametrize("library", ["auto", "torch"])
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("method", ["tsit5", "dopri8"])
def test_a_registered_torch_function_needs_no_derivatives_of_its_own(
    method: str, members: int, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fields._FACTORIES, "foreign", fields.NeuralField)
    theta, found = None, []
    for model in (NeuralODE(widths=(6, 5)), _Foreign(widths=(6, 5))):
        problem = small_problem(model, members=members)
        theta = initial_theta(problem) if theta is None else theta
        with open_session(problem, method, place=("cpu", {"library": library})) as session:
            found.append(session.loss_and_grad(theta))
    np.testing.assert_allclose(found[1][0].total, found[0][0].total, rtol=1e-11)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=1e-8, atol=1e-13)
