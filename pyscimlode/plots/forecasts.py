"""Forecast of a strain beside its measured points and the controls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pyscimlode.baselines.controls import CONTROLS, Control
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import DataError, did_you_mean
from pyscimlode.plots.identity import plot_identity
from pyscimlode.plots.style import (
    FORECAST,
    GREY,
    MEASURED,
    figure_legend,
    label_times,
    panels,
    plain,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from pyscimlode.plots.style import Figure
    from pyscimlode.results import FitResult

FloatArray = npt.NDArray[np.float64]

GRID_POINTS = 200
"""Times at which forecasts are drawn, the measured times aside."""

ROOM = 1.0
"""How far beyond the measured range, in its own width, a panel reaches before it is cut."""

CONTROL_LOOKS: dict[str, dict[str, object]] = {
    "persistence": {"color": "#8c8c8c", "linestyle": (0, (1, 1.5))},
    "mean": {"color": "#009E73", "linestyle": (0, (5, 2))},
    "geometric mean": {"color": "#D55E00", "linestyle": (0, (4, 1.5, 1, 1.5))},
    "nearest strain": {"color": "#CC79A7", "linestyle": (0, (2.5, 1.2))},
}
OTHER_LOOK: dict[str, object] = {"color": "#E69F00", "linestyle": "-"}


@styled
def plot_forecast(
    result: FitResult,
    strain: str | Dataset | None = None,
    states: Sequence[str] | None = None,
    members: bool = False,
    controls: Sequence[str] | None = None,
    times: npt.ArrayLike | None = None,
) -> Figure:
    """Plot a forecast, one panel a metabolite (Figure 3 of Habaraduwa & Lixandru).

    Points are measured values; the line is the median over the ensemble, from the first measured
    state and p(t) alone; the band is the ensemble's interval, which says how far retraining moves
    the forecast and not how far the truth may lie, or the conformal one of a recalibrated fit (a
    state whose interval is unbounded has no band). The legend names it. Thin lines are the
    controls. A panel that would be stretched by a runaway forecast is cut and says so.

    Under the identity protocol every row is its own target; the figure then shows rows, and says
    that it is no forecast.

    Args:
        result: what ``fit`` returned.
        strain: id of a strain of the fit, or a data set of one strain; by default the first
            held-out strain.
        states: the states to show; all by default.
        members: draw every member as a faint line.
        controls: names of controls to draw, ``[]`` for none; by default all that the data allow.
        times: where to forecast, in the data set's time unit; by default a fine grid over the
            measured time.

    Raises:
        ExperimentError: for an unknown strain, or none where the fit held none out.
        ColumnError: for an unknown state.
        DataError: for an unknown control, or a data set with several strains.
        TimeError: for times before the start, or not increasing.
    """
    dataset = _one_strain(result, strain)
    if result.protocol == "identity":
        return plot_identity(result, dataset, states)
    shown = dataset.keep(states=states).state_names
    drawn = _controls(controls, dataset)
    figure, axes = panels(len(shown))
    columns = [dataset.state_names.index(name) for name in shown]
    for experiment in dataset:
        grid = _grid(experiment) if times is None else np.asarray(times, dtype=np.float64)
        forecast = result.predict(dataset.select([experiment.name]), times=grid)
        baselines = {
            control.name: control.predict(result.train, dataset, experiment, grid)
            for control in drawn
        }
        every = forecast.members[experiment.name]
        low, high = forecast.interval(experiment.name)
        middle = forecast.median(experiment.name)
        for column, axis in zip(columns, axes, strict=True):
            _draw_controls(axis, grid, baselines, column)
            if result.intervals:
                _draw_interval(axis, grid, low[:, column], high[:, column])
            if members:
                _draw_members(axis, grid, every[:, :, column])
            axis.plot(grid, middle[:, column], color=FORECAST, linewidth=1.9, gid="forecast")
            draw_measured(axis, experiment, column)
    for column, axis in zip(columns, axes, strict=True):
        name = dataset.state_names[column]
        axis.set_title(plain(name))
        axis.set_ylabel(unit_label(dataset.units.get(name, "")))
        cut(axis, np.concatenate([e.states[:, column] for e in dataset]))
    label_times(axes, dataset.time_unit)
    figure.suptitle(_title(result, dataset))
    figure_legend(figure, _entries(result, drawn, members), most=8)
    return figure


def _one_strain(result: FitResult, strain: str | Dataset | None) -> Dataset:
    dataset = result.dataset_of(strain)
    if strain is None:
        return dataset.select([dataset.strains[0]])
    if len(dataset.strains) > 1:
        raise DataError(
            f"A forecast figure shows one strain; this data set has {len(dataset.strains)} "
            f"({', '.join(dataset.strains[:8])}). Select one with dataset.select([...])."
        )
    return dataset


def _controls(names: Sequence[str] | None, dataset: Dataset) -> list[Control]:
    usable = {c.name: c for c in CONTROLS if dataset.control_names or not c.needs_controls}
    if names is None:
        return list(usable.values())
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in usable:
            raise DataError(
                f"There is no control {name!r} for these data; there are {', '.join(usable)}."
                + did_you_mean(str(name), usable)
            )
    return [usable[name] for name in wanted]


def _grid(experiment: Experiment) -> FloatArray:
    even = np.linspace(experiment.times[0], experiment.times[-1], GRID_POINTS)
    return np.union1d(even, experiment.times)


def _draw_controls(
    axis: Axes, grid: FloatArray, baselines: dict[str, FloatArray], column: int
) -> None:
    for name, values in baselines.items():
        look = CONTROL_LOOKS.get(name, OTHER_LOOK)
        axis.plot(grid, values[:, column], linewidth=1.0, gid=f"control:{name}", **look)  # type: ignore[arg-type]


def _draw_interval(axis: Axes, grid: FloatArray, low: FloatArray, high: FloatArray) -> None:
    bounded = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(bounded, low, np.nan), np.where(bounded, high, np.nan)
    axis.fill_between(grid, low, high, color=FORECAST, alpha=0.2, linewidth=0, gid="interval")


def _draw_members(axis: Axes, grid: FloatArray, every: FloatArray) -> None:
    for one in every:
        axis.plot(grid, one, color=FORECAST, linewidth=0.6, alpha=0.45, gid="member")


def draw_measured(axis: Axes, experiment: Experiment, column: int) -> None:
    """Draw the measured values of one state as points."""
    values = experiment.states[:, column]
    known = np.isfinite(values)
    size = 2.0 if known.sum() > 30 else 3.6
    axis.plot(
        experiment.times[known],
        values[known],
        linestyle="",
        marker="o",
        markersize=size,
        color=MEASURED,
        gid="measured",
        zorder=5,
    )


def cut(axis: Axes, measured: FloatArray) -> None:
    """Keep a panel readable when a forecast leaves the measured range far behind."""
    known = measured[np.isfinite(measured)]
    if not len(known):
        return
    low, high = float(known.min()), float(known.max())
    width = high - low or abs(high) or 1.0
    drawn_low, drawn_high = axis.dataLim.intervaly
    lowest, highest = low - ROOM * width, high + ROOM * width
    if drawn_low >= lowest and drawn_high <= highest:
        return
    bottom, top = max(drawn_low, lowest), min(drawn_high, highest)
    axis.set_ylim(bottom - 0.05 * (top - bottom), top + 0.05 * (top - bottom))
    axis.text(
        0.98,
        0.97,
        "off scale",
        transform=axis.transAxes,
        ha="right",
        va="top",
        fontsize=7.0,
        color=GREY,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0},
        gid="off scale",
    )


def _title(result: FitResult, dataset: Dataset) -> str:
    strain = dataset.strains[0]
    if strain in result.train.strains:
        role = "training strain: no test of the forecast"
    elif result.test is not None and strain in result.test.strains:
        role = "held out"
    else:
        role = "new strain"
    return f"{plain(strain)} ({role}), {plain(result.name)}"


def _entries(
    result: FitResult, controls: Sequence[Control], members: bool
) -> list[tuple[Artist, str]]:
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], color=MEASURED, marker="o", linestyle="", markersize=4), "measured"),
        (Line2D([], [], color=FORECAST, linewidth=1.9), "forecast"),
    ]
    if result.intervals:
        entries.append((Patch(color=FORECAST, alpha=0.2, linewidth=0), result.intervals))
    if members:
        entries.append((Line2D([], [], color=FORECAST, linewidth=0.6, alpha=0.45), "member"))
    for control in controls:
        look = CONTROL_LOOKS.get(control.name, OTHER_LOOK)
        entries.append((Line2D([], [], linewidth=1.0, **look), control.name))  # type: ignore[arg-type]
    return entries
