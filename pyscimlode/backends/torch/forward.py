"""Integration of many rows in lockstep, each with its own time and step."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.blocks import Block, Memory
from pyscimlode.backends.torch.control import Controller
from pyscimlode.backends.torch.kernels import Kernel, Rows
from pyscimlode.backends.torch.solution import Grid, Solution
from pyscimlode.backends.torch.stage_inputs import StageInputs
from pyscimlode.backends.torch.tableaus import Tableau

FloatArray = npt.NDArray[np.float64]

PATIENCE = 12
"""Times in a row that a step may overflow and be cut to a tenth before the row has failed."""
CHECK_EVERY = 8
"""On a device, steps between two looks at whether any row is left."""


class Watch(Protocol):
    """Looks at an integration from outside."""

    def found(self, block: Block, run: AdaptiveRun) -> bool:
        """Look at a block whose steps have all been taken; True ends the integration."""
        ...


class Integrator:
    """One method on the rows of one batch.

    Args:
        arrays: where numbers live.
        tableau: the method.
        kernel: the field, with parameters bound.
        memory: where steps are stored.
        inputs: of every row.
        time_scale: ``(rows,)`` of every row's member, on the host.
        rows: shape of the rows.
    """

    def __init__(
        self,
        arrays: Arrays,
        tableau: Tableau,
        kernel: Kernel,
        memory: Memory,
        inputs: StageInputs,
        time_scale: FloatArray,
        rows: Rows,
    ) -> None:
        self.arrays, self.tableau, self.kernel = arrays, tableau, kernel
        self.memory, self.inputs, self.rows = memory, inputs, rows
        self.count = len(time_scale)
        self.n_states = kernel.n_states
        self.stages = tableau.stages
        self.first = self.stages - memory.slots
        self.rate = arrays.reals(1.0 / time_scale)
        self.nodes = arrays.reals(tableau.c[self.first :, None])
        weights = np.concatenate([np.ones((self.stages, 1)), tableau.a], axis=1)
        self.weights = [arrays.array(weights[s, : s + 1]) for s in range(self.stages)]
        self.errors = [arrays.array(row) for row in tableau.error]
        shape = (self.n_states, *rows)
        self.h_full = arrays.empty(shape)
        self.slope, self.next_slope = arrays.empty(shape), arrays.empty(shape)
        self.estimates = [arrays.empty((self.n_states * self.count,)) for _ in self.errors]

    def set_step(self, h: Array) -> None:
        """Set the step ``(rows,)`` in units of the time scale, for every state."""
        self.h_full[...] = (h * self.rate).reshape(self.rows)

    def start(self, y: Array, t: Array) -> None:
        """Evaluate the field at the start ``y: (states * rows,)``."""
        tape = self.memory.start
        tape.state[0][...] = y
        self._start_inputs(0, t, 0.0 * t)
        self.kernel.forward(tape, 0, self.slope)

    def _start_inputs(self, slot: int, t: Array, h: Array) -> None:
        piece = self.inputs.pieces(t)
        out = self.memory.start.inputs[slot : slot + 1]
        pieces = self.inputs.gather(piece[None])
        self.inputs.write(out, t[None], h[None], pieces, self.nodes[-1:])

    def stage_states(self, block: Block, n: int) -> Array:
        """Evaluate all stages of step ``n`` and return the new state ``(states * rows,)``.

        The last derivative goes to ``next_slope``.
        """
        arrays, xp, tape, kernel = self.arrays, self.arrays.xp, block.tape, self.kernel
        prefix, scaled = block.prefix[n], block.scaled[n]
        slot, last = n * block.slots - self.first, self.stages - 1
        if self.first:
            xp.multiply(self.slope, self.h_full, out=scaled[0])
        for stage in range(self.first, self.stages):
            arrays.dot(self.weights[stage], prefix[stage], out=tape.state[slot + stage])
            target = self.next_slope if stage == last else scaled[stage]
            kernel.forward(tape, slot + stage, target)
            xp.multiply(target, self.h_full, out=scaled[stage])
        return tape.state[slot + last]

    def evaluate_again(self, block: Block, t: FloatArray, h: FloatArray) -> None:
        """Fill the tape of a block whose evaluations were not kept, from its stored states.

        Args:
            block: the block.
            t: ``(steps, rows)`` starts of its steps.
            h: ``(steps, rows)`` their lengths.
        """
        block.close(block.used)
        tape, starts = block.tape, self.arrays.reals(t)
        out = tape.inputs[: tape.used]
        pieces = self.inputs.gather(self.inputs.pieces(starts))
        self.inputs.write(out, starts, self.arrays.reals(h), pieces, self.nodes)
        for n in range(block.used):
            slot = n * block.slots - self.first
            for stage in range(self.first, self.stages):
                target = tape.state[slot + stage]
                self.arrays.dot(self.weights[stage], block.prefix[n][stage], out=target)
                self.kernel.forward(tape, slot + stage, self.next_slope)

    def first_step(self, control: Controller, y: Array, t: Array, longest: Array) -> Array:
        """Return a first step ``(rows,)``; costs one evaluation."""
        tape = self.memory.start
        states = y.reshape((self.n_states, -1))
        slope = self.slope.reshape((self.n_states, -1)) * self.rate
        trial = control.trial_step(states, slope, longest)
        tape.state[1][...] = (states + trial * slope).reshape(-1)
        self._start_inputs(1, t, trial)
        self.kernel.forward(tape, 1, self.next_slope)
        probe = self.next_slope.reshape((self.n_states, -1)) * self.rate
        return control.first_step(states, slope, probe, trial, longest)

    def run(self, control: Controller, start: FloatArray, end: FloatArray) -> AdaptiveRun:
        """Return the state of a new integration."""
        return AdaptiveRun(self, control, start, end)

    def adaptive(
        self,
        y: Array,
        start: FloatArray,
        end: FloatArray,
        control: Controller,
        max_steps: int,
        *,
        keep: bool = True,
        watch: Watch | None = None,
    ) -> Solution:
        """Integrate with step size control.

        Args:
            y: ``(states * rows,)`` initial states.
            start: ``(rows,)`` times.
            end: ``(rows,)`` times; rows with ``end == start`` take no step.
            control: the controller.
            max_steps: attempted steps of a row.
            keep: whether a gradient is wanted afterwards.
            watch: looks at every full block and may end the integration there.
        """
        run = self.run(control, start, end)
        run.begin(y)
        n, size = 0, self.memory.block_steps
        while n < max_steps and run.any_left(n):
            block = self.memory.block(n // size, keep=keep)
            run.step(block, n % size)
            n += 1
            if watch is not None and n % size == 0 and watch.found(block, run):
                break
        return run.finish(n, keep=keep)

    def fixed(self, y: Array, grid: Grid, *, keep: bool = True) -> Solution:
        """Integrate on given steps ``grid`` (packed); ``keep`` as for :meth:`adaptive`."""
        xp, size = self.arrays.xp, self.memory.block_steps
        t, h = self.arrays.reals(grid.t), self.arrays.reals(grid.h)
        pieces = self.inputs.pieces(t)
        if self.first:
            self.start(y, t[0])
        blocks: list[Block] = []
        total = len(grid.t)
        for begin in range(0, total, size):
            block = self.memory.block(begin // size, keep=keep)
            steps = slice(begin, min(begin + size, total))
            block.close(steps.stop - begin)
            blocks.append(block)
            out = block.tape.inputs[: block.tape.used]
            gathered = self.inputs.gather(pieces[steps])
            self.inputs.write(out, t[steps], h[steps], gathered, self.nodes)
            for n in range(block.used):
                self.set_step(h[begin + n])
                block.start[n][...] = y
                self.stage_states(block, n)
                y = block.tape.state[(n + 1) * block.slots - 1]
                self.slope, self.next_slope = self.next_slope, self.slope
        final = y.reshape((self.n_states, *self.rows))
        finite = self.arrays.numpy(xp.isfinite(y.reshape((self.n_states, -1))).all(axis=0))
        status = np.where(finite, Status.SUCCESS, Status.NON_FINITE).astype(np.int64)
        failed_at = np.full(self.count, np.nan)
        if not finite.all():
            failed_at[~finite] = self._first_failure(blocks, grid)[~finite]
        per_step = self.memory.slots
        nfev = self.first + per_step * (grid.h > 0.0).sum(axis=0)
        return Solution(grid, blocks, final, status, failed_at, nfev, not bool(finite.all()))

    def _first_failure(self, blocks: list[Block], grid: Grid) -> FloatArray:
        xp = self.arrays.xp
        states = np.concatenate(
            [self.arrays.numpy(xp.isfinite(b.z[: b.used, 0])).all(axis=1) for b in blocks]
        )
        bad = ~states.reshape((len(grid.t), -1))
        step = np.where(bad.any(axis=0), np.maximum(bad.argmax(axis=0) - 1, 0), len(grid.t) - 1)
        return np.asarray(grid.t[step, np.arange(self.count)])


class AdaptiveRun:
    """State of one adaptive integration."""

    def __init__(
        self,
        integrator: Integrator,
        control: Controller,
        start: FloatArray,
        end: FloatArray,
    ) -> None:
        arrays = integrator.arrays
        self.it, self.control, self.arrays, self.xp = integrator, control, arrays, arrays.xp
        self.t, self.end = arrays.reals(start), arrays.reals(end)
        span = end - start
        resolution = 1e-14 if arrays.precision == torch.float64 else 1e-10
        self.smallest = arrays.reals(resolution * np.maximum(np.abs(end), span))
        self.status = arrays.index(np.zeros(len(start), dtype=np.int64))
        self.failed_at = arrays.reals(np.full(len(start), np.nan))
        self.overflows = arrays.index(np.zeros(len(start), dtype=np.int64))
        self.attempts = arrays.index(np.zeros(len(start), dtype=np.int64))
        self.previous = arrays.reals(np.ones(len(start)))
        self.overflowed: Any = False
        self.history: list[tuple[Array, Array, Array]] = []

    def begin(self, y: Array) -> None:
        """Evaluate the field at the start and choose the first step."""
        it, xp = self.it, self.xp
        self.y = y
        it.start(y, self.t)
        self.h = it.first_step(self.control, y, self.t, self.end - self.t)
        self.h = xp.where(self.h > 0.0, self.h, 1.0)
        finite = xp.isfinite(it.slope.reshape((it.n_states, -1))).all(axis=0)
        self.overflowed = ~finite.all()
        self._fail((~finite) & (self.end > self.t), Status.NON_FINITE)
        self._locate()

    def any_left(self, n: int) -> bool:
        """Return whether any row has not reached its end."""
        if self.arrays.host or n % CHECK_EVERY == 0:
            return bool((self.t < self.end).any())
        return True

    def _fail(self, rows: Array, status: Status) -> None:
        """Stop ``rows`` where they are."""
        self.status = self.xp.where(rows, int(status), self.status)
        self.failed_at = self.xp.where(rows, self.t, self.failed_at)
        self.end = self.xp.where(rows, self.t, self.end)

    def _locate(self) -> None:
        """Find every row's piece of p(t) and where its step has to end."""
        piece = self.it.inputs.pieces(self.t)
        self.pieces = self.it.inputs.gather(piece[None])
        self.stop = self.xp.minimum(self.it.inputs.next_knot(piece), self.end)

    def step(self, block: Block, n: int) -> None:
        """Attempt a step of every row."""
        it, xp = self.it, self.xp
        remaining = self.stop - self.t
        parts = self.control.parts(remaining, self.h)
        h = remaining / parts
        it.set_step(h)
        it.inputs.write(block.inputs(n), self.t[None], h[None], self.pieces, it.nodes)
        block.start[n][...] = self.y
        new = it.stage_states(block, n)
        for weights, estimate in zip(it.errors, it.estimates, strict=True):
            self.arrays.dot(weights, block.derivatives[n], out=estimate)
        error = self.control.error(self.y, new, it.estimates)
        accepted, active = error <= 1.0, h > 0.0
        landed = accepted & (parts == 1.0)
        if self.arrays.host and bool(accepted.all()):
            self.h = xp.where(active, h * self.control.factor(error, self.previous), self.h)
            self.history.append((self.t, h, accepted))
            self.previous = self.arrays.at_least(error, 1e-4)
            self.t = xp.where(landed, self.stop, self.t + h)
            self.y = new
            it.slope, it.next_slope = it.next_slope, it.slope
        else:
            self._accept_some(h, error, accepted, active, landed, new)
        if not self.arrays.host or bool(landed.any()):
            self._locate()

    def _accept_some(
        self,
        h: Array,
        error: Array,
        accepted: Array,
        active: Array,
        landed: Array,
        new: Array,
    ) -> None:
        """Carry on accepted rows only, and stop those that cannot go on."""
        it, xp = self.it, self.xp
        finite = xp.isfinite(error)
        factor = self.control.factor_after_failure(error, self.previous, accepted, finite)
        self.h = xp.where(active, h * factor, self.h)
        accepted = accepted | ~active
        self.history.append((self.t, xp.where(accepted, h, 0.0), accepted))
        self.previous = xp.where(
            accepted & finite, self.arrays.at_least(error, 1e-4), self.previous
        )
        moved = xp.where(landed, self.stop, self.t + h)
        self.t = xp.where(accepted, moved, self.t)
        keep = accepted.reshape((1, -1))
        shape = (it.n_states, -1)
        self.y = xp.where(keep, new.reshape(shape), self.y.reshape(shape)).reshape(-1)
        slope = xp.where(keep, it.next_slope.reshape(shape), it.slope.reshape(shape))
        it.slope[...] = slope.reshape(it.slope.shape)
        self.overflows = xp.where(finite, 0, self.overflows + 1)
        self.overflowed = self.overflowed | ~finite.all()
        self._fail((self.overflows >= PATIENCE) & active, Status.NON_FINITE)
        small = active & ~accepted & (self.h < self.smallest) & (self.t < self.end)
        self._fail(small & finite, Status.STEP_TOO_SMALL)
        self._fail(small & ~finite, Status.NON_FINITE)
        self.stop = xp.minimum(self.stop, self.end)

    def finish(self, steps: int, *, keep: bool) -> Solution:
        """Bring the steps to the host and close the blocks."""
        it, arrays, xp = self.it, self.arrays, self.xp
        self._fail(self.t < self.end, Status.MAX_STEPS)
        if self.history:
            t, h, accepted = (
                arrays.numpy(xp.stack(column)) for column in zip(*self.history, strict=True)
            )
        else:
            t = np.zeros((0, it.count))
            h, accepted = t, np.zeros((0, it.count), dtype=bool)
        blocks: list[Block] = []
        for begin in range(0, steps, it.memory.block_steps):
            block = it.memory.block(begin // it.memory.block_steps, keep=keep)
            block.close(min(it.memory.block_steps, steps - begin))
            blocks.append(block)
        attempts = ((h > 0.0) | ~accepted).sum(axis=0)
        nfev = 2 + it.memory.slots * attempts
        return Solution(
            grid=Grid(t, h, accepted),
            blocks=blocks,
            end=self.y.reshape((it.n_states, *it.rows)),
            status=np.array(arrays.numpy(self.status)),
            failed_at=np.array(arrays.numpy(self.failed_at)),
            nfev=nfev,
            overflowed=bool(self.overflowed),
        )
