"""Some members and experiments of a problem, ready to be integrated again and again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch

from pyscimlode.backends.arguments import member_values
from pyscimlode.backends.base import FloatArray
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.arrays import Array, choose_arrays
from pyscimlode.backends.torch.blocks import MEMORY_LIMIT
from pyscimlode.backends.torch.control import Controller
from pyscimlode.backends.torch.forward import Integrator
from pyscimlode.backends.torch.implicit.stiffness import StiffnessWatch
from pyscimlode.backends.torch.inputs import ControlInputs
from pyscimlode.backends.torch.losses import LossTerms, loss_terms
from pyscimlode.backends.torch.methods import Method, Place, open_method
from pyscimlode.backends.torch.outputs import DenseOutput
from pyscimlode.backends.torch.solution import Grid, Solution
from pyscimlode.backends.torch.stage_inputs import StageInputs
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.problem import Problem

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TAKES_OVER = "rosenbrock"
"""The implicit method that ``"auto"`` changes to."""
DEFAULT_STEPS = 100
"""Steps of a fixed-step method over the longest experiment, if ``step_size`` is not given."""


@dataclass(frozen=True, eq=False)
class Selection:
    """Which rows are integrated, and where their output is wanted.

    Attributes:
        members: ``(members,)`` indices.
        experiments: ``(members, rows)`` indices; a member with fewer rows repeats one.
        counted_rows: ``(members, rows)``, False for repeated rows.
        times: ``(members, rows, points)`` output times, non-decreasing.
    """

    members: IntArray
    experiments: IntArray
    counted_rows: BoolArray
    times: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Members and rows a member."""
        n_members, n_rows = self.experiments.shape
        return n_members, n_rows


