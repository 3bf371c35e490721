"""Scores of models beside the controls, one row a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Rectangle

from pyscimlode.baselines.controls import CONTROLS
from pyscimlode.plots.style import GREY, Figure, plain, styled
from pyscimlode.results.scoring import ZERO_FIELD

if TYPE_CHECKING:
    from pyscimlode.results import Scores

CONTROL_NAMES = (*(control.name for control in CONTROLS), ZERO_FIELD)
GAP = 0.35
"""Between models and controls, in columns."""

WORST = 2.0
"""NRMSE from which on all colours are the same."""


@styled
def plot_scores(scores: Scores) -> Figure:
    """Plot the error of every model and control in every state, and their means, as a table.

    Models stand on the left, controls on the right of the gap; a darker cell is a larger error.
    Under the forecast protocol cells are NRMSE over the points of all held-out strains; under the
    identity protocol they are RMSE in the states' own units, without colours: these scores are
    not to be compared. A dagger marks states whose score means nothing for at least one of the
    strains; the clean mean leaves them out.
    """
    forecast = scores.protocol == "forecast"
    value = "nrmse" if forecast else "rmse"
    name = value.upper()
    table = scores.by_state(value)
    models = [m for m in scores.models if m not in CONTROL_NAMES]
    order = [*models, *(m for m in scores.models if m in CONTROL_NAMES)]
    marked = set(scores.table.loc[scores.table["excluded"].astype(bool), "state"])
    means = scores.summary()
    rows = [(f"mean{' (clean)' if marked else ''}", means[f"{name} clean"].reindex(order))]
    if marked:
        rows.append(("mean of all", means[f"{name} all"].reindex(order)))
    rows += [
        (f"{plain(str(state))}{' †' if state in marked else ''}", table.loc[state].reindex(order))
        for state in table.index
    ]
    left = np.arange(len(order)) + GAP * (np.arange(len(order)) >= len(models))

    figure = Figure(
        figsize=(max(2.0 + 1.05 * len(order), 5.6), 1.9 + 0.27 * len(rows)), layout="constrained"
    )
    axis = figure.add_subplot()
    n_means = 2 if marked else 1
    tops = np.arange(len(rows)) + GAP * (np.arange(len(rows)) >= n_means)
    for (_, values), top in zip(rows, tops, strict=True):
        _row(axis, values.to_numpy(dtype=np.float64), left, float(top), coloured=forecast)
    _frame(axis, [text for text, _ in rows], tops, order, left)
    if not forecast:
        axis.set_title("identity protocol: input = target, these are not forecasts", pad=8)
    elif len(models) < len(order):
        _headings(axis, left, len(models), len(order))
    figure.supxlabel(_caption(scores, bool(marked)), fontsize=8, color=GREY)
    return figure


def _row(
    axis: Axes,
    values: npt.NDArray[np.float64],
    left: npt.NDArray[np.float64],
    top: float,
    *,
    coloured: bool,
) -> None:
    norm, colours = Normalize(0.0, WORST), mpl.colormaps["Blues"]
    best = np.nanmin(values) if np.isfinite(values).any() else np.nan
    for number, x in zip(values, left, strict=True):
        finite = bool(np.isfinite(number))
        shade = colours(0.85 * norm(min(number, WORST))) if finite and coloured else (1, 1, 1, 1)
        axis.add_patch(Rectangle((x, top), 1.0, 1.0, facecolor=shade, edgecolor="white", lw=1.0))
        luminance = 0.299 * shade[0] + 0.587 * shade[1] + 0.114 * shade[2]
        axis.text(
            x + 0.5,
            top + 0.52,
            score_text(float(number)),
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold" if coloured and finite and number == best else "normal",
            color="white" if luminance < 0.5 else "black",
        )


def _frame(
    axis: Axes,
    rows: list[str],
    tops: npt.NDArray[np.float64],
    order: list[str],
    left: npt.NDArray[np.float64],
) -> None:
    axis.set_xlim(0.0, float(left[-1]) + 1.0)
    axis.set_ylim(float(tops[-1]) + 1.0, 0.0)
    axis.set_xticks(left + 0.5, [_wrapped(name) for name in order])
    axis.set_yticks(tops + 0.5, rows)
    axis.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)


def _headings(axis: Axes, left: npt.NDArray[np.float64], n_models: int, n_all: int) -> None:
    for text, first, last in (("model", 0, n_models), ("controls", n_models, n_all)):
        if last > first:
            middle = (left[first] + left[last - 1] + 1.0) / 2.0
            axis.annotate(
                text if last - first == 1 or text == "controls" else "models",
                (middle, 0.0),
                xytext=(0, 32),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontweight="bold",
                annotation_clip=False,
            )


def _caption(scores: Scores, marked: bool) -> str:
    if scores.protocol != "forecast":
        return "RMSE in the unit of each state. A field that is zero everywhere is perfect here."
    n_strains = scores.table["strain"].nunique()
    over = "" if n_strains == 1 else f" over the points of {n_strains} held-out strains"
    text = f"NRMSE{over}: 0 is perfect; bold is best in the row."
    if marked:
        text += "\n† copied from another strain or at the detection limit: not in the clean mean."
    return text


def _wrapped(name: str) -> str:
    """Break a long name at a space or hyphen, near its middle."""
    shown = plain(name)
    breaks = [i for i, letter in enumerate(shown) if letter in " -" and 0 < i < len(shown) - 1]
    if len(shown) <= 12 or not breaks:
        return shown
    at = min(breaks, key=lambda i: abs(i - len(shown) / 2))
    return f"{shown[: at + 1].rstrip()}\n{shown[at + 1 :]}"


def score_text(value: float) -> str:
    """Return a score as figures show it; a failed forecast says so."""
    if not np.isfinite(value):
        return "failed"
    if value == 0 or 5e-3 <= abs(value) < 1000:
        return f"{value:.2f}"
    return f"{value:.0e}"
