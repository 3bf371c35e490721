"""Published errors, our own under the same protocol, and the same nets as true forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pyscimlode.baselines.controls import CONTROLS
from pyscimlode.boards.reproduction_numbers import Column
from pyscimlode.boards.reproduction_scores import NET, PUBLISHED_NET, PUBLISHED_TPOT, UNTRAINED
from pyscimlode.errors import ExperimentError, did_you_mean
from pyscimlode.plots.style import GREY, PALETTE, Figure, figure_legend, plain, styled
from pyscimlode.results.scoring import ZERO_FIELD

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.boards.reproduction import Reproduction

PERSISTENCE = CONTROLS[0].name
FLOOR = 1e-3
"""Errors below are drawn at this one, at the left edge: a logarithm has no zero."""

LOOKS: dict[str, dict[str, Any]] = {
    "published": {"color": PALETTE[0], "marker": "s"},
    "ours": {"color": PALETTE[2], "marker": "o"},
    "untrained": {"color": PALETTE[5], "marker": "D", "markerfacecolor": "white"},
    "zero": {"color": "#000000", "marker": "<"},
    "forecast": {"color": PALETTE[1], "marker": "o"},
    "persistence": {"color": GREY, "marker": "|", "markersize": 11.0, "markeredgewidth": 2.0},
    "tpot": {"color": PALETTE[3], "marker": "X"},
}


@styled
def plot_reproduction(reproduction: Reproduction, strain: str | None = None) -> Figure:
    """Plot the RMSE of every metabolite of one held-out strain, on a logarithmic axis.

    Left: the published protocol, where input and target are the same row; published nets, ours
    (first variant), nets before training, and a field that is zero everywhere. Right: forecasts
    from the state at t0; the same nets, persistence, and the published baseline. Lines span the
    penalties and seeds, markers are their means.

    Args:
        reproduction: what :func:`pyscimlode.reproduce` returned.
        strain: the held-out strain; the first by default.

    Raises:
        ExperimentError: for a strain that is not in it.
    """
    name = reproduction.strains[0] if strain is None else strain
    if name not in reproduction.strains:
        raise ExperimentError(
            f"There is no strain {name!r} in this reproduction; there are "
            f"{', '.join(reproduction.strains)}." + did_you_mean(name, reproduction.strains)
        )
    of_strain = reproduction.table[reproduction.table["strain"] == name]
    identity = of_strain[of_strain["task"] == "identity"]
    forecast = of_strain[of_strain["task"] == "forecast"]
    published = identity[identity["model"] == PUBLISHED_NET]
    states = list(dict.fromkeys(published["state"]))
    variant = reproduction.settings["variants"][0]
    ours = identity[(identity["model"] == NET) & (identity["variant"] == variant)]
    forecasts = forecast[(forecast["model"] == NET) & (forecast["variant"] == variant)]

    figure = Figure(figsize=(9.2, 1.5 + 0.3 * len(states)), layout="constrained")
    left = figure.add_subplot(1, 2, 1)
    right = figure.add_subplot(1, 2, 2, sharex=left, sharey=left)
    _dots(left, states, published, "published", 0.27)
    _dots(left, states, Column(UNTRAINED).of(identity), "untrained", 0.09)
    _dots(left, states, ours, "ours", -0.09)
    _dots(left, states, Column(ZERO_FIELD).of(identity), "zero", -0.27)
    _dots(right, states, Column(PUBLISHED_TPOT).of(forecast), "tpot", 0.2)
    _dots(right, states, forecasts, "forecast", 0.0)
    _dots(right, states, Column(PERSISTENCE).of(forecast), "persistence", -0.2)
    left.set_title("published protocol: input = target")
    right.set_title("true forecast from the state at t0")
    _frame(left, states)
    right.tick_params(axis="y", labelleft=False, length=0)
    figure.suptitle(f"{plain(name)}: RMSE of each metabolite, in its own unit")
    for axis in (left, right):
        axis.set_xlabel("RMSE [mM, g/L or OD]; lines span penalties and seeds")
    entries = [
        ("published", "published nets"),
        ("untrained", "nets before training"),
        ("ours", f"our nets, {variant}"),
        ("zero", f"zero field (less than {FLOOR:g})"),
        ("forecast", "our nets as a forecast"),
        ("tpot", "published baseline (TPOT)"),
        ("persistence", "persistence"),
    ]
    figure_legend(
        figure,
        [(Line2D([], [], linestyle="none", **LOOKS[key]), label) for key, label in entries],
        most=4,
    )
    return figure


def _dots(axis: Axes, states: list[str], rows: pd.DataFrame, key: str, offset: float) -> None:
    """Draw mean and span of each state's rows; a failed forecast is not drawn."""
    if rows.empty:
        return
    look = LOOKS[key]
    y = np.arange(len(states)) + 0.5 - offset
    by_state = rows.groupby("state")["rmse"]
    low, middle, high = (
        _shown(getattr(by_state, how)().reindex(states)) for how in ("min", "mean", "max")
    )
    axis.hlines(y, low, high, color=look["color"], linewidth=1.4, alpha=0.55)
    axis.plot(middle, y, linestyle="none", gid=key, **{"markersize": 5.0, **look})


def _shown(values: pd.Series[Any]) -> npt.NDArray[np.float64]:
    return np.maximum(values.to_numpy(dtype=np.float64), FLOOR)


def _frame(axis: Axes, states: list[str]) -> None:
    axis.set_xscale("log")
    axis.set_yticks(np.arange(len(states)) + 0.5, [plain(state) for state in states])
    axis.set_ylim(len(states), 0.0)
    axis.tick_params(axis="y", length=0)
    for edge in range(1, len(states)):
        for of_figure in axis.figure.axes:
            of_figure.axhline(edge, color="#e3e7ed", linewidth=0.6, zorder=0)
