"""What an integration leaves behind: the steps of every row, and how every row ended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Grid:
    """The steps of every row on the host.

    Attributes:
        t: ``(steps, rows)`` starts.
        h: ``(steps, rows)`` lengths; zero where a row rejected a step or was done.
        accepted: ``(steps, rows)``, False where a row rejected a step.
    """

    t: FloatArray
    h: FloatArray
    accepted: npt.NDArray[np.bool_]

    def packed(self) -> Grid:
        """Return the grid without rejected steps: every row's steps from the top."""
        order = np.argsort(self.h == 0.0, axis=0, kind="stable")
        h = np.take_along_axis(self.h, order, axis=0)
        keep = max(int((h > 0.0).sum(axis=0).max(initial=0)), 1)
        t = np.take_along_axis(self.t, order, axis=0)
        end = (self.t + self.h).max(axis=0, initial=-np.inf)
        h, t = h[:keep], np.where(h[:keep] > 0.0, t[:keep], end)
        return Grid(t, h, np.ones(h.shape, dtype=bool))


@dataclass(frozen=True, eq=False)
class Solution:
    """A finished integration.

    Attributes:
        grid: the steps.
        blocks: what was stored of them.
        end: ``(states, *rows)`` states at the end of every row.
        status: ``(rows,)`` codes.
        failed_at: ``(rows,)`` times, NaN on success.
        nfev: ``(rows,)`` field evaluations.
        overflowed: whether anything stored may be NaN or infinite.
    """

    grid: Grid
    blocks: list[Block]
    end: Array
    status: IntArray
    failed_at: FloatArray
    nfev: IntArray
    overflowed: bool
