"""Sessions with the stand-in as worker: the whole contract, and what happens when it dies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyscimlode.backends import registry
from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.julia.session import JuliaSession
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import (
    EngineDied,
    EngineError,
    EngineOutOfMemory,
    ModelError,
    TimeError,
    TrainingError,
)
from pyscimlode.models import NeuralODE
from pyscimlode.problem import Problem
from pyscimlode.training import BFGS, LBFGS, Adam
from tests.backends import test_contract as contract
from tests.backends.contract_problems import case
from tests.backends.julia.workers import StandInBackend, ask, pid_of, standin_engine
from tests.backends.problems import initial_theta, small_problem

LOOSE = SolverSpec("bdf", rtol=1e-6, atol=1e-8)


def tiny_problem() -> Problem:
    model = NeuralODE(widths=(3,), features="linear")
    return small_problem(model, members=2, states=2, controls=1, times=4, knots=3)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    shared = standin_engine()
    yield shared
    shared.close()


@pytest.fixture
def session(engine: Engine) -> Iterator[JuliaSession]:
    with opened(engine) as made:
        yield made


def opened(engine: Engine, **options: Any) -> Any:
    return JuliaBackend(engine).open(tiny_problem(), LOOSE, options=options)


@pytest.fixture
def standin(monkeypatch: pytest.MonkeyPatch) -> str:
    target = f"{StandInBackend.__module__}:{StandInBackend.__name__}"
    monkeypatch.setitem(registry.BUILT_IN, "standin", target)
    return "standin"


@pytest.mark.parametrize("problem", ["raw-units"])
def test_the_contract_on_problems(standin: str, problem: str) -> None:
    contract.test_field(standin, problem)
    contract.test_trajectory(standin, problem)
    contract.test_loss_and_gradient(standin, problem)


@pytest.mark.parametrize(
    "check",
    [
        contract.test_any_output_times,
        contract.test_vector_jacobian_product_of_the_field,
        contract.test_a_failure_is_a_value,
        contract.test_unknown_solvers_are_refused,
    ],
)
def test_the_rest_of_the_contract(standin: str, check: Any) -> None:
    check(standin)


def test_every_answer_is_the_references(session: JuliaSession) -> None:
    problem = session.problem
    theta = initial_theta(problem)
    with get_backend("reference").open(problem, LOOSE) as judge:
        theirs, expected = judge.loss_and_grad(theta[[1]], members=[1], experiments=[2, 0])
        path = judge.solve(theta, experiments=[1], times=np.array([0.5, 4.0]))
    ours, gradient = session.loss_and_grad(theta[[1]], members=[1], experiments=[2, 0])
    found = session.solve(theta, experiments=[1], times=np.array([0.5, 4.0]))
    np.testing.assert_array_equal(ours.total, theirs.total)
    np.testing.assert_array_equal(ours.data, theirs.data)
    np.testing.assert_array_equal(ours.pir, theirs.pir)
    np.testing.assert_array_equal(ours.status, theirs.status)
    assert ours.nfev == theirs.nfev
    np.testing.assert_array_equal(gradient, expected)
    for name in ("times", "z", "status", "failed_at", "nfev"):
        np.testing.assert_array_equal(getattr(found, name), getattr(path, name))
    assert found.notes == ("solved",)
    assert session.notes == ("solved",)


def test_rows_are_shared_by_members_or_their_own(session: JuliaSession) -> None:
    problem = session.problem
    theta = initial_theta(problem)
    z, p = problem.initial, problem.knot_values[:, 0]
    shared = session.field(theta, z, p)
    own = session.field(theta, np.stack([z, z]), np.stack([p, p]))
    np.testing.assert_array_equal(shared, own)
    assert shared.shape == (2, len(z), problem.n_states)


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda s, t: s.loss(t[:, :-1]), ModelError, r"on the last axis"),
        (lambda s, t: s.solve(t, times=np.array([-1.0])), TimeError, r"not before its start"),
        (lambda s, t: s.field(t, t, t), ModelError, r"z has shape .*give \(rows, 2\)"),
        (lambda s, t: s.train_native(t, []), TrainingError, r"There are no stages"),
        (lambda s, t: s.train_native(t, [LBFGS()]), TrainingError, r"stages\[0\] is LBFGS"),
        (lambda s, t: s.train_native(t, [Adam()]), TrainingError, r"schedule='cosine' is nothing"),
    ],
)
def test_wrong_arguments(session: JuliaSession, wrong: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        wrong(session, initial_theta(session.problem))


def test_inputs_are_checked_before_the_worker_sees_them(engine: Engine) -> None:
    broken = replace(small_problem(), knot_times=small_problem().knot_times[:, ::-1])
    with pytest.raises(TimeError, match=r"Knots of experiment 'S0' must be finite and sorted"):
        JuliaBackend(engine).open(broken, LOOSE)


@pytest.mark.parametrize("kind", ["kill", "segv", "exit", "garbage", "truncate"])
def test_a_session_goes_on_with_the_next_worker(engine: Engine, kind: str) -> None:
    with opened(engine) as one, opened(engine) as other:
        theta = initial_theta(one.problem)
        before = one.loss(theta).total
        with pytest.raises(EngineDied):
            ask(engine, "fault", kind=kind)
        np.testing.assert_array_equal(one.loss(theta).total, before)
        np.testing.assert_array_equal(other.loss(theta).total, before)
        assert ask(engine, "state")["open"] == 2
    assert ask(engine, "state")["open"] == 0


def test_a_death_during_a_call_is_an_error_of_that_call(tmp_path: Any) -> None:
    once = tmp_path / "failed"
    engine = standin_engine("--fault", "kill", "--on", "loss", "--at", "2", "--once", str(once))
    with opened(engine) as session:
        theta = initial_theta(session.problem)
        before = session.loss(theta).total
        with pytest.raises(EngineDied, match=r"SIGKILL .* during 'loss'"):
            session.loss(theta)
        np.testing.assert_array_equal(session.loss(theta).total, before)
    engine.close()


def test_problems_are_freed_when_sessions_close(engine: Engine) -> None:
    before = ask(engine, "state")["open"]
    one, other = opened(engine), opened(engine)
    assert ask(engine, "state")["open"] == before + 2
    one.close()
    one.close()
    assert ask(engine, "state")["open"] == before + 1
    other.close()
    assert ask(engine, "state")["open"] == before


def test_closing_starts_no_worker() -> None:
    engine = standin_engine()
    session = opened(engine)
    engine.close()
    session.close()
    with engine.running() as worker:
        assert worker is None


def test_an_answer_of_another_shape_is_no_answer(tmp_path: Any) -> None:
    engine = standin_engine("--fault", "wrong_shape", "--on", "loss")
    with opened(engine) as session:
        theta = initial_theta(session.problem)
        with pytest.raises(EngineError, match=r"'data' with nothing instead of shape \(2,\)"):
            session.loss(theta)
    engine.close()


def test_the_engines_own_training_loop(session: JuliaSession) -> None:
    theta = initial_theta(session.problem)
    stages = [Adam(3, lr=1e-2, schedule="constant", clip=None), BFGS(2)]
    found, losses = session.train_native(theta, stages)
    assert found.shape == theta.shape
    assert losses.shape == (2, 5)
    assert (losses[:, -1] < losses[:, 0]).all()


def test_options_reach_the_worker() -> None:
    engine = standin_engine()
    with opened(engine, threads=3, sensitivity="gauss"):
        environ = ask(engine, "state")["environ"]
    assert environ["PYTHON_JULIACALL_THREADS"] == "3"
    assert environ["PYTHON_JULIACALL_HANDLE_SIGNALS"] == "yes"
    engine.close()


def test_time_and_memory_are_limited_by_options(engine: Engine) -> None:
    before = pid_of(engine)

    def large() -> None:
        with opened(engine, memory_limit=2**20) as session:
            while True:
                session.loss_and_grad(initial_theta(session.problem))

    with pytest.raises(EngineOutOfMemory, match=r"took \d+ MiB .* the limit of 1 MiB"):
        large()
    assert pid_of(engine) != before


def test_large_arrays_go_there_and_back(session: JuliaSession) -> None:
    problem = session.problem
    theta = initial_theta(problem)
    rows = 40_000
    z = np.tile(problem.initial[0], (rows, 1))
    p = np.tile(problem.knot_values[0, 0], (rows, 1))
    found = session.field(theta, z, p)
    assert found.shape == (2, rows, problem.n_states)
    np.testing.assert_allclose(found, np.broadcast_to(found[:, :1], found.shape), rtol=1e-12)


def test_hybrid_models_are_described_to_the_worker(engine: Engine) -> None:
    chosen = case("limonene-pathway")
    at = chosen.problem.initial, chosen.problem.knot_values[:, 0]
    with JuliaBackend(engine).open(chosen.problem, LOOSE) as session:
        found = session.field(chosen.theta, *at)
    with get_backend("reference").open(chosen.problem, LOOSE) as judge:
        np.testing.assert_array_equal(found, judge.field(chosen.theta, *at))
