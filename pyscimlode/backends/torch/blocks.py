"""Memory of integration steps, kept and used again from call to call."""

from __future__ import annotations

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.kernels import Kernel, Rows, Tape

BLOCK_BYTES = 64 * 2**20
"""Steps are stored in blocks of about this size."""
MOST_STEPS = 32
"""Steps a block has at most."""


class Block:
    """States and derivatives of some consecutive steps.

    Attributes:
        z: ``(steps, stages + 1, states, *rows)``: the state at the start of the step, then each
            stage's derivative times the step.
        prefix: ``prefix[n][s]`` is what stage ``s`` combines, ``(s + 1, states * rows)``.
        scaled: ``scaled[n][s]`` is stage ``s``'s derivative times the step.
        tape: the kernel's memory; ``slots`` stages a step.
        used: steps that hold something.
    """

    def __init__(
        self, arrays: Arrays, kernel: Kernel, rows: Rows, steps: int, stages: int, slots: int
    ) -> None:
        n_states = kernel.n_states
        self.steps = steps
        self.slots = slots
        self.used = 0
        self.z = arrays.empty((steps, stages + 1, n_states, *rows))
        self.prefix = [
            [self.z[n, : s + 1].reshape((s + 1, -1)) for s in range(stages + 1)]
            for n in range(steps)
        ]
        self.start = [self.z[n, 0].reshape(-1) for n in range(steps)]
        self.derivatives = [self.z[n, 1:].reshape((stages, -1)) for n in range(steps)]
        self.scaled = [[self.z[n, s + 1] for s in range(stages)] for n in range(steps)]
        self.tape: Tape = kernel.tape(steps * slots, rows)

    def inputs(self, step: int) -> Array:
        """Return where the inputs of a step's stages belong."""
        return self.tape.inputs[step * self.slots : (step + 1) * self.slots]

    def close(self, used: int) -> None:
        """Say how many steps hold something."""
        self.used = used
        self.tape.used = used * self.slots


class Memory:
    """The blocks of one batch.

    Args:
        arrays: where numbers live.
        kernel: the field.
        rows: shape of the rows.
        stages: of the method.
        slots: evaluations a step.
    """

    def __init__(self, arrays: Arrays, kernel: Kernel, rows: Rows, stages: int, slots: int) -> None:
        self.arrays, self.kernel, self.rows = arrays, kernel, rows
        self.stages, self.slots = stages, slots
        count = 1
        for size in rows:
            count *= size
        step_bytes = 8 * count * (stages + 1) * (kernel.n_states * 4 + 64)
        self.block_steps = max(1, min(MOST_STEPS, BLOCK_BYTES // step_bytes))
        self._blocks: list[Block] = []
        self.start = kernel.tape(2, rows)
        self.start.used = 1

    def block(self, index: int) -> Block:
        """Return a block; a new one when it is the first time that so many are needed."""
        while index >= len(self._blocks):
            self._blocks.append(
                Block(
                    self.arrays, self.kernel, self.rows, self.block_steps, self.stages, self.slots
                )
            )
        return self._blocks[index]
