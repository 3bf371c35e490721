"""The course of training."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from pyscimlode.errors import DataError
from pyscimlode.plots.style import FORECAST, GREY, PALETTE, figure_legend, panels, plain, styled

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.plots.style import Figure
    from pyscimlode.results import FitResult

_PANELS = {"total": "loss", "gradient_norm": "norm of the gradient"}


@styled
def plot_history(result: FitResult) -> Figure:
    """Plot loss and size of the gradient of every member over the iterations.

    Stages follow one another along the axis and are separated by a line each; a gap is an
    iteration in which a solve failed. The penalty is drawn where it is not zero.

    Raises:
        DataError: when the result has no history.
    """
    history = result.history
    if history.empty or "total" not in history.columns:
        raise DataError("This result has no training history: no iteration was recorded.")
    shown = [
        column
        for column in ("total", "gradient_norm")
        if column in history.columns and _positive(history[column]).any()
    ] or ["total"]
    x, stages = _iterations(history)
    members = history["member"] if "member" in history.columns else np.zeros(len(history), int)
    figure, axes = panels(len(shown), columns=len(shown), width=4.4, height=2.9)
    for column, axis in zip(shown, axes, strict=True):
        for member in np.unique(members):
            rows = np.asarray(members == member)
            values = history[column].to_numpy(dtype=np.float64)[rows]
            axis.plot(
                x[rows],
                np.where(values > 0, values, np.nan),
                color=FORECAST,
                linewidth=1.1,
                alpha=0.9 if len(np.unique(members)) < 4 else 0.5,
                gid=f"{column}:{member}",
            )
        _dress(axis, _PANELS[column], stages)
    entries: list[tuple[Artist, str]] = [(Line2D([], [], color=FORECAST), "member")]
    if "pir" in history.columns and _positive(history["pir"]).any():
        _penalty(axes[0], history, x, np.asarray(members))
        entries.append((Line2D([], [], color=PALETTE[1], linewidth=0.9), "its penalty (PIR)"))
    figure_legend(figure, entries)
    return figure


def _positive(values: pd.Series) -> npt.NDArray[np.bool_]:
    array = values.to_numpy(dtype=np.float64)
    return np.isfinite(array) & (array > 0)


def _iterations(
    history: pd.DataFrame,
) -> tuple[npt.NDArray[np.float64], list[tuple[str, float, float]]]:
    """Return where each row stands, and name, first and last position of each stage."""
    count = (
        history["iteration"].to_numpy(dtype=np.float64)
        if "iteration" in history.columns
        else np.arange(len(history), dtype=np.float64)
    )
    if "stage" not in history.columns:
        return count, []
    keys = history["stage_index" if "stage_index" in history.columns else "stage"]
    x = np.empty_like(count)
    spans: list[tuple[str, float, float]] = []
    offset = 0.0
    for key in keys.unique():
        rows = np.asarray(keys == key)
        name = str(history.loc[rows, "stage"].iloc[0])
        steps = count[rows] - count[rows].min()
        x[rows] = offset + steps
        spans.append((name, offset, offset + float(steps.max())))
        offset += float(steps.max()) + 1.0
    return x, spans


def _dress(axis: Axes, label: str, stages: list[tuple[str, float, float]]) -> None:
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_formatter(FuncFormatter(partial(_minor_label, axis)))
    axis.set_xlabel("iteration")
    axis.set_ylabel(label)
    whole = stages[-1][2] - stages[0][1] if stages else 0.0
    for index, (name, first, last) in enumerate(stages):
        if index:
            axis.axvline(first, color=GREY, linewidth=0.7, linestyle=(0, (2, 2)))
        if len(stages) > 1 and last - first > 0.06 * whole:
            axis.annotate(
                plain(name),
                ((first + last) / 2, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=GREY,
                fontsize=8.5,
            )


def _minor_label(axis: Axes, value: float, _: object) -> str:
    """Label 2 and 5 between powers of ten where these alone would be too few."""
    bottom, top = axis.get_ylim()
    return f"{value:g}" if top < 100 * bottom and f"{value:e}"[:4] in ("2.00", "5.00") else ""


def _penalty(
    axis: Axes,
    history: pd.DataFrame,
    x: npt.NDArray[np.float64],
    members: npt.NDArray[np.int64],
) -> None:
    for member in np.unique(members):
        rows = members == member
        values = history["pir"].to_numpy(dtype=np.float64)[rows]
        axis.plot(
            x[rows],
            np.where(values > 0, values, np.nan),
            color=PALETTE[1],
            linewidth=0.9,
            alpha=0.7,
            gid=f"pir:{member}",
        )
