"""Variants of the hybrid model for pooled strains, and their scores with and without a choice.

An inner score is that of a strain which, like the outer strain, was not trained on: two strains
are left out, and the model is scored on one of them. All inner scores of an outer strain together
choose a variant for it without knowing it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

import pyscimlode
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.boards.scores import COLUMNS, ENSEMBLE, MODEL, mean_scores, task_rows
from pyscimlode.boards.tasks import FAMILIES, HELPERS, Task, measured_tasks, pooled_strains
from pyscimlode.fitting.recipes import default_objective
from pyscimlode.fitting.run import Cell, FitOptions, fit_cells
from pyscimlode.models import HybridODE, mevalonate_pathway
from pyscimlode.predictions import Prediction
from pyscimlode.training import Stage

FAST = SolverSpec("auto", rtol=1e-3, atol=1e-4)
"""Enough to choose by; with single precision."""
Inner = Mapping[str, Sequence[float]]
"""``"outer|inner"`` -> score of each seed."""


@dataclass(frozen=True)
class Variant:
    """A model and how long, how fast and with how much weight decay it is trained."""

    sees_controls: bool
    exponent: float
    decay: float
    steps: int = 300
    lr: float = 1e-2

    def model(self) -> HybridODE:
        """Return the model."""
        return HybridODE(
            mevalonate_pathway(),
            network_sees_controls=self.sees_controls,
            initial_exponent=self.exponent,
        )

    def stages(self, quick: bool) -> tuple[Stage, ...]:
        """Return collocation, then Adam."""
        return (
            pyscimlode.Collocation(4 if quick else 200, lr=self.lr, weight_decay=self.decay),
            pyscimlode.Adam(
                3 if quick else self.steps,
                lr=self.lr / 2,
                schedule="cosine",
                weight_decay=self.decay,
                clip=1.0,
            ),
        )

    def __str__(self) -> str:
        return (
            f"{'states and controls' if self.sees_controls else 'states'}, exponent "
            f"{self.exponent:g}, decay {self.decay:g}, {self.steps} steps"
        )


VARIANTS = (
    Variant(sees_controls=False, exponent=0.7, decay=0.1, steps=400, lr=2e-2),
    Variant(sees_controls=True, exponent=0.5, decay=0.1, steps=400, lr=2e-2),
    Variant(sees_controls=False, exponent=0.7, decay=1.0),
    Variant(sees_controls=False, exponent=0.5, decay=1.0),
    Variant(sees_controls=True, exponent=0.7, decay=1.0),
    Variant(sees_controls=True, exponent=0.5, decay=1.0),
    Variant(sees_controls=True, exponent=0.3, decay=1.0),
    Variant(sees_controls=True, exponent=0.5, decay=3.0),
    Variant(sees_controls=True, exponent=0.3, decay=3.0),
)
"""In the order in which they were tried."""


def inner_scores(variant: Variant, strains: Sequence[str], seeds: int, quick: bool) -> Inner:
    """Return the scores of every strain in models that were trained without a second one too."""
    pool = pooled_strains(HELPERS)
    pairs = list(combinations(strains, 2))
    cells = [Cell(pool.drop(pair), pool.select(pair), 1.0, (("out", pair),)) for pair in pairs]
    scores: dict[str, list[float]] = {}
    for pair, result in zip(pairs, fit_cells(cells, _options(variant, seeds, quick)), strict=True):
        for outer, inner in (pair, pair[::-1]):
            known = [strain for strain in _family(inner) if strain != outer]
            test, unit = pool.select([inner]), pool.select(known)
            name = f"{outer}|{inner}"
            task = Task("pooled7", name, len(result.train.strains), 0, result.train, test, unit)
            scores[name], _ = _scores(task, result.predict(test))
    return scores


def outer_scores(
    variant: Variant, strains: Sequence[str], seeds: int, quick: bool
) -> dict[str, tuple[list[float], float]]:
    """Return the ``pooled7`` scores of each seed and of the ensemble for every strain."""
    tasks = [task for task in measured_tasks("pooled7") if task.test.strains[0] in strains]
    cells = [Cell(task.train, task.test, 1.0, (("task", task.name),)) for task in tasks]
    results = fit_cells(cells, _options(variant, seeds, quick))
    return {
        task.test.strains[0]: _scores(task, result.predict(task.test))
        for task, result in zip(tasks, results, strict=True)
    }


def choice(inner: Mapping[str, Inner], outer: str) -> str:
    """Return the variant with the lowest mean inner score of an outer strain."""
    return min(inner, key=lambda name: inner_mean(inner[name], outer))


def inner_mean(scores: Inner, outer: str | None = None) -> float:
    """Return the mean inner score, of one outer strain or of all."""
    chosen = [v for k, v in scores.items() if outer is None or k.split("|")[0] == outer]
    return float(np.mean(chosen))


def _options(variant: Variant, seeds: int, quick: bool) -> FitOptions:
    return FitOptions(
        model=variant.model(),
        stages=variant.stages(quick),
        objective=default_objective("forecast", None),
        protocol="forecast",
        solver=FAST,
        seeds=tuple(range(seeds)),
        dtype="float32",
        progress=False,
    )


@cache
def _family(strain: str) -> tuple[str, ...]:
    families = [pyscimlode.datasets.load(family).strains for family in FAMILIES]
    return next(strains for strains in families if strain in strains)


def _scores(task: Task, forecast: Prediction) -> tuple[list[float], float]:
    rows: list[tuple[Any, ...]] = list(task_rows(task, "variant", MODEL, forecast))
    means = mean_scores(pd.DataFrame(rows, columns=list(COLUMNS)))
    by_seed = dict(zip(means["seed"], means["nrmse"], strict=True))
    ensemble = float(by_seed.pop(ENSEMBLE))
    return [float(value) for value in by_seed.values()], ensemble
