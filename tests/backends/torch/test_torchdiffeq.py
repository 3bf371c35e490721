from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pyscimlode.backends.base import FloatArray
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch import TorchBackend, torchdiffeq, torchdiffeq_legs
from pyscimlode.backends.torch.torchdiffeq import TORCHDIFFEQ_SOLVERS, TorchdiffeqSession
from pyscimlode.errors import ModelError, SolverError, TimeError, ValueRangeError
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.scaling import identity_scaling, member, stack
from pyscimlode.objectives.losses import data_term, pir_term
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, radau, small_problem

torch.set_num_threads(1)

TIGHT = {"rtol": 1e-10, "atol": 1e-12}
SMOOTH = NeuralODE((6, 5), features="linear")
"""Without log(max(y, 0) + 0.01), whose kink at y = 0 makes gradients of adaptive solves noisy."""


def open_session(
    problem: Problem, method: str = "dopri5", dtype: torch.dtype = torch.float64, **options: Any
) -> TorchdiffeqSession:
    return TorchdiffeqSession(problem, SolverSpec(f"torchdiffeq:{method}", **options), dtype=dtype)


def same_grids(problem: Problem) -> Problem:
    """Give every experiment the first one's times and knots, so that they make one batch."""
    count = problem.n_experiments
    return replace(
        problem,
        times=np.tile(problem.times[0], (count, 1)),
        valid=np.ones_like(problem.valid),
        knot_times=np.tile(problem.knot_times[0], (count, 1)),
    )


def loss_by_definition(problem: Problem, trajectory: FloatArray) -> tuple[FloatArray, FloatArray]:
    data = data_term(
        trajectory,
        problem.observed,
        problem.weights,
        problem.loss_scale,
        kind=problem.objective.kind,
        huber_delta=problem.objective.huber_delta,
    )
    pir = pir_term(trajectory, problem.pir_weights, problem.scaling.state_scale, problem.pir)
    return data, pir


def relative(value: FloatArray, right: FloatArray) -> float:
    return float(np.linalg.norm(value - right) / np.linalg.norm(right))


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize("method", ["dopri5", "dopri8", "bosh3"])
def test_trajectories_agree_with_radau(method: str, interpolation: Any) -> None:
    problem = small_problem(members=2, interpolation=interpolation)
    theta = initial_theta(problem)
    loose = method == "bosh3"
    options = {"rtol": 1e-7, "atol": 1e-9} if loose else TIGHT
    result = open_session(problem, method, **options).solve(theta)
    assert (result.status == Status.SUCCESS).all()
    assert np.isnan(result.failed_at).all()
    assert (result.nfev > 0).all()
    for index in range(2):
        for experiment in range(3):
            exact = radau(problem, theta, index, experiment, problem.times[experiment])
            scale = problem.scaling.state_scale[index]
            error = np.abs(result.z[index, experiment] - exact) / scale
            assert error.max() < (1e-6 if loose else 1e-9)


@pytest.mark.parametrize(
    ("method", "order"), [("euler", 1), ("midpoint", 2), ("heun3", 3), ("rk4", 4)]
)
def test_fixed_steps_converge_at_the_order_of_the_method(method: str, order: int) -> None:
    problem = small_problem(experiments=1)
    theta = initial_theta(problem)
    exact = radau(problem, theta, 0, 0, problem.times[0])
    errors = [
        np.abs(open_session(problem, method, step_size=step).solve(theta).z[0, 0] - exact).max()
        for step in (0.25, 0.125, 0.0625)
    ]
    assert np.log2(errors[0] / errors[2]) / 2 == pytest.approx(order, abs=0.5)


def test_a_batch_of_equal_grids_gives_what_single_experiments_give() -> None:
    problem = same_grids(small_problem(members=2, experiments=4))
    theta = initial_theta(problem)
    session = open_session(problem, **TIGHT)
    together = session.solve(theta)
    for experiment in range(4):
        alone = session.solve(theta, experiments=[experiment])
        assert np.allclose(alone.z[:, 0], together.z[:, experiment], rtol=1e-8)
    assert len(set(together.nfev.ravel().tolist())) == 1


