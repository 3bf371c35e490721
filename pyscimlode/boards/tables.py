"""The score table of one protocol as text cells, for Markdown and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.boards.scores import BASELINE, CONTROL, MODEL
from pyscimlode.boards.tasks import SIMULATED

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards.comparison import Comparison

MOST_FOLDS = 10
"""Held-out strains that have a column each."""


@dataclass(frozen=True)
class BoardTable:
    """Clean NRMSE of models (rows) by number of training strains or held-out strain (columns).

    Attributes:
        columns: their headings.
        rows: kind, model and cells of each row; models first, then regressions, then controls,
            each best first.
        said: one sentence about what the cells are.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]
    said: str


def board_table(comparison: Comparison, protocol: str) -> BoardTable:
    """Return the table of one protocol: a learning curve, or a column a held-out strain."""
    summary = comparison.summary()
    rows = summary[summary["protocol"] == protocol]
    if protocol in SIMULATED:
        draws = {task.draw for task in comparison.tasks.values() if task.protocol == protocol}
        return _curve(rows, len(draws))
    return _folds(rows, comparison.by_task(protocol))


def _curve(rows: pd.DataFrame, draws: int) -> BoardTable:
    sizes = sorted(set(rows["n"]))
    found = {
        (str(row["model"]), int(row["n"])): mean_and_sd(row["NRMSE clean"], row["sd"])
        for _, row in rows.iterrows()
    }
    largest = rows[rows["n"] == sizes[-1]]
    order = dict.fromkeys([*largest["model"], *rows["model"]])
    kinds = dict(zip(rows["model"], rows["kind"], strict=True))
    cells = [
        (kinds[model], model, tuple(found.get((model, size), "-") for size in sizes))
        for model in order
    ]
    return BoardTable(
        columns=tuple(f"{size} strain{'' if size == 1 else 's'}" for size in sizes),
        rows=_sorted(cells),
        said="Columns: number of training strains. "
        + (
            f"Mean ± standard deviation over {draws} draws of the training strains."
            if draws > 1
            else "One draw of the training strains."
        ),
    )


def _folds(rows: pd.DataFrame, by_task: pd.DataFrame) -> BoardTable:
    shown = by_task.iloc[:MOST_FOLDS]
    cells = [
        (
            row["kind"],
            row["model"],
            (
                mean_and_sd(row["NRMSE clean"], row["sd"]),
                number(row["ensemble NRMSE clean"]),
                *(number(value) for value in shown[row["model"]]),
            ),
        )
        for _, row in rows.iterrows()
    ]
    strains = [str(name).split("/", 1)[1] for name in shown.index]
    said = (
        "Mean over the held-out strains ± standard deviation over seeds; then the median forecast "
        "of the seeds; then each held-out strain, mean over seeds."
    )
    if len(shown) < len(by_task):
        said += f" The first {MOST_FOLDS} of {len(by_task)} held-out strains are shown."
    return BoardTable(("mean", "median forecast", *strains), _sorted(cells), said)


def _sorted(
    rows: Sequence[tuple[str, str, tuple[str, ...]]],
) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    rank = {MODEL: 0, BASELINE: 1, CONTROL: 2}
    return tuple(sorted(rows, key=lambda row: rank[row[0]]))


def mean_and_sd(mean: float, sd: float) -> str:
    """Return ``0.507 ± 0.013``; without the sd where there is none."""
    return f"{number(mean)} ± {number(sd)}" if np.isfinite(sd) and sd > 0 else number(mean)


def number(value: float) -> str:
    """Return three decimals; a failed forecast says so."""
    return f"{value:.3f}" if np.isfinite(value) else "failed"
