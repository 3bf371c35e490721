"""The portable engine: one batch of all rows, adaptive steps a row, discrete adjoint."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from pyscimlode.backends.arguments import checked_theta, indices
from pyscimlode.backends.base import FloatArray, LossParts, Trajectory
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.batch import TAKES_OVER, Batch, Selection, TrainingBatch
from pyscimlode.backends.torch.blocks import MEMORY_LIMIT
from pyscimlode.backends.torch.common import TorchSession, tolerances_for
from pyscimlode.backends.torch.methods import EXPLICIT_DEFAULT
from pyscimlode.backends.torch.threads import one_blas_thread
from pyscimlode.errors import TimeError
from pyscimlode.models.base import MeasuredModel
from pyscimlode.problem import Problem

IntArray = npt.NDArray[np.int64]

KEPT_BATCHES = 16
"""Selections of members and experiments whose memory is kept for the next call."""


class PortableSession(TorchSession):
    """A problem opened with the engine's own solvers; see :class:`backends.base.Session`.

    Args:
        problem: the problem.
        solver: ``"auto"`` (tsit5, and rosenbrock where that is held down by stability, or from the
            start where the model is known to be stiff),
            ``"tsit5"``, ``"dopri5"``, ``"dopri8"``, ``"rk4"``, ``"rosenbrock"`` or ``"esdirk"``.
        device: where to compute.
        dtype: ``torch.float64`` or ``torch.float32`` (rtol is then at least 5e-6).
        library: array library on the CPU: ``"auto"`` (NumPy) or ``"torch"``.
        memory_limit: bytes of field evaluations that one gradient keeps; beyond, they are made
            again on the way back.
    """

    def __init__(
        self,
        problem: Problem,
        solver: SolverSpec,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
        library: str = "auto",
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        super().__init__(problem, device, dtype)
        model = problem.model
        if solver.method == "auto" and isinstance(model, MeasuredModel) and model.stiff:
            solver = replace(solver, method=TAKES_OVER)
        self.solver, self.notes = tolerances_for(solver, dtype)
        self._lasting_notes = self.notes
        self._library = library
        self._memory_limit = memory_limit
        self._batches: OrderedDict[tuple[bytes, bytes], TrainingBatch] = OrderedDict()

    @one_blas_thread
    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        """Integrate from the initial states to the output times; see the protocol.

        Raises:
            TimeError: a time lies before an experiment's start, or decreases.
        """
        problem = self._problem
        parameters = checked_theta(problem, theta)
        chosen = indices(experiments, problem.n_experiments, "experiments")
        grid = self._output_times(chosen, times)
        shape = (problem.n_members, len(chosen))
        selection = Selection(
            members=np.arange(problem.n_members),
            experiments=np.broadcast_to(chosen, shape).copy(),
            counted_rows=np.ones(shape, dtype=bool),
            times=np.broadcast_to(grid, (problem.n_members, *grid.shape)).copy(),
        )
        batch = Batch(problem, selection, self.solver, self._device, self._dtype, self._library)
        solution = batch.integrate(parameters, keep=False)
        with np.errstate(all="ignore"), torch.no_grad():
            z = batch.measured_units(batch.outputs(solution).values())
        failed_at = solution.failed_at.reshape(shape)
        reached = ~(selection.times > failed_at[:, :, None])
        z = np.where(reached[..., None], z, np.nan)
        return Trajectory(
            times=grid,
            z=z,
            status=solution.status.reshape(shape),
            failed_at=failed_at,
            nfev=solution.nfev.reshape(shape),
            notes=(*self._lasting_notes, *self._stiffness_notes(batch)),
        )

    def close(self) -> None:
        """Free the memory of all batches."""
        self._batches.clear()

    @one_blas_thread
    def _evaluate(
        self,
        theta: FloatArray,
        members: IntArray,
        experiments: IntArray,
        *,
        refresh: bool,
        gradient: bool,
    ) -> tuple[LossParts, FloatArray]:
        batch = self._batch(members, experiments)
        solution = batch.integrate(theta, refresh=refresh, keep=gradient)
        self._note_stiffness(batch)
        status, success = self._row_status(batch, solution.status)
        arrays = batch.arrays
        with np.errstate(all="ignore"), torch.no_grad():
            output = batch.outputs(solution)
            values = arrays.tensor(output.values())
            y = values.reshape(*batch.selection.shape, *values.shape[1:])
            data, pir, cotangent = batch.terms.parts_and_cotangent(
                y, torch.as_tensor(success, device=self._device)
            )
        slope = np.zeros(theta.shape)
        if gradient:
            flat = arrays.from_tensor(cotangent).reshape(values.shape)
            slope = batch.gradient(solution, output, flat)
        data_part = np.array(arrays.numpy(data), dtype=np.float64)
        pir_part = np.array(arrays.numpy(pir), dtype=np.float64)
        nfev = int(solution.nfev.sum())
        return LossParts(data_part + pir_part, data_part, pir_part, status, nfev), slope

    def _stiffness_notes(self, batch: Batch) -> tuple[str, ...]:
        """Return what is to be said when ``"auto"`` changed to an implicit method."""
        selection = batch.selection
        stiff = batch.stiff.reshape(selection.shape) & selection.counted_rows
        if not stiff.any():
            return ()
        count = len(np.unique(selection.experiments[stiff]))
        total = len(np.unique(selection.experiments))
        return (
            f"solver='auto': {count} of {total} experiments {'is' if count == 1 else 'are'} stiff "
            f"(the steps of {EXPLICIT_DEFAULT!r} are held down by stability), so {TAKES_OVER!r} "
            "solved them all.",
        )

    def _note_stiffness(self, batch: Batch) -> None:
        """Keep the first such note of the session."""
        if batch.stiff.any() and self.notes == self._lasting_notes:
            self.notes = (*self._lasting_notes, *self._stiffness_notes(batch))

    def _batch(self, members: IntArray, experiments: IntArray) -> TrainingBatch:
        key = (members.tobytes(), experiments.tobytes())
        if key in self._batches:
            self._batches.move_to_end(key)
            return self._batches[key]
        batch = TrainingBatch(
            self._problem,
            members,
            experiments,
            self.solver,
            self._device,
            self._dtype,
            self._library,
            self._memory_limit,
        )
        self._batches[key] = batch
        if len(self._batches) > KEPT_BATCHES:
            self._batches.popitem(last=False)
        return batch

    def _row_status(
        self, batch: TrainingBatch, status: IntArray
    ) -> tuple[IntArray, npt.NDArray[np.bool_]]:
        """Return status by member and experiment, and which rows count in the loss."""
        selection = batch.selection
        by_row = status.reshape(selection.shape)
        codes = np.full(
            (len(selection.members), self._problem.n_experiments), int(Status.SUCCESS), np.int64
        )
        member, row = np.nonzero(selection.counted_rows)
        codes[member, selection.experiments[member, row]] = by_row[member, row]
        return codes, np.asarray(by_row == Status.SUCCESS)

    def _output_times(self, chosen: IntArray, times: FloatArray | None) -> FloatArray:
        problem = self._problem
        if times is None:
            return problem.times[chosen]
        grid = np.asarray(times, dtype=np.float64)
        grid = np.broadcast_to(grid, (len(chosen), grid.shape[-1])).copy()
        if not np.isfinite(grid).all() or (np.diff(grid, axis=1) < 0).any():
            raise TimeError("Output times must be finite and must not decrease.")
        for row, experiment in enumerate(chosen):
            start = problem.times[experiment, 0]
            if grid[row, 0] < start:
                raise TimeError(
                    f"Experiment {problem.experiment_names[experiment]!r} starts at {start:g}; "
                    f"an output at {grid[row, 0]:g} lies before it."
                )
        return grid
