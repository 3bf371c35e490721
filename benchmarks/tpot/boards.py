"""The searches: what is trained on, how long, and what comes out."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Any

import numpy as np

import pyscimlode
from pyscimlode.baselines import DerivativeRegression, FittedTPOT, TPOTBaseline
from pyscimlode.baselines.derivative_tables import derivative_table
from pyscimlode.boards.published import SCORES
from pyscimlode.data.dataset import Dataset
from pyscimlode.results import Scores

FAMILIES = {"L2": "limonene", "I2": "isopentenol"}
BOARDS = (*FAMILIES, "sim-sparse")
TREES = "derivatives: extra-trees"
SIMULATED_ROWS = 400
"""Rows that are searched with on ten simulated strains, as many as the two measured ones have."""


@dataclass(frozen=True)
class Budget:
    """What a search may take.

    Attributes:
        generations: of each metabolite's search.
        population: pipelines a generation.
        seconds: for all metabolites of a board together.
        evaluation: seconds for the cross-validation of one pipeline.
        points: of each strain's grid.
        states: metabolites that are searched for; None: all.
    """

    generations: int = 12
    population: int = 30
    seconds: float = 900.0
    evaluation: float = 3.0
    points: int = 200
    states: int | None = None


QUICK = Budget(generations=1, population=4, seconds=40.0, points=20, states=1)


def strains(board: str) -> tuple[Dataset, Dataset]:
    """Return training and held-out strains of a board."""
    if board == "sim-sparse":
        return pyscimlode.datasets.benchmark("sim-sparse", n=10, draw=0)
    return pyscimlode.data.split(pyscimlode.datasets.load(FAMILIES[board]), board)


def run(board: str, budget: Budget) -> dict[str, Any]:
    """Search, forecast and score; return what is written."""
    train, test = strains(board)
    if budget.states is not None:
        train = train.keep(states=train.state_names[: budget.states])
        test = test.keep(states=train.state_names)
    simulated = board == "sim-sparse"
    before = _searched_seconds()
    fitted = TPOTBaseline(
        generations=budget.generations,
        population=budget.population,
        max_seconds=budget.seconds,
        max_eval_seconds=budget.evaluation,
        points=budget.points,
        max_rows=SIMULATED_ROWS if simulated else None,
    ).fit(train)
    searched = _searched_seconds() - before
    trees = DerivativeRegression(points=budget.points).fit(train)
    scores = pyscimlode.score_forecasters(
        {fitted.name: fitted, TREES: trees},
        train,
        test,
        score_scale="test" if simulated else "all",
    )
    return {
        "board": board,
        "train": list(train.strains),
        "test": list(test.strains),
        "budget": vars(budget),
        "seconds": sum(one.seconds for one in fitted.found.values()),
        "cpu_seconds": searched,
        "scores": _models(board, scores),
        "metabolites": _metabolites(board, fitted, train, budget, scores),
        "notes": list(scores.notes),
    }


def _searched_seconds() -> float:
    """Return the processor time of all searches that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _models(board: str, scores: Scores) -> list[dict[str, Any]]:
    rmse = scores.by_state("rmse").mean()
    rows: list[dict[str, Any]] = [
        {
            "model": str(name),
            "nrmse_clean": float(row["NRMSE clean"]),
            "nrmse_all": float(row["NRMSE all"]),
            "rmse": float(rmse[name]),
        }
        for name, row in scores.summary().iterrows()
    ]
    if board in FAMILIES:
        table = SCORES[FAMILIES[board]]
        name = f"TPOT as published (Table {table.table})"
        rows.append(
            {"model": name, "nrmse_clean": None, "nrmse_all": None, "rmse": table.tpot_mean}
        )
    return rows


def _metabolites(
    board: str, fitted: FittedTPOT, train: Dataset, budget: Budget, scores: Scores
) -> list[dict[str, Any]]:
    published = SCORES[FAMILIES[board]].tpot if board in FAMILIES else {}
    spread = np.nanstd(derivative_table(train, points=budget.points).derivatives, axis=0)
    errors = {"rmse": scores.by_state("rmse"), "nrmse": scores.by_state("nrmse")}
    rows = []
    for row, sd in zip(fitted.table().to_dict("records"), spread, strict=True):
        state = row["state"]
        rows.append(
            {
                **row,
                "pipeline": fitted.pipelines[state],
                "cv_relative": row["cv_rmse"] / sd if sd > 0 else float("nan"),
                "rmse": float(errors["rmse"].loc[state, fitted.name]),
                "nrmse": float(errors["nrmse"].loc[state, fitted.name]),
                "rmse_trees": float(errors["rmse"].loc[state, TREES]),
                "rmse_persistence": float(errors["rmse"].loc[state, "persistence"]),
                "published_rmse": published.get(state),
            }
        )
    return rows
