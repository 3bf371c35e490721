"""Training against the real engine: it learns, and is resumed bit by bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch import TorchBackend
from pyscimlode.models.neural_ode import ProductionDegradation
from pyscimlode.problem import Problem
from pyscimlode.training import (
    BFGS,
    LBFGS,
    Adam,
    Collocation,
    Event,
    Stage,
    TrainState,
    history_frame,
    train,
)
from tests.backends.problems import initial_theta, small_problem

RECIPES: dict[str, tuple[Stage, ...]] = {
    "all": (Collocation(4), Adam(7), BFGS(5)),
    "by strain": (Adam(2, batches="strain", clip=None), LBFGS(5)),
}


class Killed(Exception):
    pass


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    torch.set_num_threads(1)


def problem(members: int = 2) -> Problem:
    return small_problem(ProductionDegradation(widths=(5,)), members=members, leave_out=True)


def fit(what: Problem, stages: tuple[Stage, ...], *, freeze: int = 1, **options: object):  # type: ignore[no-untyped-def]
    theta = initial_theta(what, scale=0.3)
    spec = SolverSpec(freeze=freeze)
    with TorchBackend().open(what, spec, device="cpu", dtype="float64") as session:
        return train(session, theta, stages, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("freeze", [1, 3])
@pytest.mark.parametrize("recipe", RECIPES)
def test_killed_at_any_iteration_and_resumed_the_end_is_the_same(
    recipe: str, freeze: int, tmp_path: Path
) -> None:
    stages, what = RECIPES[recipe], problem()
    events: list[Event] = []
    whole: TrainState = fit(what, stages, freeze=freeze, on_event=events.append)
    for last in range(1, len(events) + 1, 2):
        seen: list[Event] = []

        def kill(event: Event, seen: list[Event] = seen, last: int = last) -> None:
            seen.append(event)
            if len(seen) == last:
                raise Killed

        path = tmp_path / f"{last}"
        with pytest.raises(Killed):
            fit(what, stages, freeze=freeze, on_event=kill, checkpoint=path)
        resumed: TrainState = fit(what, stages, freeze=freeze, resume=path)
        assert resumed.theta.tobytes() == whole.theta.tobytes()
        assert history_frame(resumed).equals(history_frame(whole))


def test_every_stage_lowers_the_loss_of_every_member() -> None:
    what = problem(members=3)
    stages = (Collocation(20), Adam(20, lr=0.02), BFGS(15))
    state: TrainState = fit(what, stages)
    table = history_frame(state)
    for _, member in table[table["stage"] != "collocation"].groupby("member"):
        adam = member[member["stage"] == "adam"]["total"].to_numpy()
        bfgs = member[member["stage"] == "bfgs"]["total"].to_numpy()
        assert adam[-1] < adam[0]
        assert bfgs.min() < adam.min()


def test_a_member_does_not_depend_on_the_company_it_is_trained_in() -> None:
    """Batches may round differently, so the losses agree to rounding, not bit by bit."""
    both = problem(members=2)
    alone = replace(
        both,
        scaling=replace(
            both.scaling,
            **{
                name: getattr(both.scaling, name)[1:]
                for name in ("state_scale", "control_shift", "control_scale", "time_scale")
            },
        ),
        weights=both.weights[1:],
        pir_weights=both.pir_weights[1:],
        pir=both.pir[1:],
        loss_scale=both.loss_scale[1:],
    )
    stages = (Adam(10, lr=0.02),)
    theta = initial_theta(both, scale=0.3)
    spec = SolverSpec(rtol=1e-8, atol=1e-9)
    ends = []
    for what, start in ((both, theta), (alone, theta[1:])):
        with TorchBackend().open(what, spec, device="cpu", dtype="float64") as session:
            ends.append(train(session, start, stages).theta[-1])
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-7, atol=1e-9)
