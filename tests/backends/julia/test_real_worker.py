"""Julia itself as the worker: the faults that the stand-in only plays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest

from pyscimlode.backends.base import Session
from pyscimlode.backends.julia.backend import JuliaBackend, julia_engine
from pyscimlode.backends.julia.doctor import diagnose
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.session import JuliaSession
from pyscimlode.backends.julia.solvers import SOLVERS
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import EngineDied, EngineTimeout
from pyscimlode.training import BFGS, Adam
from tests.backends.julia.workers import ask, is_gone
from tests.backends.problems import initial_theta, small_problem

pytestmark = [pytest.mark.julia, pytest.mark.slow]

ENDLESS = SolverSpec("rk4", step_size=1e-8, max_steps=1_000_000_000_000)
"""A billion steps."""
QUICK = SolverSpec("tsit5")


@pytest.fixture(scope="module")
def worker() -> Iterator[None]:
    """The shared worker, ended at the end."""
    yield
    julia_engine().close()


@contextmanager
def opened(solver: SolverSpec = QUICK, **options: float) -> Iterator[Session]:
    with JuliaBackend().open(small_problem(), solver, options=options) as session:
        yield session


def pid() -> int:
    with julia_engine().worker(Limits()) as worker:
        return worker.process.pid


def total(session: Session) -> np.ndarray:
    return session.loss(initial_theta(session.problem)).total


@pytest.mark.usefixtures("worker")
def test_both_sides_have_the_same_solvers() -> None:
    assert sorted(ask(julia_engine(), "solvers", Limits())["names"]) == sorted(SOLVERS)


@pytest.mark.usefixtures("worker")
def test_versions_are_told() -> None:
    found = ask(julia_engine(), "versions", Limits())
    assert found["julia"].startswith("1.")
    assert found["julia"] == JuliaBackend().capabilities().versions["julia"]


@pytest.mark.usefixtures("worker")
def test_a_killed_worker_is_an_error_and_the_session_goes_on() -> None:
    with opened() as session, opened(ENDLESS) as endless:
        before, number = total(session), pid()
        timer = threading.Timer(1.0, os.kill, (number, signal.SIGKILL))
        timer.start()
        with pytest.raises(EngineDied, match=r"signal SIGKILL .* during 'solve'"):
            endless.solve(initial_theta(endless.problem))
        assert is_gone(number)
        np.testing.assert_array_equal(total(session), before)
        assert pid() != number


@pytest.mark.usefixtures("worker")
def test_a_long_call_ends_in_time() -> None:
    with opened() as session, opened(ENDLESS):
        before, number = total(session), pid()
        with (
            opened(ENDLESS, timeout=3.0, start_timeout=3.0) as endless,
            pytest.raises(EngineTimeout, match=r"not answered 'solve' within 3 s"),
        ):
            endless.solve(initial_theta(endless.problem))
        assert is_gone(number)
        np.testing.assert_array_equal(total(session), before)


@pytest.mark.usefixtures("worker")
def test_ctrl_c_ends_a_long_call_and_the_next_works() -> None:
    with opened() as session, opened(ENDLESS) as endless:
        before, number = total(session), pid()
        timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            endless.solve(initial_theta(endless.problem))
        assert is_gone(number)
        np.testing.assert_array_equal(total(session), before)


def test_julia_ends_with_a_parent_that_is_killed_while_it_computes() -> None:
    script = """
from tests.backends.julia.test_real_worker import ENDLESS, initial_theta, opened, pid
with opened(ENDLESS) as endless:
    print(pid(), flush=True)
    endless.solve(initial_theta(endless.problem))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    with process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2.0)
        process.kill()
    assert is_gone(number)


@pytest.mark.usefixtures("worker")
def test_julias_own_training_lowers_the_loss_and_reports() -> None:
    seen: list[dict[str, Any]] = []
    stages = [Adam(5, lr=1e-2, schedule="constant", clip=None), BFGS(5)]
    with opened() as session:
        theta = initial_theta(session.problem)
        found, losses = cast(JuliaSession, session).train_native(theta, stages, seen.append)
        after = session.loss(found).total
        before = total(session)
    assert (after < before).all()
    assert found.shape == theta.shape
    assert losses[0, 0] == pytest.approx(before[0], rel=1e-6)
    assert np.nanmin(losses) == pytest.approx(after[0], rel=1e-3)
    assert seen


@pytest.mark.usefixtures("worker")
def test_the_doctor_finds_it_well() -> None:
    found = diagnose()
    assert found.ok
    assert "field equal to NumPy's within" in found.checks[-1].found
