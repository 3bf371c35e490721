"""ESDIRK methods: stages by a simplified Newton iteration with one Jacobian a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.forward import FloatArray
from pyscimlode.backends.torch.implicit.integrator import ImplicitIntegrator
from pyscimlode.backends.torch.implicit.linear import StageMatrix

MOST_ITERATIONS = 10
"""Beyond, the step is tried again with a shorter length; a device always goes to the end."""
NEWTON_TOLERANCE = 5e-3
"""Error of the stages' equations in units of the step's tolerance."""


class EsdirkIntegrator(ImplicitIntegrator):
    """A diagonally implicit method with an explicit first stage; see :class:`ImplicitIntegrator`.

    Convergence is judged as in E. Hairer, G. Wanner, Solving Ordinary Differential Equations II
    (1996), section IV.8.

    Args:
        args: of :class:`ImplicitIntegrator`.
        rtol: relative tolerance.
        atol: absolute tolerance.
    """

    def __init__(self, *args: Any, rtol: float, atol: float) -> None:
        super().__init__(*args)
        self.rtol, self.atol = rtol, atol
        gamma = self.tableau.gamma
        rows = np.concatenate([np.ones((self.stages, 1)), self.tableau.a], axis=1)
        self.full_weights = [
            self.arrays.array([*row[: stage + 1], gamma if stage else 0.0])
            for stage, row in enumerate(rows)
        ]
        self.guesses = [
            self.arrays.array(weights) for weights in extrapolations(self.tableau.c.tolist())
        ]

    def stage_states(self, block: Block, n: int) -> Array:
        """Solve the stages of step ``n`` and return the new state ``(states * rows,)``."""
        arrays, xp, tape, h = self.arrays, self.arrays.xp, block.tape, self.h_full
        slot, scaled = n * block.slots, block.scaled[n]
        tape.state[slot][...] = block.start[n]
        self.kernel.forward(tape, slot, self.slope)
        jacobian = self.linearisation.jacobian(tape, slot, None)[0]
        matrix = self.matrix(jacobian)
        xp.multiply(self.slope, h, out=scaled[0])
        scale = self.atol + self.rtol * xp.abs(block.start[n].reshape((self.n_states, -1)))
        idle = h[0].reshape(-1) <= 0.0
        solved = idle | True
        for stage in range(1, self.stages):
            solved = solved & self._solve_stage(block, n, stage, matrix, scale, idle)
        self.newton_failed = ~solved
        new = self.new_state(block, n)
        if arrays.host and bool(solved.all()):
            return new
        by_row = new.reshape((self.n_states, -1))
        return xp.where(solved, by_row, float("nan")).reshape(-1)

    def _solve_stage(
        self, block: Block, n: int, stage: int, matrix: StageMatrix, scale: Array, idle: Array
    ) -> Array:
        """Find a stage's increment; returns whether that worked ``(rows,)``."""
        arrays, xp, tape, h = self.arrays, self.arrays.xp, block.tape, self.h_full
        slot, gamma = n * block.slots + stage, self.tableau.gamma
        increment = block.scaled[n][stage]
        guess = self.guesses[stage - 1]
        arrays.dot(guess, block.derivatives[n][:stage], out=increment.reshape(-1))
        flat = increment.reshape((self.n_states, -1))
        base = arrays.empty(block.start[n].shape)
        arrays.dot(self.weights[stage], block.prefix[n][stage], out=base)
        state = tape.state[slot]
        done, before = idle, None
        for _ in range(MOST_ITERATIONS):
            xp.multiply(increment.reshape(-1), gamma, out=state)
            state += base
            self.kernel.forward(tape, slot, self.slope)
            change = matrix.solve(self.slope * h - increment)
            change = xp.where(done, 0.0, change)
            flat += change
            size = (((gamma * change) / scale) ** 2).sum(axis=0) ** 0.5
            self.further_evaluations = self.further_evaluations + 1.0 * (~done)
            done = done | self._converged(size, before)
            before = size
            if arrays.host and bool((done | ~xp.isfinite(size)).all()):
                break
        self.further_evaluations = self.further_evaluations - 1.0 * (~idle)
        return done

    def _converged(self, size: Array, before: Array | None) -> Array:
        """Return whether the error that is left, by the rate of convergence, is small enough."""
        if before is None:
            return size <= 1e-3 * NEWTON_TOLERANCE
        xp = self.arrays.xp
        rate = size / xp.where(before > 0.0, before, 1.0)
        return (rate < 1.0) & (rate * size <= (1.0 - rate) * NEWTON_TOLERANCE)

    def evaluate_again(self, block: Block, t: FloatArray, h: FloatArray) -> None:
        """Fill the tape of a block from its stored increments, at the stages' final states."""
        block.close(block.used)
        tape, starts = block.tape, self.arrays.reals(t)
        pieces = self.inputs.gather(self.inputs.pieces(starts))
        out = tape.inputs[: tape.used]
        self.inputs.write(out, starts, self.arrays.reals(h), pieces, self.nodes)
        for n in range(block.used):
            for stage in range(self.stages):
                slot = n * block.slots + stage
                target = tape.state[slot]
                self.arrays.dot(self.full_weights[stage], block.prefix[n][stage + 1], out=target)
                self.kernel.forward(tape, slot, self.slope)

    def adjoint_matrices(self, block: Block, n: int) -> list[StageMatrix]:
        """Return the matrices at the final state of every stage; the first has none of its own."""
        matrices: list[StageMatrix] = []
        for stage in range(1, self.stages):
            jacobian = self.linearisation.jacobian(block.tape, n * block.slots + stage, None)[0]
            matrices.append(self.matrix(jacobian))
        return [matrices[0], *matrices]


def extrapolations(nodes: list[float]) -> list[FloatArray]:
    """Return with which weights of earlier stages the Newton iteration of each stage begins.

    The derivative of an earlier stage at the same node, or a polynomial in time through those at
    the (at most three) nearest nodes.

    Args:
        nodes: of the stages; the result begins with the second.
    """
    found = []
    for stage in range(1, len(nodes)):
        at, weights = nodes[stage], np.zeros(stage)
        nearest = sorted(range(stage), key=lambda k: (abs(nodes[k] - at), -k))[:3]
        if abs(nodes[nearest[0]] - at) < 1e-12:
            nearest = nearest[:1]
        for one in nearest:
            others = [nodes[k] for k in nearest if k != one]
            weights[one] = np.prod([(at - x) / (nodes[one] - x) for x in others])
        found.append(weights)
    return found
