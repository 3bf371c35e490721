"""A problem opened in the Julia engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.arguments import (
    check_problem,
    checked_theta,
    indices,
    output_times,
)
from pyscimlode.backends.base import LossParts, Trajectory
from pyscimlode.backends.julia.calls import Worker
from pyscimlode.backends.julia.description import describe
from pyscimlode.backends.julia.frames import Frame
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.native import native_stages
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.backends.opened import OpenedProblem
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import EngineError, ModelError
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
OnProgress = Callable[[dict[str, Any]], None]

CLOSING = Limits(start=30.0, call=30.0)


class JuliaSession(OpenedProblem):
    """Asks the worker; keeps the description, so that a new worker can be told it again.

    Args:
        engine: the worker that sessions share.
        problem: the problem.
        solver: method and tolerances on scaled states.
        limits: of every call.
        options: for the Julia side: ``sensitivity``, ``threads``.

    Raises:
        TimeError: times or knots are not finite, or decrease.
        ValueRangeError: initial states or control values are not finite.
        EngineError: the worker fails.
    """

    def __init__(
        self,
        engine: Engine,
        problem: Problem,
        solver: SolverSpec,
        limits: Limits,
        options: Mapping[str, Any],
    ) -> None:
        check_problem(problem)
        super().__init__(problem)
        self._engine = engine
        self._limits = limits
        self._threads: int | None = options.get("threads")
        self._description = describe(problem, solver, options)
        self._opened: tuple[Worker, int] | None = None
        with engine.worker(limits, self._threads) as worker:
            self._handle(worker)

    def field(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(members, rows, states)``; see the protocol."""
        arrays = self._points(theta, z, p)
        answer = self._ask("field", {}, arrays)
        value: FloatArray = self._array(answer, "value", arrays["z"].shape)
        return value

    def field_vjp(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, cotangent: FloatArray
    ) -> FloatArray:
        """Return the gradient ``(members, size)`` of ``sum(cotangent * field(...))``."""
        arrays = self._points(theta, z, p)
        weights = np.broadcast_to(np.asarray(cotangent, dtype=np.float64), arrays["z"].shape)
        answer = self._ask("field_vjp", {}, {**arrays, "cotangent": weights})
        gradient: FloatArray = self._array(answer, "gradient", arrays["theta"].shape)
        return gradient

    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        """Integrate from the initial states to the output times; see the protocol.

        Raises:
            TimeError: a time is not finite or lies before an experiment's start.
            EngineError: the worker fails.
        """
        problem = self._problem
        chosen = indices(experiments, problem.n_experiments, "experiments")
        grid = output_times(problem, chosen, times)
        arrays = {"theta": checked_theta(problem, theta), "experiments": chosen, "times": grid}
        answer = self._ask("solve", {}, arrays)
        shape = (problem.n_members, *grid.shape[:1])
        return Trajectory(
            times=grid,
            z=self._array(answer, "z", (*shape, grid.shape[1], problem.n_states)),
            status=self._array(answer, "status", shape),
            failed_at=self._array(answer, "failed_at", shape),
            nfev=self._array(answer, "nfev", shape),
            notes=self.notes,
        )

    def train_native(
        self, theta: FloatArray, stages: Sequence[Any], on_progress: OnProgress | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Train in Julia's own loop: Optimisers.Adam, then Optim.BFGS through Optimization.jl.

        Args:
            theta: ``(members, size)``, where to start.
            stages: :class:`~pyscimlode.training.Adam` with a constant rate and without clipping,
                and :class:`~pyscimlode.training.BFGS`.
            on_progress: called with what the worker reports on the way.

        Returns:
            Parameters ``(members, size)`` and losses ``(members, iterations)``.

        Raises:
            TrainingError: a stage or setting that the loop does not have.
            EngineError: the worker fails.
        """
        start = checked_theta(self._problem, theta)
        answer = self._ask(
            "train", {"stages": native_stages(stages)}, {"theta": start}, on_progress
        )
        found = self._array(answer, "theta", start.shape)
        return found, self._array(answer, "losses", (len(start), None))

    def close(self) -> None:
        """Free what the worker holds of this problem."""
        opened, self._opened = self._opened, None
        if opened is None:
            return
        with self._engine.running() as worker:
            if worker is opened[0]:
                try:
                    worker.request("close", {"handle": opened[1]}, {}, CLOSING)
                except EngineError:
                    return  # it is gone, and the problem with it

    def _points(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> dict[str, FloatArray]:
        parameters = checked_theta(self._problem, theta)
        return {
            "theta": parameters,
            "z": _by_member(z, len(parameters), self._problem.n_states, "z"),
            "p": _by_member(p, len(parameters), self._problem.n_controls, "p"),
        }

    def _evaluate(
        self,
        theta: FloatArray,
        members: IntArray,
        experiments: IntArray,
        *,
        refresh: bool,
        gradient: bool,
    ) -> tuple[LossParts, FloatArray]:
        arrays = {"theta": theta, "members": members, "experiments": experiments}
        answer = self._ask("loss", {"gradient": gradient}, arrays)
        data = self._array(answer, "data", (len(members),))
        pir = self._array(answer, "pir", (len(members),))
        status = self._array(answer, "status", (len(members), self._problem.n_experiments))
        nfev = int(answer.header["meta"].get("nfev", 0))
        slope = self._array(answer, "gradient", theta.shape) if gradient else np.zeros_like(theta)
        return LossParts(data + pir, data, pir, status, nfev), slope

    def _ask(
        self,
        op: str,
        meta: Mapping[str, Any],
        arrays: Mapping[str, npt.NDArray[Any]],
        on_progress: OnProgress | None = None,
    ) -> Frame:
        with self._engine.worker(self._limits, self._threads) as worker:
            handle = self._handle(worker)
            told = {**meta, "handle": handle}
            answer = worker.request(op, told, arrays, self._limits, on_progress)
        notes = (str(note) for note in answer.header["meta"].get("notes", ()))
        self.notes = tuple(dict.fromkeys((*self.notes, *notes)))
        return answer

    def _handle(self, worker: Worker) -> int:
        """Return the problem's handle in this worker, which is told the problem if it is new."""
        if self._opened is None or self._opened[0] is not worker:
            answer = worker.request("open", *self._description, self._limits)
            self._opened = worker, int(answer.header["meta"]["handle"])
        return self._opened[1]

    def _array(self, answer: Frame, name: str, shape: tuple[int | None, ...]) -> Any:
        """Return an array of an answer.

        Raises:
            EngineError: the answer lacks it, or it has another shape.
        """
        found = answer.arrays.get(name)
        fits = found is not None and len(found.shape) == len(shape)
        if (
            found is None
            or not fits
            or any(n is not None and n != m for n, m in zip(shape, found.shape, strict=True))
        ):
            have = "nothing" if found is None else f"shape {found.shape}"
            raise EngineError(
                f"The Julia worker answered {name!r} with {have} instead of shape {shape}: the "
                "Julia package does not fit this version of pyscimlode. Run `pyscimlode julia "
                "install`."
            )
        return found


def _by_member(values: FloatArray, members: int, columns: int, name: str) -> FloatArray:
    """Return ``(members, rows, columns)`` of rows that are shared or a member's own."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim not in (2, 3) or given.shape[-1] != columns:
        raise ModelError(
            f"{name} has shape {given.shape}; give (rows, {columns}) or (members, rows, {columns})."
        )
    return np.broadcast_to(given, (members, *given.shape[-2:]))
