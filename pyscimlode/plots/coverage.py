"""Nominal against measured coverage of intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pyscimlode.errors import DataError
from pyscimlode.plots.style import (
    GREY,
    MARKERS,
    PALETTE,
    figure_legend,
    panels,
    plain,
    styled,
)

if TYPE_CHECKING:
    from pyscimlode.plots.style import Figure
    from pyscimlode.results.coverage_table import Coverage


@styled
def plot_coverage(coverage: Coverage | Mapping[str, Coverage], level: float = 0.9) -> Figure:
    """Plot how much the intervals cover, beside what they promise.

    Left: measured against nominal coverage, with the standard error over strains; a point below
    the diagonal belongs to intervals that are too narrow. Right: coverage of each state at one
    nominal level.

    Args:
        coverage: what ``coverage(...)`` returned, or several by name (ensemble and conformal
            intervals of one model, say).
        level: nominal level of the right panel.

    Raises:
        DataError: for nothing to show.
        ValueRangeError: for a level that was not measured.
    """
    shown = dict(coverage) if isinstance(coverage, Mapping) else {coverage.name: coverage}
    if not shown:
        raise DataError("There is no coverage to plot: the mapping is empty.")
    for one in shown.values():
        one.covered(level)
    figure, (left, right) = panels(2, columns=2, width=3.1, height=2.6)
    _draw_levels(left, shown)
    _draw_states(right, shown, level)
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], color=PALETTE[i % 7], marker=MARKERS[i % 7], linestyle=""), _label(n, one))
        for i, (n, one) in enumerate(shown.items())
    ]
    entries.append((Line2D([], [], color=GREY, linewidth=0.9, linestyle="--"), "as promised"))
    figure_legend(figure, entries)
    return figure


def _label(name: str, coverage: Coverage) -> str:
    return f"{name}: {coverage.kind} intervals"


def _draw_levels(axis: Axes, shown: Mapping[str, Coverage]) -> None:
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.9, linestyle="--", gid="promise")
    for index, (name, one) in enumerate(shown.items()):
        summary = one.summary()
        axis.errorbar(
            summary.index.to_numpy(dtype=np.float64),
            summary["covered"].to_numpy(dtype=np.float64),
            yerr=np.nan_to_num(summary["standard error"].to_numpy(dtype=np.float64)),
            color=PALETTE[index % 7],
            marker=MARKERS[index % 7],
            markersize=4,
            linewidth=1.2,
            capsize=2,
            gid=f"covered:{name}",
        )
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel("nominal level")
    axis.set_ylabel("share of points inside")
    axis.set_title("coverage of held-out strains")


def _draw_states(axis: Axes, shown: Mapping[str, Coverage], level: float) -> None:
    states = list(next(iter(shown.values())).by_state().index)
    for index, (name, one) in enumerate(shown.items()):
        inside = one.by_state()[level].reindex(states).to_numpy(dtype=np.float64)
        axis.plot(
            inside,
            np.arange(len(states)),
            linestyle="",
            marker=MARKERS[index % 7],
            markersize=4,
            color=PALETTE[index % 7],
            gid=f"state:{name}",
        )
    axis.axvline(level, color=GREY, linewidth=0.9, linestyle="--", gid="level")
    axis.set_yticks(range(len(states)), [plain(str(state)) for state in states])
    axis.set_ylim(len(states) - 0.5, -0.5)
    axis.set_xlim(0, 1.02)
    axis.set_xlabel("share of points inside")
    axis.set_title(f"nominal {100 * level:g} %")
