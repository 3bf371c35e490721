"""A comparison as Markdown tables that need no other page to be understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.boards.scores import BASELINE, CONTROL, MODEL
from pyscimlode.boards.tasks import PROTOCOLS, SIMULATED

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards.comparison import Comparison

LEGEND = (
    "Each number is the error of a forecast of strains that were not trained on, from their first "
    "measured state and their proteins over time: NRMSE, the root mean squared error of a "
    "metabolite over the measured points after the start, in units of the metabolite's standard "
    "deviation, averaged over metabolites. 0 is perfect; a forecast of 1 is about as wrong as "
    "metabolites vary. Metabolites whose values were copied from another strain or lie at the "
    "detection limit do not count. A model is worth something where it is below the controls."
)
HEADINGS = {
    MODEL: "Models",
    BASELINE: "Regressions without a mechanism",
    CONTROL: "Controls: what can be had without learning, or with wrong knowledge",
}


def markdown(comparison: Comparison) -> str:
    """Return a section a protocol, a legend, and the warnings."""
    parts = ["# Forecasts of held-out strains", LEGEND]
    parts += [_section(comparison, protocol) for protocol in comparison.protocols]
    if comparison.warnings:
        notes = "\n".join(f"- {' '.join(str(w).split())}" for w in comparison.warnings)
        parts.append(f"## What must be known\n\n{notes}")
    return "\n\n".join(parts) + "\n"


def _section(comparison: Comparison, protocol: str) -> str:
    summary = comparison.summary()
    rows = summary[summary["protocol"] == protocol]
    sizes = sorted(set(rows["n"]))
    title = f"## {protocol}: {PROTOCOLS[protocol]}"
    if protocol in SIMULATED:
        draws = len({t.draw for t in comparison.tasks.values() if t.protocol == protocol})
        said = f"Mean ± standard deviation over {draws} draws of the training strains."
        return "\n\n".join([title, said if draws > 1 else "One draw.", _curve(rows, sizes)])
    said = (
        "Mean over the held-out strains ± standard deviation over seeds; *median* is the median "
        "forecast of the seeds; then each held-out strain, mean over seeds."
    )
    return "\n\n".join([title, said, _folds(rows, comparison.by_task(protocol))])


def _curve(rows: pd.DataFrame, sizes: Sequence[int]) -> str:
    columns = [f"{size} strain{'' if size == 1 else 's'}" for size in sizes]
    cells = {
        str(model): [_found(of_model[of_model["n"] == size]) for size in sizes]
        for model, of_model in rows.groupby("model", sort=False)
    }
    largest = rows[rows["n"] == sizes[-1]]
    order = list(dict.fromkeys([*largest["model"], *rows["model"]]))
    return _table(["", *columns], order, dict(zip(rows["model"], rows["kind"], strict=True)), cells)


def _folds(rows: pd.DataFrame, by_task: pd.DataFrame) -> str:
    tasks = [str(name).split("/", 1)[1] for name in by_task.index]
    cells = {
        row["model"]: [
            mean_and_sd(row["NRMSE clean"], row["sd"]),
            number(row["ensemble NRMSE clean"]),
            *(number(value) for value in by_task[row["model"]]),
        ]
        for _, row in rows.iterrows()
    }
    kinds = dict(zip(rows["model"], rows["kind"], strict=True))
    return _table(["", "mean", "median", *tasks], list(rows["model"]), kinds, cells)


def _table(
    columns: Sequence[str],
    order: Sequence[str],
    kinds: dict[str, str],
    cells: dict[str, list[str]],
) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]
    empty = " |" * (len(columns) - 1)
    for kind, heading in HEADINGS.items():
        models = [model for model in order if kinds[model] == kind]
        if models:
            lines.append(f"| *{heading}* |{empty}")
        lines += [f"| {escaped(model)} | " + " | ".join(cells[model]) + " |" for model in models]
    return "\n".join(lines)


def _found(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "-"
    return mean_and_sd(float(rows["NRMSE clean"].iloc[0]), float(rows["sd"].iloc[0]))


def mean_and_sd(mean: float, sd: float) -> str:
    """Return ``0.507 ± 0.013``; without the sd where there is none."""
    return f"{number(mean)} ± {number(sd)}" if np.isfinite(sd) and sd > 0 else number(mean)


def number(value: float) -> str:
    """Return three decimals; a failed forecast says so."""
    return f"{value:.3f}" if np.isfinite(value) else "failed"


def escaped(name: str) -> str:
    """Return a name that does not break a table."""
    return name.replace("|", "\\|")
