"""The discrete adjoint of the implicit methods, steps held constant."""

from __future__ import annotations

import numpy as np

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.implicit.integrator import ImplicitIntegrator
from pyscimlode.backends.torch.implicit.linear import StageMatrix
from pyscimlode.backends.torch.outputs import DenseOutput
from pyscimlode.backends.torch.solution import Solution


class ImplicitAdjoint:
    """Goes back over the steps of an integration with an implicit method.

    With the cotangent x_i of the increment U_i and the stages' matrix M_i, w_i = gamma M_i^-T x_i
    (ESDIRK: without gamma). Then h w_i is the cotangent of f(Y_i), and what f hands back to Y_i
    together with C_ij w_i are parts of the cotangents of earlier increments. A Rosenbrock method's
    matrix depends on the state as well: h w_i is also the cotangent of J U_i + h d_i df/dt.

    Args:
        integrator: that made the solution.
    """

    def __init__(self, integrator: ImplicitIntegrator) -> None:
        self.it, self.arrays = integrator, integrator.arrays
        tableau, stages = integrator.tableau, integrator.stages
        self.linear = tableau.linearly_implicit
        coupling = tableau.coupling if self.linear else np.zeros_like(tableau.a)
        pairs = np.stack([tableau.a, coupling], axis=1)
        self.columns = [
            self.arrays.array(pairs[s + 1 :, :, s].reshape(-1)) for s in range(stages - 1)
        ]
        shape = (integrator.n_states, *integrator.rows)
        self.pulled = self.arrays.empty((stages, 2, *shape))
        flat = self.pulled.reshape((2 * stages, -1))
        self.later = [flat[2 * (s + 1) :] for s in range(stages - 1)]
        self.field_cotangents = self.arrays.empty((stages, *shape))
        self.state = self.arrays.empty(shape)
        self.work = self.arrays.empty(shape)
        drift = tableau.drift if self.linear else np.zeros(stages)
        self.drift = self.arrays.array(drift).reshape((stages, 1, *(1 for _ in integrator.rows)))

    def gradient(
        self, solution: Solution, output: DenseOutput, cotangent: Array, gradient: Array
    ) -> None:
        """Add the gradient of the parameters to ``gradient: (members, size)``.

        Afterwards ``state`` is the gradient of the initial states ``(states, *rows)``.

        Args:
            solution: the integration.
            output: its outputs.
            cotangent: ``(rows, points, states)`` of the outputs.
            gradient: ``(members, size)``.
        """
        it, kernel = self.it, self.it.kernel
        self.state.reshape(-1)[...] = output.end_cotangent(cotangent)
        steps = self.arrays.reals(solution.grid.h)
        begin = len(solution.grid.h)
        for number in range(len(solution.blocks) - 1, -1, -1):
            block = solution.blocks[number]
            begin -= block.used
            within = slice(begin, begin + block.used)
            starts = solution.grid.t[within]
            if solution.overflowed:
                self.arrays.clear_non_finite(block.z)
            if solution.overflowed or not block.kept or not self.linear:
                it.evaluate_again(block, starts, solution.grid.h[within])
            drifts = self._drifts(starts)
            matrices = []
            for n in range(block.used):
                it.set_step(steps[begin + n])
                matrices.append(it.adjoint_matrices(block, n))
            kernel.linearise(block.tape)
            dense = output.block_cotangent(number, cotangent, gradient)
            for n in range(block.used - 1, -1, -1):
                it.set_step(steps[begin + n])
                touched = dense is not None and dense[1][n]
                extra = dense[0][n] if dense is not None and touched else None
                self._step(block, n, matrices[n], extra, overflowed=solution.overflowed)
                if self.linear:
                    drift = None if drifts is None else drifts[n]
                    self._follow_matrix(block, n, drift, gradient)
            kernel.add_gradient(block.tape, gradient)

    def _drifts(self, starts: np.ndarray) -> Array | None:
        t = self.arrays.reals(starts)
        return self.it.drifts(t, self.it.inputs.gather(self.it.inputs.pieces(t)))

    def _step(
        self,
        block: Block,
        n: int,
        matrices: list[StageMatrix],
        extra: Array | None,
        *,
        overflowed: bool,
    ) -> None:
        it, arrays, tableau = self.it, self.arrays, self.it.tableau
        h, tape, slot = it.h_full, block.tape, n * block.slots
        for stage in range(it.stages - 1, -1, -1):
            if stage < it.stages - 1:
                arrays.dot(self.columns[stage], self.later[stage], out=self.work.reshape(-1))
                self.work += float(tableau.b[stage]) * self.state
            else:
                arrays.xp.multiply(self.state, float(tableau.b[stage]), out=self.work)
            if extra is not None:
                self.work += extra[stage + 1].reshape(h.shape)
            solved = self.pulled[stage, 1]
            if stage or self.linear:
                factor = tableau.gamma if self.linear else 1.0
                found = matrices[stage].solve(self.work, transposed=True)
                arrays.xp.multiply(found.reshape(h.shape), factor, out=solved)
                if overflowed:
                    arrays.clear_non_finite(solved)
            else:
                solved[...] = self.work
            arrays.xp.multiply(solved, h, out=self.field_cotangents[stage])
            tape.cotangent[slot + stage][...] = self.field_cotangents[stage]
            it.kernel.backward(tape, slot + stage, self.pulled[stage, 0])
        self.state += self.pulled[:, 0].sum(0)
        if extra is not None:
            self.state += extra[0].reshape(h.shape)

    def _follow_matrix(self, block: Block, n: int, drift: Array | None, gradient: Array) -> None:
        """Add what the Jacobian's own dependence on state and parameters hands back."""
        it, h = self.it, self.it.h_full
        weights = self.drift * h[:1]
        y, u = block.z[n, 0], block.tape.inputs[n * block.slots]
        self.state += it.linearisation.curvature(
            y, u, drift, (block.z[n, 1:], weights), self.field_cotangents, gradient
        )
