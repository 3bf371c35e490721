"""The learned vector field over two states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import controls_at
from pyscimlode.errors import ColumnError, DataError, TimeError, did_you_mean
from pyscimlode.plots.style import Figure, figure_legend, plain, styled, with_unit
from pyscimlode.problem.build import endogenous_form

if TYPE_CHECKING:
    from pyscimlode.results import FitResult

FloatArray = npt.NDArray[np.float64]

GRID = 40
"""Points of the grid along each axis."""

MARGIN = 0.2
"""Room around the measured trajectory, as a share of its extent."""

TRAJECTORY = "#D55E00"


@dataclass(frozen=True, eq=False)
class FieldSlice:
    """The field on a grid over two states.

    Attributes:
        x: ``(points,)`` values of the first state.
        y: ``(points,)`` values of the second state.
        dx: ``(points of y, points of x)`` rate of the first state, its unit per time unit.
        dy: the same of the second state.
    """

    x: FloatArray
    y: FloatArray
    dx: FloatArray
    dy: FloatArray


@styled
def plot_field(
    result: FitResult,
    x: str,
    y: str,
    strain: str | None = None,
    at: float | None = None,
    member: int | None = None,
    density: float = 1.2,
) -> Figure:
    """Plot the learned vector field over two states (Figure 2 of Habaraduwa & Lixandru).

    Stream lines follow dx/dt and dy/dt; their colour is the size of the rate. All other states
    are held at the strain's measured values at time ``at`` (linear between measurements; zero
    where the strain never has a value) and the controls at p(at). The measured trajectory of the
    strain is drawn on top. It passes through other values of the held states, so it need not
    follow the lines away from ``at``.

    Args:
        result: what ``fit`` returned.
        x: state of the horizontal axis; with an endogenous model a protein will do as well.
        y: state of the vertical axis.
        strain: a strain of the fit; by default the first held-out strain, else the first one.
        at: the time, in the data set's unit; by default the middle one of the strain's times.
        member: a member of the ensemble; by default the median of all of them.
        density: of the stream lines, 1 is about thirty across.

    Raises:
        ColumnError: for an unknown state, or one state on both axes.
        ExperimentError: for an unknown strain.
        TimeError: for a time outside the strain's measurements.
        DataError: for a member that does not exist.
    """
    dataset = _integrated(result, strain)
    columns = _columns(dataset, x, y)
    experiment = dataset.experiments[0]
    when = _time(experiment, at, dataset.time_unit)
    values = field_slice(result, dataset, x, y, when, _member(result, member))
    same_unit = dataset.units.get(x, "") == dataset.units.get(y, "")
    speed = _speed(values, same_unit)

    figure = Figure(figsize=(6.2, 4.9), layout="constrained")
    axis = figure.add_subplot()
    axis.set_xlim(values.x[0], values.x[-1])
    axis.set_ylim(values.y[0], values.y[-1])
    finite = np.isfinite(values.dx) & np.isfinite(values.dy)
    if finite.any() and speed[finite].max() > 0:
        lines = axis.streamplot(
            values.x,
            values.y,
            np.where(finite, values.dx, 0.0),
            np.where(finite, values.dy, 0.0),
            color=np.where(finite, speed, 0.0),
            norm=_norm(speed[finite]),
            cmap="viridis",
            density=density,
            linewidth=1.1,
            arrowsize=0.9,
        )
        unit = dataset.units.get(x, "")
        figure.colorbar(
            lines.lines, ax=axis, label=_speed_label(unit, dataset.time_unit, same_unit)
        )
    else:
        axis.text(
            0.5, 0.5, "the field is zero here", transform=axis.transAxes, ha="center", va="center"
        )
    _trajectory(axis, experiment, columns, when)
    axis.set_xlabel(with_unit(x, dataset.units.get(x, "")))
    axis.set_ylabel(with_unit(y, dataset.units.get(y, "")))
    which = "median field" if member is None and len(result.members) > 1 else "field"
    which += "" if member is None else f" of member {member}"
    moment = f"{when:.4g} {dataset.time_unit}"
    figure.suptitle(f"Learned {which}; the rest as in {plain(experiment.name)} at {plain(moment)}")
    _legend(figure, experiment.name, moment)
    return figure


def _integrated(result: FitResult, strain: str | None) -> Dataset:
    """Return one experiment with the states that the model integrates."""
    if strain is None:
        dataset = result.train if result.test is None else result.test
    else:
        dataset = result.dataset_of(strain)
    dataset = dataset.select([dataset.strains[0]])
    if result.protocol == "identity":
        dataset = _rows_as_series(dataset)
    else:
        dataset = dataset.select([dataset.names[0]])
    return endogenous_form(dataset) if result.model.endogenous else dataset


def _rows_as_series(dataset: Dataset) -> Dataset:
    """Join the rows of the identity protocol, which are evenly spaced in time, to one series."""
    rows = dataset.experiments
    series = Experiment(
        name=rows[0].strain,
        times=np.linspace(rows[0].times[0], rows[0].times[-1], len(rows)),
        states=np.stack([row.states[0] for row in rows]),
        controls=np.stack([row.controls[0] for row in rows]),
    )
    return Dataset(
        (series,), dataset.state_names, dataset.control_names, dataset.units, dataset.time_unit
    )


def _columns(dataset: Dataset, x: str, y: str) -> tuple[int, int]:
    for name in (x, y):
        if name in dataset.state_names:
            continue
        hint = did_you_mean(str(name), dataset.state_names)
        if name in dataset.control_names:
            hint = " It is a control, which this model reads and does not predict."
        raise ColumnError(
            f"There is no state {name!r}; there are {', '.join(dataset.state_names)}." + hint
        )
    if x == y:
        raise ColumnError(f"Both axes show {x!r}; a field needs two different states.")
    return dataset.state_names.index(x), dataset.state_names.index(y)


def _time(experiment: Experiment, at: float | None, time_unit: str) -> float:
    if at is None:
        return float(experiment.times[len(experiment.times) // 2])
    first, last = experiment.times[0], experiment.times[-1]
    if not first <= at <= last:
        raise TimeError(
            f"at={at!r} lies outside the measurements of {experiment.name!r}, {first:g} to "
            f"{last:g} {time_unit}."
        )
    return float(at)


def _member(result: FitResult, member: int | None) -> int | None:
    n_members = len(result.members)
    if member is not None and not 0 <= member < n_members:
        raise DataError(f"member={member!r}; this fit has members 0 to {n_members - 1}.")
    return member


def field_slice(
    result: FitResult, dataset: Dataset, x: str, y: str, when: float, member: int | None = None
) -> FieldSlice:
    """Evaluate the field on a grid over two states, everything else as in one experiment.

    Args:
        result: the fit.
        dataset: one experiment, with the states that the model integrates.
        x: the first state.
        y: the second state.
        when: the time whose other states and controls are held.
        member: a member of the ensemble; None for the median.
    """
    experiment = dataset.experiments[0]
    columns = (dataset.state_names.index(x), dataset.state_names.index(y))
    held = np.array([_value(experiment, c, when) for c in range(len(dataset.state_names))])
    grids = [_axis(experiment.states[:, column], held[column]) for column in columns]
    xx, yy = np.meshgrid(*grids)
    z = np.tile(held, (xx.size, 1))
    z[:, columns[0]], z[:, columns[1]] = xx.ravel(), yy.ravel()
    p = np.tile(controls_at(dataset, experiment.name, [when]), (xx.size, 1))
    rates = result.field(z, p)
    field = np.median(rates, axis=0) if member is None else rates[member]
    dx, dy = (field[:, column].reshape(xx.shape) for column in columns)
    return FieldSlice(grids[0], grids[1], dx, dy)


def _value(experiment: Experiment, column: int, when: float) -> float:
    known = experiment.mask[:, column]
    if not known.any():
        return 0.0
    return float(np.interp(when, experiment.times[known], experiment.states[known, column]))


def _axis(values: FloatArray, held: float) -> FloatArray:
    """Return the grid along one state: its measured range with some room around."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (held, held)
    room = MARGIN * (high - low) if high > low else 0.5 * abs(high) or 1.0
    bottom = low - room
    return np.linspace(max(bottom, 0.0) if low >= 0 else bottom, high + room, GRID)


