"""The Lipschitz penalty in training: exact gradients, its own column, resumed bit by bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch import TorchBackend
from pyscimlode.errors import TrainingError
from pyscimlode.models.neural_ode import ProductionDegradation
from pyscimlode.objectives.lipschitz import SpectralPenalty
from pyscimlode.problem import Problem
from pyscimlode.training import (
    BFGS,
    Adam,
    Collocation,
    Event,
    Stage,
    TrainState,
    history_frame,
    train,
)
from pyscimlode.training.evaluation import TrajectoryLoss
from pyscimlode.training.regularised import RegularisedLoss
from tests.backends.problems import initial_theta, small_problem

STAGES: tuple[Stage, ...] = (Collocation(3), Adam(3), Adam(2, batches="strain"), BFGS(3))


class Killed(Exception):
    pass


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def problem() -> Problem:
    model = ProductionDegradation(widths=(5,), activation="adaptive-tanh")
    return small_problem(model, members=2, leave_out=True)


def fit(what: Problem, stages: tuple[Stage, ...] = STAGES, **options: object) -> TrainState:
    theta = initial_theta(what, scale=0.3)
    with TorchBackend().open(what, SolverSpec(), device="cpu", dtype="float64") as session:
        return train(session, theta, stages, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("by_strain", [False, True])
def test_batches_sum_to_loss_plus_penalty(by_strain: bool) -> None:
    what = problem()
    theta = initial_theta(what, scale=0.5)
    with TorchBackend().open(what, SolverSpec(), device="cpu", dtype="float64") as session:
        plain = TrajectoryLoss(session, by_strain=by_strain)
        whole = plain.value(theta)
        loss = RegularisedLoss(plain, SpectralPenalty(what.layout), 0.1)
        value = loss.value(theta)
        evaluations = [
            (np.flatnonzero(takes), loss.evaluate(theta[takes], np.flatnonzero(takes), batch))
            for batch, takes in enumerate(loss.takes_part)
        ]
        bare = [
            plain.evaluate(theta[rows], rows, batch) for batch, (rows, _) in enumerate(evaluations)
        ]
    penalty, slope = SpectralPenalty(what.layout).value_and_gradient(theta)
    np.testing.assert_allclose(value, whole + 0.1 * penalty, rtol=1e-12)
    total, extra = np.zeros(2), np.zeros((2, what.layout.size))
    for (rows, evaluation), without in zip(evaluations, bare, strict=True):
        total[rows] += evaluation.total
        extra[rows] += evaluation.gradient - without.gradient
        np.testing.assert_allclose(evaluation.total, evaluation.terms[1:].sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(total, value, rtol=1e-9)
    np.testing.assert_allclose(extra, 0.1 * slope, rtol=1e-9, atol=1e-13)


def test_history_shows_the_penalty_of_every_stage() -> None:
    frame = history_frame(fit(problem(), lipschitz=0.01))
    assert set(frame["stage"]) == {"collocation", "adam", "bfgs"}
    whole = frame[frame["stage_index"] != 2]
    assert (whole["lipschitz"] > 0).all()
    np.testing.assert_allclose(
        whole["total"], whole["data"] + whole["pir"] + whole["lipschitz"], rtol=1e-12
    )
    assert (history_frame(fit(problem()))["lipschitz"].fillna(0.0) == 0).all()


def test_without_a_factor_nothing_changes() -> None:
    np.testing.assert_array_equal(fit(problem(), lipschitz=0.0).theta, fit(problem()).theta)


def test_a_penalty_keeps_singular_values_small() -> None:
    what = problem()
    norms = SpectralPenalty(what.layout).norms
    stages: tuple[Stage, ...] = (Adam(60, lr=0.02),)
    free, bound = fit(what, stages), fit(what, stages, lipschitz=1.0)
    assert (norms(bound.theta).prod(axis=1) < 0.5 * norms(free.theta).prod(axis=1)).all()


@pytest.mark.parametrize("after", [2, 5, 9, 14])
def test_killed_and_resumed_the_end_is_the_same(after: int, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.append(event)
        if len(seen) == after:
            raise Killed

    what = problem()
    with pytest.raises(Killed):
        fit(what, lipschitz=0.01, checkpoint=path, on_event=stop)
    resumed, whole = fit(what, lipschitz=0.01, resume=path), fit(what, lipschitz=0.01)
    np.testing.assert_array_equal(resumed.theta, whole.theta)
    for name, values in whole.history.items():
        np.testing.assert_array_equal(resumed.history[name], values)


def test_another_factor_is_another_training(tmp_path: Path) -> None:
    what, path = problem(), tmp_path / "checkpoint"
    fit(what, (Adam(2),), lipschitz=0.01, checkpoint=path)
    with pytest.raises(TrainingError, match="the Lipschitz penalty differs"):
        fit(what, (Adam(2),), resume=path)


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf")])
def test_factors_that_mean_nothing(factor: float) -> None:
    with pytest.raises(TrainingError, match=r"lipschitz=.*from 0 \(none\) upwards"):
        fit(problem(), lipschitz=factor)
