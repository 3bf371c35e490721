"""Scores of all models of one protocol, state by state or task by task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from pyscimlode.errors import DataError
from pyscimlode.plots.boards import CONTROL, kinds, ranked, rows_of
from pyscimlode.plots.scores import score_text
from pyscimlode.plots.style import GREY, Figure, plain, styled

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards import Comparison

FloatArray = npt.NDArray[np.float64]
By = Literal["state", "task"]

WORST = 2.0
"""NRMSE from which on all colours are the same."""

GAP = 0.3
"""Between the mean and the other columns, and around the line above the controls, in cells."""

CELL_WIDTH, CELL_HEIGHT = 0.62, 0.27
"""Inches."""

OUT = "left out"
NOT_RUN = ""


@dataclass(frozen=True, eq=False)
class _Grid:
    """What the cells say.

    Attributes:
        rows: names of models, best first, then controls.
        n_models: how many of them are no controls.
        columns: labels.
        values: ``(rows, columns)`` NRMSE; NaN where ``marks`` says why.
        marks: ``(rows, columns)`` text of cells without a number.
        n_means: columns that are means of the others.
        daggers: whether some columns leave some strains out.
    """

    rows: list[str]
    n_models: int
    columns: list[str]
    values: FloatArray
    marks: npt.NDArray[np.object_]
    n_means: int
    daggers: bool


@styled
def plot_score_heatmap(
    comparison: Comparison, protocol: str = "sim-sparse", by: By = "state", n: int | None = None
) -> Figure:
    """Plot the clean NRMSE of every model and control as a table of coloured cells.

    Models are sorted by their mean, best first; controls stand below the line, sorted likewise. A
    darker cell is a larger error, the same from 2 on; the colour bar marks 1, an error as large as
    the standard deviation of the metabolite. Hatched states count for no strain (copied from
    another strain, or at the detection limit); a dagger marks states that are left out for some.

    Args:
        comparison: what ``compare`` returned.
        protocol: one of its protocols.
        by: columns are ``"state"`` or ``"task"`` (folds; sizes and draws).
        n: number of training strains; by default the largest. With ``by="task"`` None means all.

    Raises:
        DataError: for an unknown protocol, n or ``by``.
    """
    if by not in ("state", "task"):
        raise DataError(f"by={by!r} is not one of state, task.")
    rows = rows_of(comparison, protocol, n)
    states = by == "state"
    grid = _states(comparison, protocol, rows) if states else _tasks(comparison, protocol, n)
    figure, axis = _canvas(grid)
    x = np.arange(len(grid.columns)) + GAP * (np.arange(len(grid.columns)) >= grid.n_means)
    y = np.arange(len(grid.rows)) + GAP * (np.arange(len(grid.rows)) >= grid.n_models)
    for row, top in enumerate(y):
        for column, left in enumerate(x):
            _cell(axis, left, top, grid.values[row, column], str(grid.marks[row, column]))
    _frame(axis, grid, x, y)
    _bar(figure, axis)
    sizes = {task.n for task in comparison.tasks.values() if task.protocol == protocol}
    size = int(rows["n"].iloc[0])
    alone = states or n is not None or len(sizes) == 1
    axis.set_title(
        f"{plain(protocol)}, {size} training strains" if alone else plain(protocol), pad=10
    )
    figure.supxlabel(_caption(grid), fontsize=8, color=GREY)
    return figure


def _states(comparison: Comparison, protocol: str, rows: pd.DataFrame) -> _Grid:
    size = int(rows["n"].iloc[0])
    order = ranked(comparison, protocol, size)
    names = [str(name) for name in order["model"]]
    table = comparison.by_state(protocol, size)
    states = [str(state) for state in dict.fromkeys(rows["state"])]
    out = rows["excluded"].astype(bool).groupby(rows["state"].astype(str))
    everywhere, somewhere = out.all(), out.any()
    values = np.full((len(names), 1 + len(states)), np.nan)
    marks = np.full(values.shape, "failed", dtype=object)
    values[:, 0] = order["mean"].to_numpy(dtype=np.float64)
    for column, state in enumerate(states, start=1):
        if state in table.index:
            values[:, column] = table.loc[state].reindex(names).to_numpy(dtype=np.float64)
        else:
            marks[:, column] = OUT if everywhere[state] else "no unit"
    partly = [state for state in states if somewhere[state] and not everywhere[state]]
    labels = [f"{plain(state)}{' †' if state in partly else ''}" for state in states]
    n_models = int((order["kind"] != CONTROL).sum())
    return _Grid(names, n_models, ["mean", *labels], values, marks, 1, bool(partly))


def _tasks(comparison: Comparison, protocol: str, n: int | None) -> _Grid:
    order = ranked(comparison, protocol, n)
    names = [str(name) for name in order["model"]]
    names += [m for m in _all_models(comparison, protocol) if m not in names]
    tasks = [
        task.name
        for task in comparison.tasks.values()
        if task.protocol == protocol and n in (None, task.n)
    ]
    known = kinds(comparison)
    names.sort(key=lambda name: known[name] == CONTROL)
    table = comparison.by_task(protocol).reindex(index=tasks, columns=names)
    values = table.to_numpy(dtype=np.float64).T
    run = comparison.table.groupby(["task", "model"]).size()
    marks = np.array(
        [["failed" if (task, name) in run.index else NOT_RUN for task in tasks] for name in names],
        dtype=object,
    )
    n_means = int(len({comparison.tasks[task].n for task in tasks}) == 1)
    if n_means:
        means = order.set_index("model")["mean"].reindex(names).to_numpy(dtype=np.float64)
        values = np.column_stack([means, values])
        marks = np.column_stack([np.full(len(names), "failed", dtype=object), marks])
    labels = [plain(task.removeprefix(f"{protocol}/").replace("/", " ")) for task in tasks]
    n_models = sum(known[name] != CONTROL for name in names)
    return _Grid(names, n_models, ["mean"] * n_means + labels, values, marks, n_means, False)


def _all_models(comparison: Comparison, protocol: str) -> list[str]:
    table = comparison.table
    return list(dict.fromkeys(table.loc[table["protocol"] == protocol, "model"].astype(str)))


def _canvas(grid: _Grid) -> tuple[Figure, Axes]:
    names = 0.075 * max(len(name) for name in grid.rows)
    columns = 0.055 * max(len(name) for name in grid.columns)
    width = names + CELL_WIDTH * len(grid.columns) + 1.4
    height = columns + CELL_HEIGHT * len(grid.rows) + 1.5
    figure = Figure(figsize=(max(width, 5.2), height), layout="constrained")
    return figure, figure.add_subplot()


def _cell(axis: Axes, left: float, top: float, value: float, mark: str) -> None:
    finite = bool(np.isfinite(value))
    shade = _colours()(Normalize(0.0, WORST)(min(value, WORST))) if finite else (1.0, 1.0, 1.0, 1.0)
    hatch = "////" if not finite and mark == OUT else None
    axis.add_patch(
        Rectangle(
            (left, top),
            1.0,
            1.0,
            facecolor=shade,
            edgecolor="#b5b5b5" if hatch else "white",
            hatch=hatch,
            linewidth=0.0 if hatch else 1.0,
        )
    )
    if hatch or (not finite and mark == NOT_RUN):
        return
    luminance = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2]
    axis.text(
        left + 0.5,
        top + 0.52,
        score_text(float(value)) if finite else mark,
        ha="center",
        va="center",
        fontsize=8.5 if finite else 7.5,
        color="white" if luminance < 0.5 else "black",
    )


def _colours() -> mpl.colors.Colormap:
    """Return light to dark blue, so that black letters can be read up to about 1."""
    return mpl.colors.LinearSegmentedColormap.from_list(
        "errors", mpl.colormaps["Blues"](np.linspace(0.03, 0.92, 256))
    )


def _frame(axis: Axes, grid: _Grid, x: FloatArray, y: FloatArray) -> None:
    axis.set_xlim(0.0, float(x[-1]) + 1.0)
    axis.set_ylim(float(y[-1]) + 1.0, 0.0)
    axis.set_xticks(x + 0.5, grid.columns, rotation=40, ha="left", rotation_mode="anchor")
    axis.set_yticks(y + 0.5, [plain(name) for name in grid.rows])
    axis.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    if 0 < grid.n_models < len(grid.rows):
        axis.axhline(float(y[grid.n_models]) - GAP / 2, color="black", linewidth=1.0, gid="line")


def _bar(figure: Figure, axis: Axes) -> None:
    scale = ScalarMappable(Normalize(0.0, WORST), _colours())
    bar = figure.colorbar(scale, ax=axis, shrink=0.8, aspect=18, pad=0.02)
    bar.set_ticks([0.0, 0.5, 1.0, 1.5, 2.0], labels=["0", "0.5", "1", "1.5", "≥ 2"])
    bar.ax.axhline(1.0, color="black", linewidth=1.2)
    bar.set_label("clean NRMSE")


def _caption(grid: _Grid) -> str:
    text = "NRMSE: RMSE / sd of the metabolite; 0 is perfect. Controls are below the line."
    if (grid.marks == OUT).any():
        text += "\nHatched: not counted, copied from another strain or at the detection limit."
    if grid.daggers:
        text += "\n† not counted for some of the held-out strains."
    return text
