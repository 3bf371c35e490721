"""Fixed-step integration of learned fields that are no smooth functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Field = Callable[[FloatArray, FloatArray], FloatArray]
"""``(rows, states), (rows, controls) -> (rows, states)``."""

Inputs = Callable[[int, FloatArray], FloatArray]
"""``experiment, (times,) -> (times, controls)``."""

LIMIT = 1e30
"""A state beyond this has blown up; single precision, which trees use, ends soon after."""


def heun(
    field: Field,
    initial: FloatArray,
    inputs: Inputs,
    times: Sequence[FloatArray],
    starts: FloatArray,
    step: float,
) -> list[FloatArray]:
    """Integrate dz/dt = field(z, p(t)) of all experiments in one loop.

    Heun's method of order two with a fixed step: fields of tree regressors are constant between
    jumps, and a step-size control would crawl along every jump. Every experiment takes the same
    number of steps from its start to its last asked time, each at most ``step`` long. Between
    steps the answer is the cubic Hermite polynomial.

    Args:
        field: of all experiments at once.
        initial: ``(experiments, states)``.
        inputs: p(t) of an experiment.
        times: asked times of each experiment, increasing, none before its start.
        starts: ``(experiments,)``.
        step: the longest step, in the unit of the times.

    Returns:
        ``(times, states)`` of each experiment, NaN from where it left +-1e30.
    """
    spans = np.array([t[-1] for t in times]) - starts
    count = max(1, int(np.ceil(spans.max() / step * (1.0 - 1e-12))))
    steps = spans[:, None] / count
    grids = starts[:, None] + steps * np.arange(count + 1)
    p = np.stack([inputs(row, grid) for row, grid in enumerate(grids)])

    z = np.full((len(times), count + 1, initial.shape[1]), np.nan)
    slopes = np.full_like(z, np.nan)
    z[:, 0] = initial
    slopes[:, 0] = _alive(field, initial, p[:, 0])
    for i in range(count):
        euler = z[:, i] + steps * slopes[:, i]
        ahead = _alive(field, euler, p[:, i + 1])
        z[:, i + 1] = z[:, i] + 0.5 * steps * (slopes[:, i] + ahead)
        slopes[:, i + 1] = _alive(field, z[:, i + 1], p[:, i + 1])
    return [_hermite(asked, grids[row], z[row], slopes[row]) for row, asked in enumerate(times)]


def _alive(field: Field, z: FloatArray, p: FloatArray) -> FloatArray:
    """Return the field of the rows that are in bounds, NaN of the others."""
    slopes = np.full_like(z, np.nan)
    alive = (np.abs(z) < LIMIT).all(axis=1)
    if alive.any():
        slopes[alive] = field(z[alive], p[alive])
    return slopes


def _hermite(asked: FloatArray, grid: FloatArray, z: FloatArray, slopes: FloatArray) -> FloatArray:
    if grid[-1] == grid[0]:
        return np.repeat(z[:1], len(asked), axis=0)
    h = grid[1] - grid[0]
    left = np.clip(np.searchsorted(grid, asked, side="right") - 1, 0, len(grid) - 2)
    x = ((asked - grid[left]) / h)[:, None]
    left_share = (1.0 + 2.0 * x) * (1.0 - x) ** 2
    between = left_share * z[left] + (1.0 - left_share) * z[left + 1]
    bend = h * x * (1.0 - x) * ((1.0 - x) * slopes[left] - x * slopes[left + 1])
    inside = between + bend
    # On a grid point the neighbour does not count: it may have blown up.
    exact = np.where(x == 0.0, z[left], np.where(x == 1.0, z[left + 1], inside))
    return np.asarray(exact)
