"""Controls p(t) between measured times, and tables on an even time grid.

p(t) is linear in time between the measured values of each control, or steps (each value holds
until the next), and constant before the first and after the last. Cells may be missing: every
control has knots of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment, FloatArray, Interpolation
from pyscimlode.errors import ColumnError, DataError, TimeError

IntArray = npt.NDArray[np.int64]

PUBLISHED_POINTS = 200
"""Points per strain in the published pipelines."""


@dataclass(frozen=True, eq=False)
class Knots:
    """The kinks of p(t) of all experiments, on one padded grid.

    Attributes:
        times: ``(experiments, knots)``, non-decreasing; padding repeats the last time.
        values: ``(experiments, knots, controls)``, finite; padding repeats the last values.
        counts: ``(experiments,)``, knots of each experiment without padding.
    """

    times: FloatArray
    values: FloatArray
    counts: IntArray


def controls_at(
    dataset: Dataset, name: str, times: npt.ArrayLike, *, interpolation: Interpolation | None = None
) -> FloatArray:
    """Return p(t) of one experiment at these times, ``(times, controls)``.

    Args:
        dataset: the data set.
        name: id of the experiment.
        times: in the data set's time unit; any order.
        interpolation: ``"linear"`` or ``"step"``; by default the data set's own.

    Raises:
        ExperimentError: for an unknown experiment.
        ColumnError: when a control was never measured in this experiment.
        TimeError: for times that are not finite.
    """
    asked = np.asarray(times, dtype=np.float64)
    if asked.ndim != 1 or not np.isfinite(asked).all():
        raise TimeError(f"Controls are asked for at {times!r}; times must be finite numbers.")
    return _controls(
        dataset[name],
        dataset.control_names,
        asked,
        dataset.control_interpolation if interpolation is None else interpolation,
    )


def knots(dataset: Dataset) -> Knots:
    """Return the knots of p(t) of all experiments.

    The knots of an experiment are all times at which any of its controls was measured; a control
    that was not measured at one of them has its interpolated value there, which changes p(t)
    nowhere. Without controls the knots are the first and last time.

    Raises:
        ColumnError: when a control was never measured in one experiment.
    """
    grids = []
    for experiment in dataset:
        measured = experiment.times[experiment.control_mask.any(axis=1)]
        grids.append(measured if len(measured) else experiment.times[[0, -1]])
    counts = np.array([len(grid) for grid in grids], dtype=np.int64)
    longest = int(counts.max())
    times = np.stack([np.pad(grid, (0, longest - len(grid)), mode="edge") for grid in grids])
    values = np.stack(
        [controls_at(dataset, e.name, row) for e, row in zip(dataset, times, strict=True)]
    )
    return Knots(times, values, counts)


def interpolate_by_time(experiment: Experiment, points: int = PUBLISHED_POINTS) -> Experiment:
    """Return the experiment on an even grid from its first to its last time, linear in time.

    Each column is linear between its own measured values and constant beyond them; a column
    without any value stays empty.

    Raises:
        DataError: for fewer than two points.
    """
    grid = _even_grid(experiment, points)
    return Experiment(
        name=experiment.name,
        times=grid,
        states=_columns_linear(experiment.times, experiment.states, grid),
        controls=_columns_linear(experiment.times, experiment.controls, grid),
        strain=experiment.strain,
    )


def interpolate_by_row(experiment: Experiment, points: int = PUBLISHED_POINTS) -> Experiment:
    """Return the experiment on an even grid as the published pipelines make it.

    Empty cells are filled as if rows were equally far apart, whatever their times; then the grid
    times are inserted among the measured ones, filled by row number again, and kept alone
    (Costello & Garcia Martin 2018; pandas ``interpolate`` without an index). Between 0 and 72 h
    at the usual 14 times this is wrong wherever a cell is missing; it is here to reproduce
    published numbers. :func:`interpolate_by_time` is the correct form. Empty cells before the
    first value take that value (the published pipelines leave them empty).

    Raises:
        DataError: for fewer than two points.
    """
    grid = _even_grid(experiment, points)
    merged = np.union1d(experiment.times, grid)
    measured_rows = np.searchsorted(merged, experiment.times).astype(np.float64)
    grid_rows = np.searchsorted(merged, grid).astype(np.float64)
    row_numbers = np.arange(len(experiment.times), dtype=np.float64)

    def fill(table: FloatArray) -> FloatArray:
        filled = _columns_linear(row_numbers, table, row_numbers)
        return _columns_linear(measured_rows, filled, grid_rows)

    return Experiment(
        name=experiment.name,
        times=grid,
        states=fill(experiment.states),
        controls=fill(experiment.controls),
        strain=experiment.strain,
    )


def _controls(
    experiment: Experiment,
    names: tuple[str, ...],
    times: FloatArray,
    interpolation: Interpolation,
) -> FloatArray:
    values = np.empty((len(times), len(names)))
    for column, name in enumerate(names):
        measured = experiment.control_mask[:, column]
        if not measured.any():
            raise ColumnError(
                f"Control {name!r} was never measured in experiment {experiment.name!r}, so its "
                "p(t) is not known. Leave the control out (keep(controls=...)) or the experiment."
            )
        knot_times = experiment.times[measured]
        knot_values = experiment.controls[measured, column]
        if interpolation == "linear":
            values[:, column] = np.interp(times, knot_times, knot_values)
        else:
            last = np.searchsorted(knot_times, times, side="right") - 1
            values[:, column] = knot_values[np.maximum(last, 0)]
    return values


def _columns_linear(at: FloatArray, table: FloatArray, wanted: FloatArray) -> FloatArray:
    result = np.full((len(wanted), table.shape[1]), np.nan)
    for column in range(table.shape[1]):
        measured = np.isfinite(table[:, column])
        if measured.any():
            result[:, column] = np.interp(wanted, at[measured], table[measured, column])
    return result


def _even_grid(experiment: Experiment, points: int) -> FloatArray:
    if points < 2:
        raise DataError(f"points is {points!r}; an even grid needs at least two points.")
    return np.linspace(experiment.times[0], experiment.times[-1], points)
