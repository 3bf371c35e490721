"""Rosenbrock methods: one Jacobian and one factorisation a step, no iteration."""

from __future__ import annotations

from typing import Any

from pyscimlode.backends.torch.arrays import Array
from pyscimlode.backends.torch.blocks import Block
from pyscimlode.backends.torch.implicit.integrator import ImplicitIntegrator
from pyscimlode.backends.torch.implicit.linear import StageMatrix


class RosenbrockIntegrator(ImplicitIntegrator):
    """A linearly implicit method; see :class:`ImplicitIntegrator`."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        coupling = self.tableau.coupling
        self.couplings = [self.arrays.array(coupling[s, :s]) for s in range(self.stages)]

    def stage_states(self, block: Block, n: int) -> Array:
        """Solve the stages of step ``n`` and return the new state ``(states * rows,)``."""
        arrays, xp, tape, kernel = self.arrays, self.arrays.xp, block.tape, self.kernel
        prefix, scaled, increments = block.prefix[n], block.scaled[n], block.derivatives[n]
        slot, gamma, h = n * block.slots, self.tableau.gamma, self.h_full
        work = arrays.empty(block.start[n].shape)
        right = work.reshape(h.shape)
        for stage in range(self.stages):
            arrays.dot(self.weights[stage], prefix[stage], out=tape.state[slot + stage])
            kernel.forward(tape, slot + stage, self.slope)
            if stage == 0:
                matrix, moved = self._equations(tape, slot)
                xp.multiply(self.slope, h, out=right)
            else:
                arrays.dot(self.couplings[stage], increments[:stage], out=work)
                right += self.slope * h
            drift = float(self.tableau.drift[stage])
            if moved is not None and drift:
                right += drift * moved
            right *= gamma
            scaled[stage][...] = matrix.solve(right).reshape(h.shape)
        return self.new_state(block, n)

    def _equations(self, tape: Any, slot: int) -> tuple[StageMatrix, Array | None]:
        """Return the stages' matrix, and h^2 df/dt."""
        jacobian, by_time = self.linearisation.jacobian(tape, slot, self.drift)
        matrix = self.matrix(jacobian)
        return matrix, None if by_time is None else self.h_full * self.h_full * by_time

    def adjoint_matrices(self, block: Block, n: int) -> list[StageMatrix]:
        """Return the one matrix of a stored step for each of its stages."""
        jacobian = self.linearisation.jacobian(block.tape, n * block.slots, None)[0]
        return [self.matrix(jacobian)] * self.stages