def test_output_times_may_be_given_in_any_order_and_repeated() -> None:
    problem = small_problem()
    theta = initial_theta(problem)
    session = open_session(problem, **TIGHT)
    result = session.solve(theta, experiments=[2, 0], times=np.array([7.0, 0.0, 3.0, 7.0]))
    assert result.z.shape == (1, 2, 4, 4)
    for row, experiment in enumerate([2, 0]):
        exact = radau(problem, theta, 0, experiment, np.array([0.0, 3.0, 7.0]))
        assert np.allclose(result.z[0, row], exact[[2, 0, 1, 2]], rtol=1e-7)


@pytest.mark.parametrize("model", [NeuralODE((6, 5)), ProductionDegradation((6, 5), "softplus")])
def test_the_field_is_the_models_field(model: Any) -> None:
    problem = small_problem(model, members=2)
    theta = initial_theta(problem)
    rng = np.random.default_rng(3)
    z, p = rng.uniform(0.1, 3.0, (5, 4)), rng.uniform(0.5, 3.0, (5, 2))
    value = open_session(problem).field(theta, z, p)
    expected = [model.field(theta[m], z, p, member(problem.scaling, m)) for m in range(2)]
    assert np.allclose(value, expected, rtol=1e-12)


def test_field_vjp_agrees_with_central_differences() -> None:
    problem = small_problem(members=2)
    theta = initial_theta(problem)
    rng = np.random.default_rng(3)
    z, p = rng.uniform(0.1, 3.0, (5, 4)), rng.uniform(0.5, 3.0, (5, 2))
    cotangent = rng.normal(size=(2, 5, 4))
    session = open_session(problem)
    gradient = session.field_vjp(theta, z, p, cotangent)
    direction = rng.normal(size=theta.shape)
    up, down = (
        (cotangent * session.field(theta + step * direction, z, p)).sum(axis=(1, 2))
        for step in (1e-6, -1e-6)
    )
    assert np.allclose((up - down) / 2e-6, (gradient * direction).sum(axis=1), rtol=1e-7)


@pytest.mark.parametrize("kind", ["mse", "huber"])
def test_the_loss_is_that_of_the_definition(kind: Any) -> None:
    objective = Objective(kind, 0.3)
    problem = small_problem(SMOOTH, members=2, objective=objective, leave_out=True, pir=5.0)
    theta = 3.0 * initial_theta(problem)
    session = open_session(problem, rtol=1e-8, atol=1e-9)
    parts = session.loss(theta)
    data, pir = loss_by_definition(problem, session.solve(theta).z)
    assert pir.min() > 0.0
    assert np.allclose(parts.data, data, rtol=1e-6)
    assert np.allclose(parts.pir, pir, rtol=1e-6)
    assert np.array_equal(parts.total, parts.data + parts.pir)
    assert parts.status.shape == (2, 3)
    assert not parts.failed.any()


@pytest.mark.parametrize("method", ["dopri5", "dopri8", "adjoint-dopri5", "adjoint-rk4", "rk4"])
@pytest.mark.parametrize("interpolation", ["linear", "step"])
def test_gradients_agree_with_central_differences(method: str, interpolation: Any) -> None:
    problem = small_problem(SMOOTH, members=2, interpolation=interpolation, leave_out=True)
    theta = initial_theta(problem)
    fixed = method.endswith("rk4")
    options: dict[str, Any] = {"step_size": 0.1} if fixed else TIGHT
    session = open_session(problem, method, **options)
    parts, gradient = session.loss_and_grad(theta)
    assert np.allclose(parts.total, session.loss(theta).total, rtol=1e-12)
    rng = np.random.default_rng(5)
    for _ in range(3):
        direction = rng.normal(size=theta.shape)
        up, down = (session.loss(theta + step * direction).total for step in (1e-5, -1e-5))
        slope = (up - down) / 2e-5
        tolerance = 1e-5 if method == "adjoint-rk4" else 1e-6
        assert np.allclose((gradient * direction).sum(axis=1), slope, rtol=tolerance)


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@pytest.mark.parametrize("model", [SMOOTH, ProductionDegradation((6, 5), "softplus")])
def test_the_batched_engine_agrees(model: Any, interpolation: Any) -> None:
    problem = small_problem(model, members=2, interpolation=interpolation, leave_out=True)
    theta = initial_theta(problem)
    reference = open_session(problem, **TIGHT)
    engine = TorchBackend().open(
        problem, SolverSpec("dopri5", **TIGHT), device="cpu", dtype="float64"
    )
    with engine as session:
        right, found = reference.solve(theta), session.solve(theta)
        scale = problem.scaling.state_scale[:, None, None, :]
        assert (np.abs(found.z - right.z) / scale).max() < 1e-8
        right_parts, right_gradient = reference.loss_and_grad(theta)
        parts, gradient = session.loss_and_grad(theta)
        assert np.allclose(parts.data, right_parts.data, rtol=1e-8)
        assert np.allclose(parts.pir, right_parts.pir, rtol=1e-7, atol=1e-14)
        assert relative(gradient, right_gradient) < 1e-7


