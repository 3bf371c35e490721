"""A trained fit without training: random parameters and an engine of SciPy and NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp

from pyscimlode.backends.base import FloatArray, Trajectory
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import ProductionDegradation
from pyscimlode.models.scaling import member
from pyscimlode.objectives.protocols import Protocol
from pyscimlode.problem import Member, Objective, Problem, build_problem
from pyscimlode.results import FitResult


class ScipySession:
    """Solves with RK45, member by member; enough for predictions."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __enter__(self) -> ScipySession:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def solve(self, theta: FloatArray, *, times: FloatArray | None = None) -> Trajectory:
        problem = self.problem
        out = problem.times if times is None else np.tile(times, (problem.n_experiments, 1))
        shape = (len(theta), problem.n_experiments)
        z = np.empty((*shape, out.shape[1], problem.n_states))
        for i, parameters in enumerate(theta):
            scaling = member(problem.scaling, i)
            for j in range(problem.n_experiments):
                knots = problem.knot_times[j], problem.knot_values[j]

                def rhs(
                    t: float,
                    y: FloatArray,
                    knots: Any = knots,
                    scaling: Any = scaling,
                    parameters: FloatArray = parameters,
                ) -> FloatArray:
                    p = [np.interp(t, knots[0], column) for column in knots[1].T]
                    p_row = np.reshape(p, (1, -1))
                    return problem.model.field(parameters, y[None], p_row, scaling)[0]

                grid = np.unique(out[j])
                start = float(problem.times[j, 0])
                solved = solve_ivp(
                    rhs, (start, grid[-1]), problem.initial[j], t_eval=grid, rtol=1e-6, atol=1e-9
                )
                z[i, j] = solved.y.T[np.searchsorted(grid, out[j])]
        zeros = np.zeros(shape, dtype=np.int64)
        return Trajectory(out, z, zeros, np.full(shape, np.nan), zeros)


class ScipyBackend:
    """The engine of the stub."""

    name = "stub"

    def open(self, problem: Problem, solver: SolverSpec, **_: Any) -> ScipySession:
        return ScipySession(problem)


def use_stub_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyscimlode.results.fit_result.get_backend", lambda _: ScipyBackend())


def stub_fit(
    train: Dataset,
    test: Dataset | None,
    *,
    model: Model | None = None,
    members: int = 3,
    protocol: Protocol = "forecast",
    provenance: dict[str, Any] | None = None,
    history: pd.DataFrame | None = None,
) -> FitResult:
    model = model or ProductionDegradation(widths=(6,))
    voting = [Member(train.names, seed=seed) for seed in range(members)]
    problem = build_problem(train, model, voting)
    rng = np.random.default_rng(0)
    theta = [model.initial(problem.n_states, problem.n_controls, rng) for _ in voting]
    return FitResult(
        model=model,
        theta=np.stack(theta),
        scaling=problem.scaling,
        members=tuple(voting),
        train=train,
        test=test,
        protocol=protocol,
        objective=Objective(),
        solver=SolverSpec(),
        backend="stub",
        device="cpu",
        dtype="float64",
        score_scale="all",
        history=stub_history(members) if history is None else history,
        stages=({"kind": "adam", "steps": 30}, {"kind": "bfgs", "max_iters": 10}),
        provenance=provenance or {"versions": {"pyscimlode": "0.1.0"}, "seed": 0},
    )


def stub_history(members: int, steps: Sequence[int] = (30, 10)) -> pd.DataFrame:
    rows = []
    for stage, length in zip(("adam", "bfgs"), steps, strict=True):
        for iteration in range(length):
            for index in range(members):
                start = 1.0 if stage == "adam" else 0.3
                data = start * (1 + index) * np.exp(-iteration / 12)
                penalty = 0.01 * data
                rows.append(
                    (stage, iteration, index, data + penalty, data, penalty, data**0.5, 5e-3, False)
                )
    columns = "stage iteration member total data pir gradient_norm learning_rate failed"
    return pd.DataFrame(rows, columns=columns.split())
