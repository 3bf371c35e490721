"""Memory of integration steps, kept and used again from call to call."""

from __future__ import annotations

import math

from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.kernels import Kernel, Rows, Tape

BLOCK_BYTES = 64 * 2**20
"""Steps are stored in blocks of about this size."""
MOST_STEPS = 32
"""Steps a block has at most."""
MEMORY_LIMIT = 2**30
"""Bytes of evaluations that are kept for the gradient; beyond, they are made again."""


class Block:
    """States and derivatives of some consecutive steps.

    Attributes:
        z: ``(steps, stages + 1, states, *rows)``: the state at the start of the step, then each
            stage's derivative times the step.
        prefix: ``prefix[n][s]`` is what stage ``s`` combines, ``(s + 1, states * rows)``.
        scaled: ``scaled[n][s]`` is stage ``s``'s derivative times the step.
        tape: the kernel's memory; ``slots`` stages a step.
        kept: whether the tape is the block's own; otherwise the next block overwrites it.
        used: steps that hold something.
    """

    def __init__(
        self, arrays: Arrays, rows: Rows, states: int, stages: int, slots: int, tape: Tape
    ) -> None:
        steps = len(tape.state) // slots
        self.slots = slots
        self.used = 0
        self.kept = True
        self.z = arrays.empty((steps, stages + 1, states, *rows))
        self.prefix = [
            [self.z[n, : s + 1].reshape((s + 1, -1)) for s in range(stages + 1)]
            for n in range(steps)
        ]
        self.start = [self.z[n, 0].reshape(-1) for n in range(steps)]
        self.derivatives = [self.z[n, 1:].reshape((stages, -1)) for n in range(steps)]
        self.scaled = [[self.z[n, s + 1] for s in range(stages)] for n in range(steps)]
        self.tape = tape

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
        limit: bytes of evaluations to keep.
    """

    def __init__(
        self,
        arrays: Arrays,
        kernel: Kernel,
        rows: Rows,
        stages: int,
        slots: int,
        limit: int = MEMORY_LIMIT,
    ) -> None:
        self.arrays, self.kernel, self.rows = arrays, kernel, rows
        self.stages, self.slots = stages, slots
        floats = (stages + 1) * kernel.n_states + slots * kernel.slot_floats
        step_bytes = max(math.prod(rows) * floats * arrays.dtype.itemsize, 1)
        self.block_steps = max(1, min(MOST_STEPS, BLOCK_BYTES // step_bytes))
        self.most_kept = limit // (step_bytes * self.block_steps)
        self._kept: list[Block] = []
        self._passing: list[Block] = []
        self._shared: Tape | None = None
        self.start = kernel.tape(2, rows)
        self.start.used = 1

    def block(self, index: int, *, keep: bool) -> Block:
        """Return a block; a new one when it is the first time that so many are needed.

        Args:
            index: of the block.
            keep: whether its evaluations are wanted for a gradient.
        """
        if keep and index < self.most_kept:
            while index >= len(self._kept):
                self._kept.append(self._new(self._tape()))
            return self._kept[index]
        if self._shared is None:
            self._shared = self._tape()
        index -= self.most_kept if keep else 0
        while index >= len(self._passing):
            self._passing.append(self._new(self._shared))
            self._passing[-1].kept = False
        return self._passing[index]

    def _tape(self) -> Tape:
        return self.kernel.tape(self.block_steps * self.slots, self.rows)

    def _new(self, tape: Tape) -> Block:
        return Block(self.arrays, self.rows, self.kernel.n_states, self.stages, self.slots, tape)
