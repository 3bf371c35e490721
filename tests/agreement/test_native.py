"""Native trainings: equal engines agree within the spread over seeds, worse ones do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pyscimlode.agreement import Agreement, NativePlan, Rung, check_engines, repeat_member
from pyscimlode.agreement.native import native_rungs, trained_natively
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.errors import BackendUnavailable
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.problem import Problem
from pyscimlode.training import BFGS, Adam, train
from tests.backends.problems import initial_theta, small_problem

STAGES = (Adam(15, lr=2e-2, schedule="constant", clip=None), BFGS(5))


class Own(PortableSession):
    """An engine with a loop of its own, which starts elsewhere and may stop too early."""

    lazy = False
    calls = 0

    def train_native(self, theta: Any, stages: Any) -> Any:
        Own.calls += 1
        shaken = theta + 0.02 * np.random.default_rng(5).normal(size=theta.shape)
        state = train(self, shaken, stages[:1] if self.lazy else stages)
        theta = theta if self.lazy else state.theta
        return theta, np.zeros((len(theta), 1))


class LazyOwn(Own):
    lazy = True


class Lost(Own):
    """Ends with parameters that are no numbers."""

    def train_native(self, theta: Any, stages: Any) -> Any:
        return np.full_like(theta, np.nan), np.zeros((len(theta), 1))


ENGINES = {"torch": PortableSession, "own": Own, "lazy": LazyOwn, "lost": Lost}


def opened(name: str, problem: Problem) -> Any:
    if name not in ENGINES:
        raise BackendUnavailable(f"{name!r} is on holiday; wait.")
    solver = SolverSpec("auto", rtol=1e-5, atol=1e-7, max_steps=500)
    return ENGINES[name](problem, solver, device="cpu", dtype=torch.float64)


def plan(seeds: int = 4, **options: Any) -> NativePlan:
    model = NeuralODE(widths=(4,), features="linear")
    one = small_problem(model, members=1, experiments=2, states=2, controls=1, times=4)
    problem = repeat_member(one, seeds)
    return NativePlan(problem, initial_theta(problem), STAGES, **options)


def test_members_are_repeated() -> None:
    two = small_problem(members=2, leave_out=True)
    repeated = repeat_member(two, 3, index=1)
    assert repeated.n_members == 3
    for row in range(3):
        np.testing.assert_array_equal(repeated.weights[row], two.weights[1])
        np.testing.assert_array_equal(repeated.scaling.time_scale[row], two.scaling.time_scale[1])
    theta = initial_theta(two)
    with opened("torch", two) as first, opened("torch", repeated) as second:
        expected = first.loss(theta).total[1]
        found = second.loss(np.repeat(theta[1:], 3, axis=0)).total
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_engines_own_loop_is_used_where_there_is_one() -> None:
    what = plan(1)
    Own.calls = 0
    with opened("own", what.problem) as session:
        first = trained_natively(session, what.theta, STAGES)
    with opened("torch", what.problem) as session:
        second = trained_natively(session, what.theta, STAGES)
        np.testing.assert_array_equal(second, train(session, what.theta, STAGES).theta)
    assert Own.calls == 1
    assert np.abs(first - second).max() > 1e-3


def test_a_loop_that_ends_within_the_spread_agrees() -> None:
    judging, compared = native_rungs(plan(), ["torch", "own"], opened)
    assert (judging.verdict, judging.note) == (
        "not run",
        "'torch' judges this level; compare another engine",
    )
    assert compared.verdict == "agrees"
    assert compared.judge == "torch"
    assert 0.0 < compared.error <= 1.0
    assert "final loss" in compared.note
    assert "(own)" in compared.note
    assert "over 4 seeds" in str(compared.where)
    assert compared.seconds > 0.0


def test_a_loop_that_does_not_train_differs() -> None:
    (rung,) = native_rungs(plan(), ["lazy"], opened)
    assert rung.verdict == "differs"
    assert rung.error > 1.0
    assert rung.where is not None
    assert rung.where.ours is not None
    assert rung.where.theirs is not None
    assert rung.where.ours > rung.where.theirs


def test_the_criterion_is_the_difference_of_means_in_deviations_of_the_judge() -> None:
    def score(theta: np.ndarray) -> np.ndarray:
        seen.append(theta)
        judges = len(seen) == 1
        return np.array([1.0, 2.0, 3.0] if judges else [1.0, 1.0, 10.0])

    seen: list[np.ndarray] = []
    (rung,) = native_rungs(plan(3, score=score), ["own"], opened)
    assert rung.error == pytest.approx(2.0)
    assert rung.verdict == "differs"
    assert str(rung.where) == "score of held-out strains, mean over 3 seeds: 4 against 2"
    assert "score of held-out strains 4 ± 5.2 (own), 2 ± 1 (torch)" in rung.note


def test_seeds_that_are_lost_differ_and_are_not_averaged_away() -> None:
    (rung,) = native_rungs(plan(3), ["lost"], opened)
    assert rung.verdict == "differs"
    assert rung.error == np.inf


def test_what_cannot_be_compared_says_why() -> None:
    (few,) = native_rungs(plan(2), ["own"], opened)
    assert few.verdict == "not run"
    assert few.note == "a spread over seeds needs at least 3 of them, not 2"
    (absent,) = native_rungs(plan(3), ["nobody"], opened)
    assert absent.note == "'nobody' is on holiday; wait."
    (judge,) = native_rungs(replace(plan(3), judge="lost"), ["own"], opened)
    assert judge.note.startswith("3 of 3 seeds of 'lost', which judges, end without a final loss")


def test_the_ladder_says_who_judged() -> None:
    what = plan(3)
    found = check_engines(
        what.problem, what.theta, backends=["torch"], levels=["native training"], native=what
    )
    assert bool(found)
    assert found.settings["native training"]["seeds"] == 3
    assert found.settings["native training"]["judge"] == "torch"
    assert "'torch' judges this level" in repr(found)


def test_the_figure_names_the_judge_of_a_level() -> None:
    rungs = (
        Rung("field", "own", "agrees", 1e-15, 1e-12),
        Rung("native training", "own", "differs", 3.0, 1.0, judge="torch"),
    )
    found = Agreement("reference", rungs)
    assert "judge: torch" in repr(found).splitlines()[-2]
    assert list(found.table["judge"]) == ["reference", "torch"]
    labels = [label.get_text() for label in found.plot().axes[0].get_yticklabels()]
    assert labels == ["field", "native training\n(judge: torch)"]
