"""Uniform samples of a polytope {x : A x <= b, E x = e} by hit-and-run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import DataError

FloatArray = npt.NDArray[np.float64]
SLACK = 1e-9
"""Inequalities hold up to this, relative to the size of their row."""


@dataclass(frozen=True, eq=False)
class Polytope:
    """Points x with ``inequality @ x <= upper`` and ``equality @ x = target``.

    Attributes:
        inequality: ``(rows, size)``.
        upper: ``(rows,)``.
        equality: ``(equations, size)``.
        target: ``(equations,)``.
    """

    inequality: FloatArray
    upper: FloatArray
    equality: FloatArray
    target: FloatArray

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return int(self.inequality.shape[1])


def sample_polytope(
    polytope: Polytope, samples: int, rng: np.random.Generator, *, thinning: int = 50
) -> FloatArray:
    """Return ``(samples, size)`` points, uniform once the chain has mixed.

    Hit-and-run (Smith, Operations Research 32:1296, 1984) from the centre of the largest inscribed
    ball. Directions are Gaussian combinations of corners of the polytope, drawn once, so that long
    thin polytopes mix as well as round ones; their distribution does not change along the chain,
    so the uniform distribution is stationary.

    Args:
        polytope: bounded, with an interior within its equations.
        samples: number of points.
        rng: of directions and steps.
        thinning: steps between points that are returned, and as many times ten before the first.

    Raises:
        DataError: the polytope is empty, flat or not bounded.
    """
    basis, centre = _interior(polytope)
    rows = polytope.inequality @ basis
    room = polytope.upper - polytope.inequality @ centre
    spread = _corners(rows, room, rng)
    position = np.zeros(basis.shape[1])
    result = np.empty((samples, polytope.size))
    for i in range(samples):
        for direction in _directions(spread, thinning * (11 if i == 0 else 1), rng):
            position = _step(rows, room, position, direction, rng)
        result[i] = centre + basis @ position
    return result


def _directions(spread: FloatArray, steps: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    for _ in range(steps):
        yield rng.standard_normal(len(spread)) @ spread


def _step(
    rows: FloatArray,
    room: FloatArray,
    position: FloatArray,
    direction: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Move to a uniform point of the chord through ``position``."""
    rate = rows @ direction
    left = np.maximum(room - rows @ position, 0.0)
    scale = np.abs(rows) @ np.abs(direction)
    up, down = rate > 1e-12 * scale, rate < -1e-12 * scale
    longest = (left[up] / rate[up]).min(initial=np.inf)
    shortest = (left[down] / rate[down]).max(initial=-np.inf)
    if not (np.isfinite(longest) and np.isfinite(shortest)):
        raise DataError("The polytope is not bounded; give every coordinate bounds.")
    return np.asarray(position + rng.uniform(shortest, longest) * direction)


def _interior(polytope: Polytope) -> tuple[FloatArray, FloatArray]:
    """Return a basis ``(size, dimensions)`` of the equations' null space and the ball's centre."""
    from scipy.linalg import null_space
    from scipy.optimize import linprog

    size = polytope.size
    basis = null_space(_rows_of_one(polytope.equality)) if len(polytope.equality) else np.eye(size)
    norms = np.linalg.norm(polytope.inequality @ basis, axis=1)
    solution = linprog(
        np.append(np.zeros(size), -1.0),
        A_ub=np.column_stack([polytope.inequality, norms]),
        b_ub=polytope.upper,
        A_eq=np.column_stack([polytope.equality, np.zeros(len(polytope.equality))]),
        b_eq=polytope.target,
        bounds=[(None, None)] * size + [(0, None)],
        method="highs",
    )
    if solution.status == 3:
        raise DataError("The polytope is not bounded; give every coordinate bounds.")
    if solution.x is None or solution.x[-1] <= SLACK:
        raise DataError("The polytope is empty or flat; widen its bounds.")
    centre = solution.x[:-1]
    if len(polytope.equality):
        gap = polytope.target - polytope.equality @ centre
        centre = centre + np.linalg.lstsq(polytope.equality, gap, rcond=None)[0]
    return np.asarray(basis, dtype=np.float64), np.asarray(centre, dtype=np.float64)


def _corners(rows: FloatArray, room: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return corners ``(corners, dimensions)`` relative to their mean, from linear programmes."""
    from scipy.optimize import linprog

    dimensions = rows.shape[1]
    free = [(None, None)] * dimensions
    found = []
    for _ in range(dimensions + 1):
        goal = np.asarray(rng.standard_normal(dimensions))
        for weights in (goal, -goal):
            solution = linprog(weights, A_ub=rows, b_ub=room, bounds=free, method="highs")
            if solution.x is None:
                raise DataError("The polytope is not bounded; give every coordinate bounds.")
            found.append(solution.x)
    corners = np.array(found)
    return np.asarray((corners - corners.mean(axis=0)) / np.sqrt(len(corners)))


def _rows_of_one(matrix: FloatArray) -> FloatArray:
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(norms > 0, norms, 1.0))
