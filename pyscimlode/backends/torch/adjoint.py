"""The discrete adjoint: the exact derivative of the computed solution, steps held constant."""

from __future__ import annotations

import numpy as np

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.forward import Integrator
from pyscimlode.backends.torch.outputs import DenseOutput
from pyscimlode.backends.torch.solution import Solution


class Adjoint:
    """Goes back over the steps of an integration.

    The cotangent of the state at the end of a step and that of the derivative there (the next
    step's first stage) are carried from step to step. Within a step the stages come in reverse;
    ``mu`` holds their vector-Jacobian products, its last row the cotangent of the state at the
    step's end.

    Args:
        integrator: that made the solution.
    """

    def __init__(self, integrator: Integrator) -> None:
        self.it, self.arrays = integrator, integrator.arrays
        a = integrator.tableau.a
        stages = integrator.stages
        self.columns = [self.arrays.array(a[s + 1 :, s]) for s in range(stages - 1)]
        shape = (integrator.n_states, *integrator.rows)
        self.mu = self.arrays.empty((stages, *shape))
        flat = self.mu.reshape((stages, -1))
        self.later = [flat[s + 1 :] for s in range(stages - 1)]
        self.ones = self.arrays.array(np.ones(stages))
        first = integrator.first
        self.summed, self.sum_weights = flat[first:], self.ones[first:]
        self.state = self.arrays.empty(shape)
        self.state_flat = self.state.reshape(-1)
        self.slope = self.arrays.empty(shape)
        self.work = self.arrays.empty(shape)
        self.work_flat = self.work.reshape(-1)

    def gradient(
        self, solution: Solution, output: DenseOutput, cotangent: Array, gradient: Array
    ) -> None:
        """Add the gradient of the parameters to ``gradient: (members, size)``.

        Args:
            solution: the integration.
            output: its outputs.
            cotangent: ``(rows, points, states)`` of the outputs.
            gradient: ``(members, size)``.
        """
        it, kernel = self.it, self.it.kernel
        self.state_flat[...] = output.end_cotangent(cotangent)
        self.slope[...] = 0.0
        steps = self.arrays.reals(solution.grid.h)
        begin = len(solution.grid.h)
        for number in range(len(solution.blocks) - 1, -1, -1):
            block = solution.blocks[number]
            begin -= block.used
            if not block.kept:
                steps_in = slice(begin, begin + block.used)
                it.evaluate_again(block, solution.grid.t[steps_in], solution.grid.h[steps_in])
            if solution.overflowed:
                kernel.clear_non_finite(block.tape)
            kernel.linearise(block.tape)
            dense = output.block_cotangent(number, cotangent, gradient)
            for n in range(block.used - 1, -1, -1):
                it.set_step(steps[begin + n])
                touched = dense is not None and dense[1][n]
                extra = dense[0][n] if dense is not None and touched else None
                accepted = solution.grid.accepted[begin + n]
                mask = None if accepted.all() else accepted
                self._step(block, n, extra, mask)
            kernel.add_gradient(block.tape, gradient)
        if it.first:
            tape = it.memory.start
            if solution.overflowed:
                kernel.clear_non_finite(tape)
            kernel.linearise(tape)
            tape.cotangent[0][...] = self.slope
            kernel.backward(tape, 0, self.work)
            kernel.add_gradient(tape, gradient)

    def _step(self, block: Block, n: int, extra: Array | None, mask: np.ndarray | None) -> None:
        it, xp, kernel, tape = self.it, self.arrays.xp, self.it.kernel, block.tape
        last = it.stages - 1
        slot = n * block.slots - it.first
        h, mu = it.h_full, self.mu
        end = tape.cotangent[slot + last]
        passed = None
        if it.first:
            if mask is None:
                end[...] = self.slope
            else:
                keep = self.arrays.array(mask).reshape(it.rows)
                xp.multiply(self.slope, keep, out=end)
                passed = self.slope - end
        else:
            end[...] = 0.0
        if extra is not None:
            end += h * extra[last + 1].reshape(h.shape)
        kernel.backward(tape, slot + last, mu[last])
        mu[last] += self.state
        for stage in range(last - 1, -1, -1):
            self.arrays.dot(self.columns[stage], self.later[stage], out=self.work_flat)
            if extra is not None:
                self.work += extra[stage + 1].reshape(h.shape)
            if stage == 0 and it.first:
                xp.multiply(self.work, h, out=self.slope)
                if passed is not None:
                    self.slope += passed
            else:
                xp.multiply(self.work, h, out=tape.cotangent[slot + stage])
                kernel.backward(tape, slot + stage, mu[stage])
        self.arrays.dot(self.sum_weights, self.summed, out=self.state_flat)
        if extra is not None:
            self.state += extra[0].reshape(h.shape)
