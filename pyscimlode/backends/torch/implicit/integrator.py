"""What the implicit methods share: the run of adaptive steps and the equations of a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import torch

from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.arrays import Array, Arrays
from pyscimlode.backends.torch.blocks import Block, Memory
from pyscimlode.backends.torch.control import NON_FINITE_FACTOR, Controller
from pyscimlode.backends.torch.forward import AdaptiveRun, FloatArray, Integrator
from pyscimlode.backends.torch.implicit.jacobians import Linearisation
from pyscimlode.backends.torch.implicit.linear import StageMatrix
from pyscimlode.backends.torch.implicit.tableaus import ImplicitTableau
from pyscimlode.backends.torch.kernels import Kernel, Rows
from pyscimlode.backends.torch.solution import Solution
from pyscimlode.backends.torch.stage_inputs import StageInputs

NEWTON_FACTOR = 0.3
"""By how much a step gets shorter whose equations were not solved."""
START_RESOLUTION = 1e-22
"""Shortest step at time zero, over the whole time."""


class ImplicitIntegrator(Integrator, ABC):
    """An implicit method on the rows of one batch; see :class:`forward.Integrator`.

    Args:
        arrays: where numbers live.
        tableau: the method.
        kernel: the field, with parameters bound.
        linearisation: its Jacobian, with the same parameters bound.
        memory: where steps are stored, every stage in a slot of its own.
        inputs: of every row.
        time_scale: ``(rows,)`` of every row's member, on the host.
        rows: shape of the rows.

    Attributes:
        drift: du/dt of the step that is taken, in the unit of the field's time.
        newton_failed: ``(rows,)`` whether the step's equations were not solved.
        further_evaluations: ``(rows,)`` beyond one a stage.
    """

    tableau: ImplicitTableau

    def __init__(
        self,
        arrays: Arrays,
        tableau: ImplicitTableau,
        kernel: Kernel,
        linearisation: Linearisation,
        memory: Memory,
        inputs: StageInputs,
        time_scale: FloatArray,
        rows: Rows,
    ) -> None:
        super().__init__(arrays, tableau, kernel, memory, inputs, time_scale, rows)
        self.linearisation = linearisation
        self.drift: Array | None = None
        self.newton_failed = arrays.reals([0.0] * self.count) > 0.0
        self.further_evaluations = arrays.reals([0.0] * self.count)
        self.end_weights = arrays.array([1.0, *tableau.b])

    def run(self, control: Controller, start: FloatArray, end: FloatArray) -> ImplicitRun:
        """Return the state of a new integration."""
        self.newton_failed = self.newton_failed & False
        self.further_evaluations = self.further_evaluations * 0.0
        return ImplicitRun(self, control, start, end)

    def drifts(self, t: Array, pieces: Any) -> Array | None:
        """Return du/dt ``(steps, controls, *rows)`` at ``t: (steps, rows)`` in the field's time."""
        slopes = self.inputs.slopes(t, pieces)
        return None if slopes is None else slopes / self.rate.reshape(self.rows)

    def new_state(self, block: Block, n: int) -> Array:
        """Return the state ``(states * rows,)`` at the end of step ``n``."""
        total = self.arrays.empty(block.start[n].shape)
        return self.arrays.dot(self.end_weights, block.prefix[n][self.stages], out=total)

    def matrix(self, jacobian: Array) -> StageMatrix:
        """Return the equations of a stage with this Jacobian, for the step that is set."""
        return StageMatrix(self.arrays, jacobian, self.h_full[0] * self.tableau.gamma)

    @abstractmethod
    def adjoint_matrices(self, block: Block, n: int) -> list[StageMatrix]:
        """Return the equations of every stage of a stored step; its tape is not linearised yet.

        Args:
            block: the block.
            n: step within it; its length is set.
        """


class ImplicitRun(AdaptiveRun):
    """State of one adaptive integration with an implicit method."""

    it: ImplicitIntegrator

    def __init__(
        self,
        integrator: ImplicitIntegrator,
        control: Controller,
        start: FloatArray,
        end: FloatArray,
    ) -> None:
        super().__init__(integrator, control, start, end)
        double = self.arrays.precision == torch.float64
        self.resolution = 1e-14 if double else 1e-10
        self.shortest = self.arrays.reals(START_RESOLUTION * (end - start))

    def step(self, block: Block, n: int) -> None:
        """Attempt a step of every row."""
        xp = self.xp
        self.smallest = xp.maximum(self.resolution * xp.abs(self.t), self.shortest)
        drifts = self.it.drifts(self.t[None], self.pieces)
        self.it.drift = None if drifts is None else drifts[0]
        super().step(block, n)
        accepted = self.history[-1][2]
        again = self.it.newton_failed & ~accepted
        self.h = xp.where(again, self.h * (NEWTON_FACTOR / NON_FINITE_FACTOR), self.h)
        self.overflows = xp.where(accepted, 0, self.overflows)

    def _fail(self, rows: Array, status: Status) -> None:
        """Stop ``rows`` where they are, and say where Newton's iteration was the reason."""
        if status is Status.NON_FINITE:
            newton = rows & self.it.newton_failed
            super()._fail(newton, Status.NEWTON_FAILED)
            rows = rows & ~newton
        super()._fail(rows, status)

    def finish(self, steps: int, *, keep: bool) -> Solution:
        """Bring the steps to the host and close the blocks."""
        solution = super().finish(steps, keep=keep)
        further = self.arrays.numpy(self.it.further_evaluations)
        return replace(solution, nfev=solution.nfev + further.astype(solution.nfev.dtype))
