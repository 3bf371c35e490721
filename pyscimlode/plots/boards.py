"""What the figures of a comparison share: its models in order, and how each one looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.plots.style import GREY, MARKERS, PALETTE

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards import Comparison, Task

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)))
"""Line styles of the first, second and third seven models."""
CONTROL_DASH: Any = (0, (4, 2.5))
WHITE = "#ffffff"

CONTROL = "control"
BASELINE = "baseline"


@dataclass(frozen=True)
class Look:
    """How the lines and points of one model are drawn in every figure of a comparison."""

    colour: str
    marker: str
    dash: Any
    hollow: bool = False

    @property
    def face(self) -> str:
        """Colour inside the markers."""
        return WHITE if self.hollow else self.colour


def kinds(comparison: Comparison) -> dict[str, str]:
    """Return model name -> ``"model"``, ``"baseline"`` or ``"control"``, in order of appearance."""
    table = comparison.table
    return dict(zip(table["model"].astype(str), table["kind"].astype(str), strict=True))


def looks(comparison: Comparison) -> dict[str, Look]:
    """Return the look of every model; regressions are hollow, controls grey and dashed."""
    found: dict[str, Look] = {}
    drawn = 0
    for name, kind in kinds(comparison).items():
        if kind == CONTROL:
            found[name] = Look(GREY, "", CONTROL_DASH)
            continue
        turn, place = divmod(drawn, len(PALETTE))
        dash = DASHES[min(turn, len(DASHES) - 1)]
        marker = MARKERS[(place + turn) % len(MARKERS)]
        found[name] = Look(PALETTE[place], marker, dash, hollow=kind == BASELINE)
        drawn += 1
    return found


def rows_of(comparison: Comparison, protocol: str, n: int | None = None) -> pd.DataFrame:
    """Return the rows of the long table of one protocol and one number of training strains.

    Args:
        comparison: the comparison.
        protocol: one of its protocols.
        n: number of training strains; None: the largest.

    Raises:
        DataError: for an unknown protocol, or a number that it does not have.
    """
    table = comparison.table
    rows = table[table["protocol"] == protocol]
    if rows.empty:
        known = list(dict.fromkeys(table["protocol"]))
        raise DataError(
            f"Protocol {protocol!r} is not in this comparison; there are {', '.join(known)}."
            + did_you_mean(str(protocol), known)
        )
    sizes = sorted({int(size) for size in rows["n"]})
    size = sizes[-1] if n is None else n
    if size not in sizes:
        raise DataError(
            f"Protocol {protocol!r} was not run with n={n} training strains; there are "
            f"{', '.join(map(str, sizes))}."
        )
    return rows[rows["n"] == size]


def ranked(comparison: Comparison, protocol: str, n: int | None = None) -> pd.DataFrame:
    """Return ``model, kind, mean, sd`` of one protocol and n, best first, controls at the end."""
    size = int(rows_of(comparison, protocol, n)["n"].iloc[0])
    curve = comparison.learning_curve(protocol)
    known = kinds(comparison)
    rows = curve[curve["n"] == size]
    rows = rows.assign(kind=rows["model"].map(known), last=rows["model"].map(known) == CONTROL)
    rows = rows.sort_values(["last", "mean"], na_position="last", kind="stable")
    return rows[["model", "kind", "mean", "sd"]].reset_index(drop=True)


def find_task(comparison: Comparison, name: str) -> Task:
    """Return the task of this name.

    Raises:
        DataError: the comparison has none.
    """
    if name not in comparison.tasks:
        known = list(comparison.tasks)
        shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
        raise DataError(
            f"There is no task {name!r} in this comparison; there are {shown}."
            + did_you_mean(str(name), known)
        )
    return comparison.tasks[name]


def scores_of(comparison: Comparison, task: Task) -> dict[str, float]:
    """Return model -> clean NRMSE on one task; NaN where a forecast failed."""
    row = comparison.by_task(task.protocol).loc[[task.name]]
    values = row.to_numpy(dtype=np.float64)[0]
    return dict(zip(map(str, row.columns), values.tolist(), strict=True))


def best_of_task(comparison: Comparison, task: Task, *, controls: bool) -> list[str]:
    """Return the models (or the controls) that have a score on a task, best first."""
    known = kinds(comparison)
    finite = {m: v for m, v in scores_of(comparison, task).items() if np.isfinite(v)}
    chosen = [name for name in finite if (known[name] == CONTROL) == controls]
    return sorted(chosen, key=finite.__getitem__)
