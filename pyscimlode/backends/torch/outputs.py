"""Dense output at many times, and the way back of its cotangents, in one operation each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.extra_stages import ExtraStages
from pyscimlode.backends.torch.forward import Integrator
from pyscimlode.backends.torch.solution import Grid, Solution

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
LARGEST_TABLE = 4_000_000


@dataclass(frozen=True, eq=False)
class Points:
    """Output points inside the steps of one block.

    Attributes:
        row: ``(points,)`` row of a point.
        column: ``(points,)`` which output of the row it is.
        step: ``(points,)`` step within the block.
        weights: ``(points, stages + 1)`` of the state and the scaled derivatives.
    """

    row: Array
    column: Array
    step: Array
    weights: Array


def locate(grid: Grid, times: FloatArray) -> IntArray:
    """Return the step ``(rows, points)`` that holds each of ``times: (rows, points)``."""
    ends = grid.t + grid.h
    steps, rows = ends.shape
    if steps * times.size <= LARGEST_TABLE:
        index = (ends[:, :, None] < times[None]).sum(axis=0)
    else:
        index = np.stack([np.searchsorted(ends[:, r], times[r]) for r in range(rows)])
    return np.minimum(index, max(steps - 1, 0))


class DenseOutput:
    """Outputs of a solution at ``times: (rows, points)``, non-decreasing.

    Times at a row's end are taken from the integration itself.

    Args:
        integrator: that made the solution.
        solution: the integration.
        times: ``(rows, points)``.
        ends: ``(rows,)`` the rows' last times.
    """

    def __init__(
        self,
        integrator: Integrator,
        solution: Solution,
        times: FloatArray,
        ends: FloatArray,
    ) -> None:
        self.it, self.arrays, self.solution = integrator, integrator.arrays, solution
        self.rows, self.n_points = times.shape
        self.at_end = times >= ends[:, None]
        self.points: list[Points | None] = [None] * len(solution.blocks)
        self.extra: list[ExtraStages | None] = [None] * len(solution.blocks)
        if not self.at_end.all() and solution.blocks:
            self._distribute(times)

    def _distribute(self, times: FloatArray) -> None:
        grid, begin, tableau = self.solution.grid, 0, self.it.tableau
        step = locate(grid, times)
        rows = np.arange(self.rows)[:, None]
        h = grid.h[step, rows]
        fraction = np.divide(times - grid.t[step, rows], h, out=np.zeros_like(h), where=h > 0.0)
        for number, block in enumerate(self.solution.blocks):
            inside = ~self.at_end & (step >= begin) & (step < begin + block.used)
            row, column = np.nonzero(inside)
            if row.size:
                x = np.clip(fraction[row, column], 0.0, 1.0)
                powers = x[:, None] ** np.arange(1, tableau.dense.shape[1] + 1)
                weights = np.concatenate([np.ones((len(x), 1)), powers @ tableau.dense.T], 1)
                self.points[number] = Points(
                    self.arrays.index(row),
                    self.arrays.index(column),
                    self.arrays.index(step[row, column] - begin),
                    self.arrays.array(weights),
                )
                if tableau.extra:
                    self.extra[number] = ExtraStages(self.it, block, grid, begin)
            begin += block.used

    def values(self) -> Array:
        """Return the states ``(rows, points, states)``."""
        xp = self.arrays.xp
        end = self.solution.end
        final = end.reshape((end.shape[0], -1)).T
        out = self.arrays.empty((self.rows, self.n_points, end.shape[0]))
        out[...] = final[:, None]
        for number, points in enumerate(self.points):
            if points is not None:
                z = self._stored(number)
                gathered = z[points.step, :, :, points.row]
                out[points.row, points.column] = xp.einsum("qs,qsd->qd", points.weights, gathered)
        return out

    def _stored(self, number: int) -> Array:
        """Return a block's states and scaled derivatives ``(steps, stages + 1, states, rows)``."""
        extra = self.extra[number]
        if extra is not None:
            return extra.z
        z = self.solution.blocks[number].z
        return z.reshape((*z.shape[:3], -1))

    def end_cotangent(self, cotangent: Array) -> Array:
        """Return the part of ``cotangent: (rows, points, states)`` on the ends, flat."""
        masked = cotangent * self.arrays.array(self.at_end[:, :, None])
        return masked.sum(axis=1).T.reshape(-1)

    def block_cotangent(
        self, number: int, cotangent: Array, gradient: Array
    ) -> tuple[Array, list[bool]] | None:
        """Return cotangents of a block's ``z`` and which of its steps have any.

        What further stages contribute to the parameters is added to ``gradient``.
        """
        points = self.points[number]
        if points is None:
            return None
        block, extra = self.solution.blocks[number], self.extra[number]
        shape = (block.used, *self._stored(number).shape[1:])
        target = self.arrays.scratch("dense cotangent", shape)
        target[...] = 0.0
        values = cotangent[points.row, points.column]
        spread = self.arrays.scratch("spread", (*points.weights.shape, values.shape[1]))
        self.arrays.xp.multiply(points.weights[:, :, None], values[:, None, :], out=spread)
        self.arrays.add_grouped(target, (points.step, points.row), spread)
        touched = np.zeros(block.used, dtype=bool)
        touched[self.arrays.numpy(points.step)] = True
        if extra is not None:
            target = extra.pull_back(target, gradient, overflowed=self.solution.overflowed)
        return target, touched.tolist()
