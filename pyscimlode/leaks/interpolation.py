"""Cells that were not measured but lie on a line or a spline between those that were.

A cell whose value is what its neighbours' polynomial says, to the last digit, was hardly measured:
measured values scatter, and smooth curves bend. The test is made cell by cell:

- the residual of a cell is its distance from the polynomial (degree 1: a straight line; degree 3: a
  cubic spline) through its nearest neighbours, over time and over row numbers;
- it vanishes if it is not larger than the rounding of the numbers allows;
- it counts only where the neighbours differ (plateaus and detection limits are flat, not
  interpolated) and where somewhere before and somewhere after it a cell is off its neighbours'
  polynomial by far (one straight line, however long, is no interpolation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Experiment
from pyscimlode.leaks.rounding import rounding

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

MIN_TIMES = 5
"""Measured cells of a series with which anything can be said."""

MIN_CELLS = 4
"""Interpolated cells of one strain from which on it is said to be interpolated."""

MIN_SHARE = 0.2
"""Share of the cells of one strain (that can be judged) that must be interpolated."""

FAR = 100.0
"""A cell is off its neighbours' polynomial when its residual is this many times the rounding."""

FINEST_CUBIC = 1e-7
"""Largest rounding, relative to the largest value, with which cubics can be told from curves."""


@dataclass(frozen=True)
class Interpolated:
    """Cells of one experiment that lie on lines or splines between others.

    Attributes:
        cells: number of these cells.
        judged: number of cells that could be judged.
        states: positions of the states that they belong to.
        times: their times, each once.
        curve: ``"straight lines"`` or ``"cubic splines"``.
    """

    cells: int
    judged: int
    states: tuple[int, ...]
    times: tuple[float, ...]
    curve: str


def interpolated_cells(experiment: Experiment) -> Interpolated | None:
    """Return the interpolated states of an experiment; None when there are too few to say so."""
    for degree, curve in ((1, "straight lines"), (3, "cubic splines")):
        found = _of_degree(experiment, degree, curve)
        if found is not None:
            return found
    return None


def _of_degree(experiment: Experiment, degree: int, curve: str) -> Interpolated | None:
    judged, states = 0, []
    times: list[FloatArray] = []
    for column in range(experiment.states.shape[1]):
        measured = experiment.mask[:, column]
        if measured.sum() < MIN_TIMES:
            continue
        grid, values = experiment.times[measured], experiment.states[measured, column]
        rows = np.flatnonzero(measured).astype(np.float64)
        on_curve = max((on_polynomials(axis, values, degree) for axis in (grid, rows)), key=np.sum)
        judged += len(grid) - 2 * ((degree + 1) // 2)
        if on_curve.any():
            states.append(column)
            times.append(grid[on_curve])
    cells = sum(len(found) for found in times)
    if cells < MIN_CELLS or cells < MIN_SHARE * judged:
        return None
    when = np.unique(np.concatenate(times))
    return Interpolated(cells, judged, tuple(states), tuple(when.tolist()), curve)


def on_polynomials(axis: FloatArray, values: FloatArray, degree: int) -> BoolArray:
    """Return which values lie on the polynomial through their neighbours, and not by chance.

    Args:
        axis: ``(cells,)``, increasing: times or row numbers.
        values: ``(cells,)``, finite.
        degree: odd; ``(degree + 1) / 2`` neighbours on either side are used.

    Returns:
        ``(cells,)``; False for cells at the ends.
    """
    half = (degree + 1) // 2
    found = np.zeros(len(values), dtype=bool)
    if len(values) < degree + 4:
        return found
    digits = rounding(values)
    largest = float(np.abs(values).max())
    if degree > 1 and digits.max() > FINEST_CUBIC * largest:
        return found
    weights = _weights(axis, half)
    offsets = [k for k in range(-half, half + 1) if k != 0]
    centre = np.arange(half, len(values) - half)
    around = centre[:, None] + np.array(offsets)
    residual = np.abs(values[centre] - (weights * values[around]).sum(axis=1))
    allowed = 0.51 * (digits[centre] + (np.abs(weights) * digits[around]).sum(axis=1))
    allowed += 1e-12 * largest
    sloped = np.ptp(values[around], axis=1) > 20.0 * allowed
    vanishes = (residual <= allowed) & sloped
    corner = residual > FAR * allowed
    before = np.maximum.accumulate(corner)
    after = np.maximum.accumulate(corner[::-1])[::-1]
    found[centre] = vanishes & before & after
    return found


def _weights(axis: FloatArray, half: int) -> FloatArray:
    """Return Lagrange weights ``(cells - 2 half, 2 half)`` of the neighbours of each cell."""
    offsets = [k for k in range(-half, half + 1) if k != 0]
    centre = np.arange(half, len(axis) - half)
    at = axis[centre[:, None] + np.array(offsets)]
    x = axis[centre]
    weights: FloatArray = np.ones_like(at)
    for i in range(at.shape[1]):
        for j in range(at.shape[1]):
            if i != j:
                weights[:, i] *= (x - at[:, j]) / (at[:, i] - at[:, j])
    return weights
