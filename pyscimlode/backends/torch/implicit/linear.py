"""Batched linear equations of the stages, one matrix a row."""

from __future__ import annotations

import torch

from pyscimlode.backends.torch.arrays import Array, Arrays


class StageMatrix:
    """The factors of ``1 - h gamma J`` of every row.

    Args:
        arrays: where numbers live.
        jacobian: J ``(states, states, *rows)``.
        factor: h gamma ``(*rows)``.
    """

    def __init__(self, arrays: Arrays, jacobian: Array, factor: Array) -> None:
        states = jacobian.shape[0]
        self.arrays = arrays
        matrix = arrays.empty(
            (factor.size if arrays.xp.__name__ == "numpy" else factor.numel(), states, states)
        )
        by_row = arrays.swap(jacobian.reshape((states, states, -1)), (2, 0, 1))
        arrays.xp.multiply(by_row, -factor.reshape((-1, 1, 1)), out=matrix)
        matrix.reshape((-1, states * states))[:, :: states + 1] += 1.0
        self.factors, self.pivots, _ = torch.linalg.lu_factor_ex(arrays.tensor(matrix))

    def solve(self, right: Array, *, transposed: bool = False) -> Array:
        """Return the solutions ``(states, rows)`` for right-hand sides ``(states, *rows)``."""
        flat = self.arrays.tensor(right.reshape((right.shape[0], -1)))
        columns = flat.t().unsqueeze(-1)
        solved = torch.linalg.lu_solve(self.factors, self.pivots, columns, adjoint=transposed)
        return self.arrays.from_tensor(solved.squeeze(-1).t())