def test_the_backend_opens_it_by_name() -> None:
    problem = small_problem()
    backend = TorchBackend()
    assert set(TORCHDIFFEQ_SOLVERS) <= set(backend.capabilities().solvers)
    with backend.open(problem, SolverSpec("torchdiffeq:dopri8")) as session:
        assert isinstance(session, TorchdiffeqSession)


@pytest.mark.cuda
def test_cuda_gives_what_the_cpu_gives() -> None:
    problem = small_problem(SMOOTH, members=2)
    theta = initial_theta(problem)
    solver = SolverSpec("torchdiffeq:dopri5", **TIGHT)
    right = open_session(problem, **TIGHT).loss_and_grad(theta)
    found = TorchdiffeqSession(problem, solver, device="cuda").loss_and_grad(theta)
    assert np.allclose(found[0].total, right[0].total, rtol=1e-9)
    assert relative(found[1], right[1]) < 1e-7


def test_the_detached_penalty_changes_the_loss_but_not_the_gradient() -> None:
    attached = small_problem(SMOOTH, pir=5.0)
    detached = replace(attached, objective=Objective(detached_pir=True))
    theta = 3.0 * initial_theta(attached)
    without = replace(attached, pir=np.zeros(1))
    results = [
        open_session(problem, **TIGHT).loss_and_grad(theta)
        for problem in (attached, detached, without)
    ]
    assert results[0][0].total == pytest.approx(results[1][0].total)
    assert results[1][0].pir > 0.0
    assert relative(results[1][1], results[2][1]) < 1e-6
    assert relative(results[0][1], results[2][1]) > 1e-3


def test_members_and_experiments_select_rows() -> None:
    problem = small_problem(SMOOTH, members=3, leave_out=True)
    theta = initial_theta(problem)
    session = open_session(problem, **TIGHT)
    full, gradient = session.loss_and_grad(theta)
    some, some_gradient = session.loss_and_grad(theta[[2, 0]], members=[2, 0])
    assert np.allclose(some.total, full.total[[2, 0]], rtol=1e-9)
    assert np.allclose(some_gradient, gradient[[2, 0]], rtol=1e-6, atol=1e-12)
    pieces = [session.loss_and_grad(theta, experiments=[e]) for e in range(3)]
    assert np.allclose(sum(piece[0].total for piece in pieces), full.total, rtol=1e-9)
    assert np.allclose(sum(piece[1] for piece in pieces), gradient, rtol=1e-6, atol=1e-12)


def test_an_experiment_no_member_trains_on_is_not_integrated() -> None:
    problem = small_problem(leave_out=True)
    theta = initial_theta(problem)
    session = open_session(problem)
    parts, gradient = session.loss_and_grad(theta, experiments=[0])
    assert parts.nfev == 0
    assert parts.total == 0.0
    assert not gradient.any()


