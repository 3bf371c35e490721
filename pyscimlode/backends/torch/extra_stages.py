"""Stages that only a dense output needs, of all steps of a block at once, after the loop.

They depend on nothing but stored states and derivatives, so that the steps of a block are further
rows of one evaluation; the way back is the same in reverse, before the adjoint enters the block.
"""

from __future__ import annotations

import numpy as np

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.forward import Integrator
from pyscimlode.backends.torch.solution import Grid


class ExtraStages:
    """The further stages of one block.

    Args:
        integrator: that made the block.
        block: the block.
        grid: of the whole solution.
        begin: the block's first step.

    Attributes:
        z: ``(steps, stages + extra + 1, states, rows)``, the block's ``z`` with the further
            scaled derivatives.
    """

    def __init__(self, integrator: Integrator, block: Block, grid: Grid, begin: int) -> None:
        self.it, self.arrays = integrator, integrator.arrays
        self.steps, self.rows = block.used, integrator.rows
        tableau = integrator.tableau
        self.known = tableau.stages + 1
        self.count = tableau.extra
        lead = self.rows[:-1]
        self.wide = (*lead, self.steps * self.rows[-1])
        weights = np.concatenate([np.ones((self.count, 1)), tableau.extra_a], axis=1)
        self.weights = [self.arrays.array(row[: self.known + e]) for e, row in enumerate(weights)]
        steps = slice(begin, begin + block.used)
        t, h = self.arrays.reals(grid.t[steps]), self.arrays.reals(grid.h[steps])
        self.tape = integrator.kernel.tape(self.count, self.wide)
        self._write_inputs(t, h)
        self.h = self.arrays.empty((integrator.n_states, *self.wide))
        scaled = (h * integrator.rate).reshape((self.steps, 1, 1, *self.rows))
        self.h[...] = self._widen(scaled)[0]
        self._evaluate(block)

    def _axes(self) -> tuple[int, ...]:
        """Axes that move steps of ``(steps, stages, features, *rows)`` next to the last rows."""
        return (1, 2, 0, 3) if len(self.rows) == 1 else (1, 2, 3, 0, 4)

    def _widen(self, values: Array) -> Array:
        """Turn ``(steps, stages, features, *rows)`` into ``(stages, features, *wide)``."""
        moved = self.arrays.swap(values, self._axes())
        return moved.reshape((*values.shape[1:3], *self.wide))

    def _narrow(self, values: Array) -> Array:
        """Undo :meth:`_widen` with flat rows: ``(steps, stages, features, rows)``."""
        shape = (*values.shape[:2], *self.rows[:-1], self.steps, self.rows[-1])
        back = (2, 0, 1, 3) if len(self.rows) == 1 else (3, 0, 1, 2, 4)
        moved = self.arrays.swap(values.reshape(shape), back)
        return moved.reshape((self.steps, *values.shape[:2], -1))

    def _write_inputs(self, t: Array, h: Array) -> None:
        inputs = self.it.inputs
        if not inputs.n_controls:
            return
        nodes = self.arrays.reals(self.it.tableau.extra_c[:, None])
        shape = (self.steps * self.count, inputs.n_controls, *self.rows)
        values = self.arrays.empty(shape)
        inputs.write(values, t, h, inputs.gather(inputs.pieces(t)), nodes)
        by_step = values.reshape((self.steps, self.count, *shape[1:]))
        self.tape.inputs[...] = self._widen(by_step)

    def _evaluate(self, block: Block) -> None:
        xp, kernel, n_states = self.arrays.xp, self.it.kernel, self.it.n_states
        total = self.known + self.count
        stacked = self.arrays.empty((total, n_states, *self.wide))
        stacked[: self.known] = self._widen(block.z[: block.used])
        flat = stacked.reshape((total, -1))
        for stage in range(self.count):
            above = self.known + stage
            self.arrays.dot(self.weights[stage], flat[:above], out=self.tape.state[stage])
            kernel.forward(self.tape, stage, stacked[above])
            xp.multiply(stacked[above], self.h, out=stacked[above])
        known = block.z[: block.used].reshape((self.steps, self.known, n_states, -1))
        self.z = xp.concatenate([known, self._narrow(stacked[self.known :])], axis=1)

    def pull_back(self, cotangent: Array, gradient: Array, *, overflowed: bool) -> Array:
        """Return the cotangent of the block's ``z`` alone, and add to ``gradient``.

        Args:
            cotangent: of :attr:`z`.
            gradient: ``(members, size)``.
            overflowed: whether the evaluations may hold NaN or infinity.
        """
        xp, kernel = self.arrays.xp, self.it.kernel
        shape = (*cotangent.shape[:3], *self.rows)
        stacked = self._widen(cotangent.reshape(shape))
        if overflowed:
            kernel.clear_non_finite(self.tape)
        kernel.linearise(self.tape)
        pulled = self.arrays.empty(self.h.shape)
        for stage in range(self.count - 1, -1, -1):
            above = self.known + stage
            xp.multiply(stacked[above], self.h, out=self.tape.cotangent[stage])
            kernel.backward(self.tape, stage, pulled)
            weights = self.weights[stage].reshape((-1, *(1 for _ in pulled.shape)))
            stacked[:above] += weights * pulled
        kernel.add_gradient(self.tape, gradient)
        return self._narrow(stacked[: self.known])
