"""From forecasts to the long table of a board, and from the table to mean scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.boards.tasks import Task
from pyscimlode.objectives.metrics import reference_sd, score_rows
from pyscimlode.predictions import Prediction

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "protocol",
    "task",
    "n",
    "draw",
    "model",
    "kind",
    "seed",
    "strain",
    "state",
    "points",
    "rmse",
    "nrmse",
    "excluded",
)
"""Of the long table, one row a task, model, seed, strain and state."""
MODEL, BASELINE, CONTROL = "model", "baseline", "control"
ENSEMBLE = "ensemble"
"""In place of a seed: the median over the seeds."""
ALONE = ("protocol", "task", "n", "draw", "model", "kind", "seed")
"""What names one forecast of one task."""


def task_rows(
    task: Task, model: str, kind: str, prediction: Prediction
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of :data:`COLUMNS`: every member alone, then their median.

    A baseline or control with one member has one row a strain and state, with an empty seed.

    Args:
        task: what was asked.
        model: name in the table.
        kind: ``"model"``, ``"baseline"`` or ``"control"``.
        prediction: of the held-out strains at their own times, a member a seed.
    """
    sd = reference_sd(task.unit_of)
    head = (task.protocol, task.name, task.n, task.draw, model, kind)
    for seed, forecast in _by_seed(prediction, kind):
        medians = {name: forecast.median(name) for name in forecast.names}
        for _, *row in score_rows(model, medians, task.test, sd, task.excluded):
            yield (*head, seed, *row)


def _by_seed(prediction: Prediction, kind: str) -> Iterator[tuple[str, Prediction]]:
    n_members = next(iter(prediction.members.values())).shape[0]
    if n_members == 1 and kind != MODEL:
        yield "", prediction
        return
    for index in range(n_members):
        yield str(index), one_member(prediction, index)
    yield ENSEMBLE, prediction


def one_member(prediction: Prediction, index: int) -> Prediction:
    """Return one member as a forecast of its own."""
    rows = slice(index, index + 1)
    return replace(
        prediction,
        members={name: values[rows] for name, values in prediction.members.items()},
        status={name: codes[rows] for name, codes in prediction.status.items()},
    )


def mean_scores(table: pd.DataFrame, *, clean: bool = True) -> pd.DataFrame:
    """Return one row a task, model and seed: ``nrmse``, the mean over states.

    The error of a state is taken over the measured points of all held-out strains of the task
    together. States that do not vary have no unit and are left out; a failed forecast is not, and
    makes the mean NaN.

    Args:
        table: rows of :data:`COLUMNS`.
        clean: leave out cells that mean nothing (copied, or at the detection limit).
    """
    by_state = state_scores(table, clean=clean)
    means = by_state.groupby([*ALONE], sort=False)["nrmse"].mean().reset_index()
    return means.assign(nrmse=means["nrmse"].where(np.isfinite(means["nrmse"])))


def state_scores(table: pd.DataFrame, *, clean: bool = True) -> pd.DataFrame:
    """Return one row a task, model, seed and state; infinite where a forecast failed."""
    rows = table[~table["excluded"].astype(bool)] if clean else table
    rows = rows[~(rows["rmse"].notna() & rows["nrmse"].isna())]
    square = rows["nrmse"].fillna(np.inf) ** 2 * rows["points"]
    rows = rows.assign(square=square)
    keys = [*ALONE, "state"]
    sums = rows.groupby(keys, sort=False, as_index=False)[["square", "points"]].sum()
    return sums.assign(nrmse=np.sqrt(sums["square"] / sums["points"]))[[*keys, "nrmse"]]
