"""The worker with the real Julia."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.backends.julia.backend import JuliaBackend, julia_engine
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.session import JuliaSession
from pyscimlode.backends.julia.solvers import SOLVERS
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import EngineError
from pyscimlode.training import BFGS, Adam
from tests.backends.contract_problems import Case, case
from tests.backends.julia.workers import ask

pytestmark = pytest.mark.julia

PATIENT = Limits()


def session_of(chosen: Case, spec: SolverSpec, **options: object) -> JuliaSession:
    session = JuliaBackend().open(chosen.problem, spec, options=dict(options))
    assert isinstance(session, JuliaSession)
    return session


def test_versions_and_solvers_are_told() -> None:
    versions = ask(julia_engine(), "versions", PATIENT)
    assert versions["julia"].startswith("1.")
    assert {"Lux", "SciMLSensitivity", "OrdinaryDiffEqTsit5", "Optim"} <= set(versions)
    assert set(ask(julia_engine(), "solvers", PATIENT)["names"]) == set(SOLVERS)


def test_unknown_requests_and_problems_are_errors() -> None:
    with pytest.raises(EngineError, match=r"knows no 'sing'; it knows versions, solvers, warm"):
        ask(julia_engine(), "sing", PATIENT)
    with pytest.raises(EngineError, match=r"no open problem 4711; open it again"):
        ask(julia_engine(), "field", PATIENT, handle=4711)


def test_errors_of_julia_are_told_in_its_words() -> None:
    with pytest.raises(EngineError, match=r"Julia failed during 'open': KeyError: key \"layout\""):
        ask(julia_engine(), "open", PATIENT)


@pytest.mark.parametrize("sensitivity", ["gauss", "interpolating", "forwarddiff"])
def test_sensitivities_agree(sensitivity: str) -> None:
    chosen = case("raw-units")
    spec = SolverSpec("tsit5", rtol=1e-9, atol=1e-11)
    with session_of(chosen, spec) as session:
        _, expected = session.loss_and_grad(chosen.theta)
    with session_of(chosen, spec, sensitivity=sensitivity) as session:
        _, found = session.loss_and_grad(chosen.theta)
    assert np.linalg.norm(found - expected) <= 1e-6 * np.linalg.norm(expected)


def test_a_switch_to_the_implicit_method_is_said() -> None:
    chosen = case("stiff")
    with session_of(chosen, SolverSpec("auto", rtol=1e-6, atol=1e-8)) as session:
        path = session.solve(chosen.theta)
    assert path.notes == ("The solver switched to an implicit method where the field was stiff.",)
    easy = case("raw-units")
    with session_of(easy, SolverSpec("auto", rtol=1e-6, atol=1e-8)) as session:
        assert session.solve(easy.theta).notes == ()


def test_fixed_steps_are_of_the_size_asked_for() -> None:
    chosen = case("raw-units")
    counts = []
    for size in (0.1, 0.05):
        with session_of(chosen, SolverSpec("rk4", step_size=size)) as session:
            counts.append(session.solve(chosen.theta).nfev.sum())
    assert 1.7 < counts[1] / counts[0] < 2.1


def test_native_training_lowers_the_loss_of_every_member() -> None:
    chosen = case("measured-inputs")
    reports = []
    stages = [Adam(steps=20, lr=0.02, clip=None, schedule="constant"), BFGS(max_iters=10)]
    with session_of(chosen, SolverSpec("tsit5", rtol=1e-6, atol=1e-8)) as session:
        before = session.loss(chosen.theta).total
        theta, losses = session.train_native(chosen.theta, stages, reports.append)
        after = session.loss(theta).total
    np.testing.assert_allclose(losses[:, 0], before, rtol=1e-6)
    last = [row[np.isfinite(row)][-1] for row in losses]
    np.testing.assert_allclose(last, after, rtol=1e-6)
    assert (after < 0.9 * before).all()
    assert reports[-1]["total"] == 2 * 30


def test_a_closed_problem_is_gone() -> None:
    chosen = case("raw-units")
    session = session_of(chosen, SolverSpec("tsit5"))
    session.loss(chosen.theta)
    assert session._opened is not None
    handle = session._opened[1]
    session.close()
    with pytest.raises(EngineError, match=rf"no open problem {handle}"):
        ask(julia_engine(), "loss", PATIENT, handle=handle, gradient=False)


def test_detached_penalty() -> None:
    chosen = case("penalty")
    problem = chosen.problem
    detached = replace(problem, objective=replace(problem.objective, detached_pir=True))
    without = replace(problem, pir=np.zeros_like(problem.pir))
    spec = SolverSpec("tsit5", rtol=1e-8, atol=1e-10)
    with session_of(Case(detached, chosen.theta), spec) as session:
        parts, found = session.loss_and_grad(chosen.theta)
    with session_of(Case(without, chosen.theta), spec) as session:
        _, expected = session.loss_and_grad(chosen.theta)
    assert parts.pir[0] > 0
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-9)
