"""A trained fit without training: random parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import ProductionDegradation
from pyscimlode.objectives.protocols import Protocol
from pyscimlode.problem import Member, Objective, build_problem
from pyscimlode.results import FitResult


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
        backend="torch",
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
    columns = "stage iteration member total data pir gradient_norm lr failures"
    return pd.DataFrame(rows, columns=columns.split())
