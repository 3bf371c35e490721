"""Training whose worker dies: a typed error and a checkpoint from which it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pyscimlode import fit
from pyscimlode.backends import registry
from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import EngineDied
from pyscimlode.models import NeuralODE
from pyscimlode.problem import Problem
from pyscimlode.training import BFGS, Adam, TrainState, train
from tests.backends.julia.workers import StandInBackend, standin_engine
from tests.backends.problems import initial_theta, small_problem

STAGES = (Adam(3), BFGS(2))


@pytest.fixture(scope="module")
def problem() -> Problem:
    model = NeuralODE(widths=(2,), features="linear")
    return small_problem(model, experiments=2, states=2, controls=1, times=3, knots=2)


def trained(engine: Engine, problem: Problem, **options: Path) -> TrainState:
    solver = SolverSpec("bdf", rtol=1e-5, atol=1e-7)
    with JuliaBackend(engine).open(problem, solver) as session:
        return train(session, initial_theta(problem), STAGES, checkpoint_seconds=0.0, **options)


@pytest.fixture(scope="module")
def undisturbed(problem: Problem) -> Iterator[TrainState]:
    engine = standin_engine()
    yield trained(engine, problem)
    engine.close()


@pytest.mark.parametrize("at", [1, 3, 6])
def test_training_goes_on_where_the_worker_died(
    problem: Problem, undisturbed: TrainState, tmp_path: Path, at: int
) -> None:
    once, checkpoint = tmp_path / "failed", tmp_path / "run.checkpoint"
    engine = standin_engine("--fault", "kill", "--on", "loss", "--at", str(at), "--once", str(once))
    with pytest.raises(EngineDied, match=r"SIGKILL .* during 'loss'") as caught:
        trained(engine, problem, checkpoint=checkpoint)
    assert caught.value.__notes__ == [f"What was reached before is in {checkpoint}."]
    found = trained(engine, problem, checkpoint=checkpoint, resume=checkpoint)
    assert found.finished
    np.testing.assert_array_equal(found.theta, undisturbed.theta)
    engine.close()


def test_fit_and_forecast_through_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    target = f"{StandInBackend.__module__}:{StandInBackend.__name__}"
    monkeypatch.setitem(registry.BUILT_IN, "standin", target)
    data = simulate(3, times=[0.0, 12.0, 48.0], seed=0).keep(states=["GPP"], controls=["GPPS"])
    result = fit(
        data,
        test=data.names[0],
        model=NeuralODE(widths=(2,), features="linear"),
        stages=[Adam(2)],
        ensemble=1,
        backend="standin",
        progress=False,
    )
    assert result.backend == "standin"
    assert np.isfinite(result.scores.value(result.name))