def _speed(values: FieldSlice, same_unit: bool) -> FloatArray:
    if same_unit:
        return np.hypot(values.dx, values.dy)
    width, height = np.ptp(values.x), np.ptp(values.y)
    return np.hypot(values.dx / width, values.dy / height)


def _speed_label(unit: str, time_unit: str, same_unit: bool) -> str:
    if same_unit:
        numerator = unit if unit not in ("", "1") else "1"
        return f"size of the rate [{plain(numerator)}/{plain(time_unit)}]"
    return f"size of the rate [axis widths/{plain(time_unit)}]"


def _norm(speed: FloatArray) -> Normalize:
    low, high = float(speed.min()), float(speed.max())
    if low > 0 and high > 50 * low:
        return LogNorm(max(low, high * 1e-4), high)
    return Normalize(0.0, high)


def _trajectory(axis: Axes, experiment: Experiment, columns: tuple[int, int], when: float) -> None:
    points = experiment.states[:, list(columns)]
    known = np.isfinite(points).all(axis=1)
    marker = "" if known.sum() > 40 else "o"
    axis.plot(
        *points[known].T,
        color=TRAJECTORY,
        marker=marker,
        markersize=4,
        linewidth=1.5,
        gid="measured",
        zorder=5,
    )
    here = [_value(experiment, column, when) for column in columns]
    axis.plot(
        *[[value] for value in here],
        color=TRAJECTORY,
        marker="*",
        markersize=14,
        markeredgecolor="black",
        linestyle="",
        gid="at",
        zorder=6,
    )


def _legend(figure: Figure, strain: str, moment: str) -> None:
    look: Any = {"color": TRAJECTORY, "markeredgecolor": "black", "linestyle": ""}
    entries: list[tuple[Artist, str]] = [
        (Line2D([], [], color=TRAJECTORY, marker="o", markersize=4), f"measured, {strain}"),
        (Line2D([], [], marker="*", markersize=12, **look), f"at {moment}"),
    ]
    figure_legend(figure, entries)
