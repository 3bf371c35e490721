"""Comparisons that are hard to draw: many models, long names, failures, one size, one draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from pyscimlode.boards import Comparison
from pyscimlode.boards.scores import COLUMNS
from tests.boards.example import STATES, example_tasks

CONTROL_NAMES = ("persistence", "mean", "geometric mean", "nearest strain")


def board(
    scores: Mapping[str, float],
    *,
    kinds: Mapping[str, str] | None = None,
    sizes: Sequence[int] = (2, 4),
    draws: int = 2,
    failed: Mapping[str, int] | None = None,
    excluded: Sequence[tuple[str, str]] = (),
    noise: float = 0.15,
) -> Comparison:
    """A comparison with made-up scores and without forecasts.

    Args:
        scores: model -> NRMSE with two training strains; more strains, less error. Controls are
            added, and stay the same.
        kinds: of models that are no models.
        sizes: numbers of training strains.
        draws: of the training strains.
        failed: model -> number of training strains from which on its forecasts failed.
        excluded: pairs of strain and state that do not count.
        noise: relative spread of the scores of strains and states.
    """
    tasks = [t for t in example_tasks(sizes, draws) if t.protocol == "sim-sparse"]
    every = {**scores, **dict(zip(CONTROL_NAMES, (1.46, 1.02, 0.97, 0.91), strict=True))}
    rows = []
    for task in tasks:
        for index, (model, start) in enumerate(every.items()):
            kind = "control" if model in CONTROL_NAMES else (kinds or {}).get(model, "model")
            rng = np.random.default_rng([task.n, task.draw, index])
            for strain in task.test.strains:
                for state in STATES:
                    value = start * (1.0 if kind == "control" else (2 / task.n) ** 0.5)
                    value *= 1 + noise * rng.standard_normal()
                    if task.n >= (failed or {}).get(model, 10**9):
                        value = np.nan
                    out = (strain, state) in excluded
                    head = (task.protocol, task.name, task.n, task.draw, model, kind)
                    seeds = ("0", "ensemble") if kind == "model" else ("",)
                    rows += [(*head, seed, strain, state, 5, value, value, out) for seed in seeds]
    return Comparison(
        pd.DataFrame(rows, columns=list(COLUMNS)), {task.name: task for task in tasks}, {}
    )


def many() -> dict[str, float]:
    """Twelve models, some of them at the same place, one far away, one with a long name."""
    names = [f"model {letter}" for letter in "abcdefghij"]
    close = {name: 0.5 + 0.01 * index for index, name in enumerate(names)}
    return {
        **close,
        "production-degradation neural ODE with a penalty of 1e3 and $x$": 0.8,
        "runaway": 40.0,
    }