class Batch:
    """The integrator of a selection, with its memory.

    Args:
        problem: the problem.
        selection: its rows.
        solver: a solver of this engine, tolerances already fit for ``dtype``.
        device: where to compute.
        dtype: of states and parameters.
        library: array library, see :func:`choose_arrays`.
        memory_limit: bytes of evaluations to keep for a gradient.
    """

    def __init__(
        self,
        problem: Problem,
        selection: Selection,
        solver: SolverSpec,
        device: torch.device,
        dtype: torch.dtype,
        library: str = "auto",
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.problem, self.selection, self.solver = problem, selection, solver
        self.arrays = choose_arrays(device, dtype, library)
        n_members, n_rows = selection.shape
        scaling = scaling_tensors(problem, selection.members.tolist(), device=device, dtype=dtype)
        self.scaling = scaling
        rows = (n_rows,) if n_members == 1 else (n_members, n_rows)
        inputs = ControlInputs.for_rows(problem, scaling, selection.experiments)
        self._state_scale = member_values(problem, problem.scaling.state_scale, selection.members)
        time_scale = np.repeat(member_times(problem, selection.members), n_rows)
        place = Place(self.arrays, StageInputs(inputs, self.arrays), time_scale, rows)
        self._open = partial(open_method, scaling, place=place, memory_limit=memory_limit)
        self.first = self.method = self._open(solver)
        self._second: Method | None = None
        self.stiff = np.zeros(n_members * n_rows, dtype=bool)
        self.times = selection.times.reshape(n_members * n_rows, -1)
        self.start = problem.times[selection.experiments, 0].reshape(-1)
        self.end = np.maximum(self.times[:, -1], self.start)
        self.initial = self._initial()
        self.host_dtype = np.float32 if dtype == torch.float32 else np.float64
        self.grid: Grid | None = None
        self._theta: FloatArray = np.zeros((n_members, 0))

    def _initial(self) -> Array:
        y = self.problem.initial[self.selection.experiments] / self._state_scale[:, None, :]
        return self.arrays.array(np.moveaxis(y, 2, 0).reshape(-1))

    def integrate(self, theta: FloatArray, *, refresh: bool = True, keep: bool = True) -> Solution:
        """Integrate all rows.

        An infinite parameter counts as NaN: an activation could hide it.

        Args:
            theta: ``(members, size)``.
            refresh: False takes the steps of the last refreshed call that kept them.
            keep: whether :meth:`gradient` follows, and the steps may be taken again.
        """
        self._theta = theta
        with np.errstate(over="ignore"):
            values = np.asarray(theta, dtype=self.host_dtype)
        finite = np.where(np.isfinite(values), values, np.nan)
        self.method = self.first
        self.method.bind(self.arrays.array(finite))
        self.stiff = np.zeros_like(self.stiff)
        integrator = self.integrator
        with np.errstate(all="ignore"), torch.no_grad():
            if not integrator.tableau.adaptive:
                self.grid = self.grid or self._uniform_grid()
                return integrator.fixed(self.initial, self.grid, keep=keep)
            if not refresh and self.grid is not None:
                return integrator.fixed(self.initial, self.grid, keep=keep)
            watch = StiffnessWatch(integrator) if self.solver.method == "auto" else None
            solution = self._adaptive(keep=keep, watch=watch)
            if watch is not None and watch.stiff.any():
                self.stiff = watch.stiff
                self._second = self._second or self._open(replace(self.solver, method=TAKES_OVER))
                self.method = self._second
                self.method.bind(self.arrays.array(finite))
                solution = self._adaptive(keep=keep)
            if keep:
                again = self.method.repeatable and not (solution.status != 0).any()
                self.grid = solution.grid.packed() if again else None
            return solution

    @property
    def integrator(self) -> Integrator:
        """What takes the steps of the last call."""
        return self.method.integrator

    def _adaptive(self, *, keep: bool, watch: StiffnessWatch | None = None) -> Solution:
        solver, integrator = self.solver, self.integrator
        control = Controller(
            self.arrays, integrator.tableau, solver.rtol, solver.atol, integrator.n_states
        )
        return integrator.adaptive(
            self.initial,
            self.start,
            self.end,
            control,
            solver.max_steps,
            keep=keep,
            watch=watch,
        )

    def outputs(self, solution: Solution) -> DenseOutput:
        """Return the dense output of a solution at the selection's times."""
        return DenseOutput(self.integrator, solution, self.times, self.end)

    def gradient(self, solution: Solution, output: DenseOutput, cotangent: Array) -> FloatArray:
        """Return the parameters' gradient ``(members, size)``.

        Args:
            solution: of the last call of :meth:`integrate`.
            output: of it.
            cotangent: ``(rows, points, states)`` of the scaled states.
        """
        n_members = self.selection.shape[0]
        gradient = self.arrays.empty((n_members, self._theta.shape[1]))
        gradient[...] = 0.0
        with np.errstate(all="ignore"), torch.no_grad():
            if solution.overflowed:
                self._bind_finite()
            self.method.adjoint.gradient(solution, output, cotangent, gradient)
        return np.array(self.arrays.numpy(gradient), dtype=np.float64)

    def _bind_finite(self) -> None:
        """Use parameters without NaN and infinity, so that zero cotangents stay zero."""
        theta = self.arrays.array(self._theta)
        self.arrays.clear_non_finite(theta)
        self.method.bind(theta)

    def measured_units(self, values: Array) -> FloatArray:
        """Return ``(rows, points, states)`` as ``(members, rows, points, states)`` unscaled."""
        n_members, n_rows = self.selection.shape
        y = np.array(self.arrays.numpy(values), dtype=np.float64)
        z = y.reshape(n_members, n_rows, *y.shape[1:])
        return np.asarray(z * self._state_scale[:, None, None, :])

    def _uniform_grid(self) -> Grid:
        """Return equal steps between the stops of every row (knots and the end)."""
        longest = float((self.end - self.start).max())
        size = self.solver.step_size or max(longest, 1e-300) / DEFAULT_STEPS
        flat = self.selection.experiments.reshape(-1)
        knots = self.problem.knot_times[flat]
        starts, lengths = [], []
        for row, (begin, end) in enumerate(zip(self.start, self.end, strict=True)):
            inner = knots[row][(knots[row] > begin) & (knots[row] < end)]
            stops = np.unique(np.concatenate([[begin], inner, [end]]))
            pieces = [
                np.linspace(a, b, max(int(np.ceil((b - a) / size - 1e-9)), 1) + 1)
                for a, b in pairwise(stops)
            ]
            nodes = np.unique(np.concatenate(pieces)) if pieces else np.array([begin])
            starts.append(nodes[:-1])
            lengths.append(np.diff(nodes))
        most = max(max(len(s) for s in starts), 1)
        t = np.tile(self.end, (most, 1))
        h = np.zeros((most, len(starts)))
        for row, (s, d) in enumerate(zip(starts, lengths, strict=True)):
            t[: len(s), row], h[: len(d), row] = s, d
        return Grid(t, h, np.ones(h.shape, dtype=bool))


class TrainingBatch(Batch):
    """A batch whose outputs are the points that the loss needs."""

    def __init__(
        self,
        problem: Problem,
        members: IntArray,
        experiments: IntArray,
        solver: SolverSpec,
        device: torch.device,
        dtype: torch.dtype,
        library: str = "auto",
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        selection, points, counted = select_training(problem, members, experiments)
        super().__init__(problem, selection, solver, device, dtype, library, memory_limit)
        self.terms: LossTerms = loss_terms(
            problem, self.scaling, members, selection.experiments, points, counted
        )


def select_training(
    problem: Problem, members: IntArray, experiments: IntArray
) -> tuple[Selection, IntArray, BoolArray]:
    """Return the rows and output points that the loss of these members needs.

    A member is integrated on the experiments that it is trained on alone; members with fewer of
    them repeat one, which does not count.

    Returns:
        the selection; ``(members, rows, points)`` indices of output times; which of them count.
    """
    cells = np.ix_(members, experiments)
    penalised = problem.pir[members][:, None, None] * problem.pir_weights[cells] > 0
    needed = (problem.weights[cells] > 0).any(axis=-1) | penalised
    rows_used = needed.any(axis=2)
    most_rows = max(int(rows_used.sum(axis=1).max()), 1)
    order = np.argsort(~rows_used, axis=1, kind="stable")[:, :most_rows]
    counted_rows = np.take_along_axis(rows_used, order, axis=1)
    order = np.where(counted_rows, order, order[:, :1])
    needed = needed[np.arange(len(members))[:, None], order]
    most_points = max(int(needed.sum(axis=2).max()), 1)
    points = np.argsort(~needed, axis=2, kind="stable")[:, :, :most_points]
    counted = np.take_along_axis(needed, points, axis=2)
    last = np.where(counted, points, 0).max(axis=2, keepdims=True)
    points = np.where(counted, points, last)
    chosen = experiments[order]
    times = problem.times[chosen[:, :, None], points]
    counted = counted & counted_rows[:, :, None]
    return Selection(members, chosen, counted_rows, times), points, counted


def member_times(problem: Problem, members: IntArray) -> FloatArray:
    """Return ``(members,)`` time scales."""
    full = np.broadcast_to(problem.scaling.time_scale, (problem.n_members,))
    return np.asarray(full[members], dtype=np.float64)
