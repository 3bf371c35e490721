"""Work-precision diagrams: what accuracy costs with each solver."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pyscimlode.errors import DataError
from pyscimlode.plots.style import (
    GREY,
    MARKERS,
    PALETTE,
    Figure,
    figure_legend,
    panels,
    plain,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

NEEDED = ("solver", "error", "seconds")
LARGEST = 10.0
"""Errors above this many times the state are no answer; they are left out and named."""


MANY, WIDE = 8, 7.5
"""More solvers than these need so many inches for their names."""

_MARKERS = (*MARKERS, "*", "<", ">", "h")


class Look(NamedTuple):
    """How a solver is drawn."""

    colour: str
    marker: str
    dash: Literal["-", "--"]


@styled
def plot_work_precision(
    table: pd.DataFrame,
    *,
    problems: Sequence[str] | None = None,
    drawn_as: Mapping[str, Look] | None = None,
    error_label: str = "error / largest value of the state",
    time_label: str = "CPU time of a solve [s]",
) -> Figure:
    """Plot the time of every solve against its error; lower left is better.

    Colours are libraries, markers are methods; explicit methods have dashed lines. Solves without
    an answer are named below their panel with the number of tolerances at which they failed.

    Args:
        table: one row a solve, with columns ``solver``, ``error`` and ``seconds``. Further columns
            are used where there are any: ``problem`` (a panel each), ``library`` (a colour each),
            ``kind`` (``"explicit"`` or ``"implicit"``), ``status`` (all but ``"success"`` failed)
            and ``rtol`` (points of a solver are joined in this order).
        problems: these alone, in this order.
        drawn_as: how each solver is drawn, by its name: :func:`looks` of a larger table makes
            several figures agree. By default that of this table.
        error_label: of the axis of errors.
        time_label: of the axis of times.

    Raises:
        DataError: for a table without a needed column, or without such a problem.
    """
    missing = [name for name in NEEDED if name not in table.columns]
    if missing:
        raise DataError(
            f"A work-precision table needs the columns {', '.join(NEEDED)}; "
            f"{', '.join(missing)} is missing."
        )
    rows = table if "problem" in table.columns else table.assign(problem="")
    known = [str(name) for name in dict.fromkeys(rows["problem"])]
    chosen = known if problems is None else list(problems)
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        raise DataError(
            f"The table has no problem {', '.join(map(repr, unknown)) or 'at all'}; "
            f"it has {', '.join(map(repr, known)) or 'no rows'}."
        )
    shown = looks(rows)
    if drawn_as is not None:
        shown = {solver: drawn_as.get(solver, look) for solver, look in shown.items()}
    figure, axes = panels(len(chosen), columns=min(len(chosen), 3), width=2.7, height=2.6)
    if len(shown) > MANY:
        figure.set_size_inches(max(WIDE, figure.get_figwidth()), figure.get_figheight())
    drawn: set[str] = set()
    for name, axis in zip(chosen, axes, strict=True):
        drawn |= _panel(axis, rows[rows["problem"] == name], shown, error_label)
        axis.set_title(plain(name))
    for axis in axes[:: min(len(chosen), 3)]:
        axis.set_ylabel(time_label)
    entries: list[tuple[Artist, str]] = [
        (_line(look), solver) for solver, look in shown.items() if solver in drawn
    ]
    if entries:
        figure_legend(figure, entries, most=5)
    return figure


def looks(table: pd.DataFrame) -> dict[str, Look]:
    """Return how each solver is drawn: the same in every panel, libraries together."""
    columns = [name for name in ("library", "solver", "kind") if name in table.columns]
    solvers = table[columns].drop_duplicates("solver")
    libraries = list(dict.fromkeys(solvers["library"])) if "library" in columns else []
    found: dict[str, Look] = {}
    for index, solver in enumerate(solvers["solver"]):
        row = solvers.iloc[index]
        explicit = "kind" in columns and row["kind"] == "explicit"
        if libraries:
            place = libraries.index(row["library"])
            others = sum(look.colour == PALETTE[place % len(PALETTE)] for look in found.values())
        else:
            place, others = index, index
        found[str(solver)] = Look(
            PALETTE[place % len(PALETTE)],
            _MARKERS[others % len(_MARKERS)],
            "--" if explicit else "-",
        )
    if not libraries:
        return found
    return dict(sorted(found.items(), key=lambda item: PALETTE.index(item[1].colour)))


def _line(look: Look) -> Line2D:
    return Line2D(
        [], [], color=look.colour, marker=look.marker, linestyle=look.dash, markersize=4.0, lw=1.1
    )


def _panel(axis: Axes, rows: pd.DataFrame, shown: Mapping[str, Look], error_label: str) -> set[str]:
    """Draw one problem and return the solvers that have a point."""
    drawn = set()
    failed: list[str] = []
    for solver, look in shown.items():
        mine = rows[rows["solver"] == solver]
        if mine.empty:
            continue
        if "rtol" in mine.columns:
            mine = mine.sort_values("rtol", ascending=False)
        answered = _answered(mine)
        if not answered.all():
            failed.append(f"{solver} {(~answered).sum()}/{len(mine)}")
        if answered.any():
            drawn.add(solver)
            _curve(axis, solver, mine[answered], look)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.grid(color="#ececec", linewidth=0.5)
    axis.set_axisbelow(True)
    if not drawn:
        axis.set_xlim(1e-10, 1.0)
        axis.set_ylim(1e-4, 1.0)
    axis.set_xlabel(error_label)
    if failed:
        axis.annotate(
            textwrap.fill(plain(f"no answer: {', '.join(failed)}"), 64),
            (0.5, 0.0),
            xycoords="axes fraction",
            xytext=(0.0, -34.0),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=6.5,
            color=GREY,
            gid="failed",
        )
    return drawn


def _answered(rows: pd.DataFrame) -> npt.NDArray[np.bool_]:
    error = rows["error"].to_numpy(dtype=np.float64)
    good = np.isfinite(error) & (error <= LARGEST) & (error > 0.0)
    if "status" in rows.columns:
        good &= np.asarray(rows["status"] == "success")
    return np.asarray(good)


def _curve(axis: Axes, solver: str, rows: pd.DataFrame, look: Look) -> None:
    axis.plot(
        rows["error"].to_numpy(dtype=np.float64),
        rows["seconds"].to_numpy(dtype=np.float64),
        color=look.colour,
        marker=look.marker,
        linestyle=look.dash,
        markersize=4.0,
        linewidth=1.1,
        gid=f"solver:{solver}",
    )