class Quadratic:
    """dy/dt = a y^2 with a = theta[0]: y(t) = y0 / (1 - a y0 t), which has a pole."""

    def unpack(self, theta: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return (theta[:, :1, None],)

    def __call__(
        self, params: tuple[torch.Tensor, ...], y: torch.Tensor, u: torch.Tensor
    ) -> torch.Tensor:
        return params[0] * y * y


def quadratic_problem(monkeypatch: pytest.MonkeyPatch, starts: list[float]) -> Problem:
    """Return two members with dy/dt = a y^2 on t in [0, 10], one experiment a start."""
    monkeypatch.setattr(torchdiffeq, "build_field", lambda _: Quadratic())
    problem = same_grids(
        small_problem(
            members=2, experiments=len(starts), masked=0.0, pir=0.0, objective=Objective("mse")
        )
    )
    states = problem.n_states
    return replace(
        problem,
        scaling=stack([identity_scaling(states, 2)] * 2),
        initial=np.tile(np.array(starts)[:, None], (1, states)),
        weights=np.stack([np.isfinite(problem.observed).astype(float)] * 2),
    )


def quadratic_theta(problem: Problem) -> FloatArray:
    theta = np.zeros((2, problem.layout.size))
    theta[:, 0] = [1.0, 0.5]
    return theta


@pytest.mark.parametrize(
    ("method", "statuses"),
    [
        ("dopri5", {Status.STEP_TOO_SMALL, Status.NON_FINITE}),
        ("adjoint-dopri5", {Status.STEP_TOO_SMALL, Status.NON_FINITE}),
        ("rk4", {Status.NON_FINITE}),
    ],
)
def test_a_failed_experiment_is_nan_with_a_status_and_spares_the_others(
    method: str, statuses: set[Status], monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = [0.05, 0.02, 0.04, 1.0, 0.03]
    problem = quadratic_problem(monkeypatch, starts)
    theta = quadratic_theta(problem)
    options = {"step_size": 0.05} if method == "rk4" else {"rtol": 1e-6, "atol": 1e-8}
    session = open_session(problem, method, **options)
    result = session.solve(theta)
    assert set(result.status[:, 3].tolist()) <= statuses
    poles = np.array([1.0, 2.0])
    assert np.allclose(result.failed_at[:, 3], poles, atol=1.0 if method == "rk4" else 1e-3)
    for m in range(2):
        late = problem.times[0] > result.failed_at[m, 3]
        assert 0 < late.sum() < late.size
        assert np.isnan(result.z[m, 3, late]).all()
        reached = 1.0 / (1.0 - theta[m, 0] * problem.times[0, ~late])
        if method != "rk4":
            assert np.allclose(result.z[m, 3, ~late, 0], reached, rtol=1e-4)
    others = [0, 1, 2, 4]
    assert (result.status[:, others] == Status.SUCCESS).all()
    assert np.isnan(result.failed_at[:, others]).all()
    y0 = np.array(starts)[others]
    exact = y0[:, None] / (1.0 - theta[:, :1, None] * y0[:, None] * problem.times[0])
    assert np.allclose(result.z[..., 0][:, others], exact, rtol=1e-5)

    parts, gradient = session.loss_and_grad(theta)
    right, right_gradient = session.loss_and_grad(theta, experiments=others)
    assert set(parts.status[:, 3].tolist()) <= statuses
    assert (parts.status[:, others] == Status.SUCCESS).all()
    assert parts.failed.all()
    assert not right.failed.any()
    assert np.allclose(parts.total, right.total, rtol=1e-5)
    assert relative(gradient, right_gradient) < 1e-4


def test_a_member_that_reaches_the_pole_spares_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = quadratic_problem(monkeypatch, [0.15])
    result = open_session(problem).solve(quadratic_theta(problem))
    assert result.status[0, 0] != Status.SUCCESS
    assert result.failed_at[0, 0] == pytest.approx(1 / 0.15, abs=1e-2)
    assert result.status[1, 0] == Status.SUCCESS
    assert np.isfinite(result.z[1]).all()


def test_a_member_with_broken_parameters_fails_alone() -> None:
    problem = same_grids(small_problem(members=3))
    theta = initial_theta(problem)
    theta[1, 0] = np.nan
    session = open_session(problem)
    result = session.solve(theta)
    assert (result.status[1] == Status.NON_FINITE).all()
    assert (result.failed_at[1] == 0.0).all()
    assert np.isnan(result.z[1, :, 1:]).all()
    assert (result.status[[0, 2]] == Status.SUCCESS).all()
    parts, gradient = session.loss_and_grad(theta)
    assert parts.failed.tolist() == [False, True, False]
    assert parts.total[1] == 0.0
    assert not gradient[1].any()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("method", ["dopri5", "rk4"])
def test_the_step_limit_is_a_status(method: str) -> None:
    problem = small_problem()
    options: dict[str, Any] = {"step_size": 1e-3} if method == "rk4" else {}
    result = open_session(problem, method, max_steps=3, **options).solve(initial_theta(problem))
    assert (result.status == Status.MAX_STEPS).all()
    assert ((result.failed_at >= 0.0) & (result.failed_at < 10.0)).all()


def test_memory_that_runs_out_is_a_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(torchdiffeq_legs, "odeint", full)
    problem = small_problem()
    result = open_session(problem).solve(initial_theta(problem))
    assert (result.status == Status.OUT_OF_MEMORY).all()


def test_float32_lifts_the_tolerance_and_says_so() -> None:
    problem = small_problem()
    theta = initial_theta(problem)
    result = open_session(problem, "dopri8", torch.float32, rtol=1e-7, atol=1e-9).solve(theta)
    assert "rtol=1e-07 is beyond float32, 5e-06 was used" in result.notes[0]
    exact = open_session(problem, **TIGHT).solve(theta)
    assert exact.notes == ()
    scale = problem.scaling.state_scale[:, None, None, :]
    assert (np.abs(result.z - exact.z) / scale).max() < 1e-4


def test_unknown_methods_name_the_known_ones() -> None:
    with pytest.raises(SolverError, match=r"Did you mean 'torchdiffeq:bosh3'"):
        open_session(small_problem(), "bosh4")


def test_fixed_methods_ask_for_a_step() -> None:
    with pytest.raises(SolverError, match="takes fixed steps: give step_size"):
        open_session(small_problem(), "rk4")


@pytest.mark.parametrize("name", TORCHDIFFEQ_SOLVERS)
def test_every_name_integrates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = quadratic_problem(monkeypatch, [0.02])
    theta = quadratic_theta(problem)
    solver = SolverSpec(name, rtol=1e-5, atol=1e-6, step_size=0.1)
    session = TorchdiffeqSession(problem, solver)
    exact = 0.02 / (1.0 - 0.02 * theta[:, :1] * problem.times[0])
    assert np.allclose(session.solve(theta).z[:, 0, :, 0], exact, rtol=1e-2)
    _, gradient = session.loss_and_grad(theta)
    r = 2.0 * (exact[:, :, None] - problem.observed[0]) / problem.loss_scale[:, None] ** 2
    slope = exact**2 * problem.times[0]
    assert np.allclose(gradient[:, 0], (r.sum(axis=2) * slope).sum(axis=1), rtol=2e-2)


def test_problems_are_checked_before_they_are_integrated() -> None:
    problem = small_problem()
    times, knots = problem.times.copy(), problem.knot_times.copy()
    times[1, 2], knots[2, 1] = 99.0, np.inf
    with pytest.raises(TimeError, match=r"Times of experiment 'S1' must be finite and sorted"):
        open_session(replace(problem, times=times))
    with pytest.raises(TimeError, match=r"Knots of experiment 'S2' must be finite and sorted"):
        open_session(replace(problem, knot_times=knots))
    initial, values = problem.initial.copy(), problem.knot_values.copy()
    initial[0, 0], values[1, 0, 0] = np.nan, np.inf
    with pytest.raises(ValueRangeError, match="Initial states of experiment 'S0'"):
        open_session(replace(problem, initial=initial))
    with pytest.raises(ValueRangeError, match="Controls of experiment 'S1'"):
        open_session(replace(problem, knot_values=values))


def test_wrong_arguments_are_explained() -> None:
    problem = small_problem(members=2)
    theta = initial_theta(problem)
    session = open_session(problem)
    with pytest.raises(TimeError, match=r"experiment 'S0' must be finite and not before its start"):
        session.solve(theta, times=np.array([-1.0, 2.0]))
    with pytest.raises(TimeError, match=r"shape \(2, 1\); give \(times,\) or \(3, times\)"):
        session.solve(theta, times=np.zeros((2, 1)))
    with pytest.raises(ModelError, match="this model has"):
        session.loss(theta[:, :-1])
    with pytest.raises(ModelError, match=r"these members need \(1, "):
        session.loss(theta, members=[0])


def test_a_session_is_a_context_manager() -> None:
    problem = small_problem()
    with open_session(problem) as session:
        assert session.problem is problem
        assert session.layout == problem.layout
