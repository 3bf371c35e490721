"""Arguments of engines and their sessions, checked the same way by every engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import (
    BackendUnavailable,
    ExperimentError,
    ModelError,
    SolverError,
    TimeError,
    ValueRangeError,
    did_you_mean,
)
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def check_method(engine: str, method: str, known: Collection[str]) -> None:
    """Raise :class:`SolverError` unless the engine has this solver.

    Args:
        engine: as it is called in a sentence, such as ``"torch"``.
        method: of the solver.
        known: the engine's solvers.
    """
    if method not in known:
        raise SolverError(
            f"solver={method!r} is not one of the {engine} engine's ({', '.join(known)})."
            + did_you_mean(method, known)
        )


def check_host_float64(engine: str, device: str, dtype: str) -> None:
    """Check the device and data type of an engine that has the CPU and float64 alone.

    Raises:
        BackendUnavailable: another device is asked for.
        SolverError: another data type is asked for.
    """
    if device not in ("auto", "cpu"):
        raise BackendUnavailable(
            f"device={device!r}: the {engine} engine runs on the CPU; use device='cpu'."
        )
    if dtype not in ("auto", "float64"):
        raise SolverError(
            f"dtype={dtype!r}: the {engine} engine computes in float64; use dtype='float64'."
        )


def checked_theta(problem: Problem, theta: FloatArray, members: int | None = None) -> FloatArray:
    """Return parameters ``(members, size)`` as float64.

    Raises:
        ModelError: they have another shape.
    """
    theta = np.asarray(theta, dtype=np.float64)
    problem.layout.check(theta)
    expected = (problem.n_members if members is None else members, problem.layout.size)
    if theta.shape != expected:
        raise ModelError(
            f"theta has shape {theta.shape}; these members need {expected} (members, size)."
        )
    return theta


def indices(chosen: Sequence[int] | None, count: int, what: str) -> IntArray:
    """Return the chosen indices, all by default.

    Raises:
        ExperimentError: for an index out of range.
    """
    if chosen is None:
        return np.arange(count)
    index = np.asarray(chosen, dtype=np.int64)
    if index.size == 0 or index.min() < 0 or index.max() >= count:
        raise ExperimentError(f"{what} {list(chosen)} are not among the {count} of this problem.")
    return index


def member_values(problem: Problem, values: FloatArray, members: IntArray) -> FloatArray:
    """Return ``(members, states)`` of values with or without a leading axis of members."""
    full = np.broadcast_to(values, (problem.n_members, problem.n_states))
    return np.asarray(full[members])


def output_times(problem: Problem, experiments: IntArray, times: FloatArray | None) -> FloatArray:
    """Return output times ``(experiments, times)``, a copy.

    Args:
        problem: the problem.
        experiments: ``(experiments,)`` indices.
        times: ``(times,)``, ``(experiments, times)`` or None for the problem's own.

    Raises:
        TimeError: a time is not finite or lies before an experiment's start.
    """
    if times is None:
        return np.array(problem.times[experiments])
    given = np.asarray(times, dtype=np.float64)
    if given.ndim not in (1, 2) or given.shape[:-1] not in ((), (len(experiments),)):
        raise TimeError(
            f"Output times have shape {given.shape}; give (times,) or ({len(experiments)}, times)."
        )
    grid = np.array(np.broadcast_to(given, (len(experiments), given.shape[-1])))
    for experiment, row in zip(experiments, grid, strict=True):
        start = problem.times[experiment, 0]
        if not np.isfinite(row).all() or row.min(initial=start) < start:
            raise TimeError(
                f"Output times of experiment {problem.experiment_names[experiment]!r} must be "
                f"finite and not before its start at {start:g}; got {row.tolist()}."
            )
    return grid


def check_problem(problem: Problem) -> None:
    """Check what solvers of other libraries take without a word or answer with an assert.

    Raises:
        TimeError: times or knots that are not finite, or decrease.
        ValueRangeError: initial states or controls that are not finite.
    """
    for index, name in enumerate(problem.experiment_names):
        for what, times in (("Times", problem.times), ("Knots", problem.knot_times)):
            row = times[index]
            if not np.isfinite(row).all() or (np.diff(row) < 0).any():
                raise TimeError(
                    f"{what} of experiment {name!r} must be finite and sorted; got {row.tolist()}."
                )
        for what, values in (
            ("Initial states", problem.initial),
            ("Controls", problem.knot_values),
        ):
            if not np.isfinite(values[index]).all():
                raise ValueRangeError(
                    f"{what} of experiment {name!r} are not all finite; fill or drop them first."
                )
