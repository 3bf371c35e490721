"""Levels of agreement: what is computed, how two answers are compared, where they differ most.

Every level returns the largest error, in units that do not depend on the data's, and its place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement.rungs import Where
from pyscimlode.backends.base import LossParts, Session, Trajectory
from pyscimlode.backends.status import Status
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.problem import Problem
from pyscimlode.training.collocation import controls_at

FloatArray = npt.NDArray[np.float64]
Found = tuple[float, Where | None, str]
"""Largest error, its place, and a note."""

FIELD_POINTS = 64
"""Points an experiment at which fields are compared, at most."""


@dataclass(frozen=True, eq=False)
class Points:
    """Where fields are compared.

    Attributes:
        z: ``(rows, states)``, measured units.
        p: ``(rows, controls)``, measured units.
        experiment: ``(rows,)`` ids.
        time: ``(rows,)``.
    """

    z: FloatArray
    p: FloatArray
    experiment: tuple[str, ...]
    time: FloatArray


def field_points(problem: Problem) -> Points:
    """Return measured states with the controls at their times; empty cells hold the last value."""
    z, p, names, times = [], [], [], []
    for e, name in enumerate(problem.experiment_names):
        state = problem.initial[e].copy()
        chosen = np.flatnonzero(problem.valid[e])[:FIELD_POINTS]
        for t in chosen:
            state = np.where(np.isfinite(problem.observed[e, t]), problem.observed[e, t], state)
            z.append(state)
        p.append(controls_at(problem, e, problem.times[e, chosen]))
        names += [name] * len(chosen)
        times.append(problem.times[e, chosen])
    return Points(np.array(z), np.concatenate(p), tuple(names), np.concatenate(times))


def compare_fields(problem: Problem, ours: FloatArray, theirs: FloatArray, at: Points) -> Found:
    """Compare dz/dt ``(members, rows, states)``, relative to the largest rate of each state."""
    largest = np.abs(theirs).max(axis=1, keepdims=True)
    error = np.abs(ours - theirs) / np.where(largest > 0, largest, 1.0)
    m, row, s = _worst(error)
    where = Where(
        int(m),
        at.experiment[row],
        float(at.time[row]),
        problem.state_names[s],
        ours=float(ours[m, row, s]),
        theirs=float(theirs[m, row, s]),
    )
    return _size(error), where, ""


def compare_trajectories(
    problem: Problem, ours: Trajectory, theirs: Trajectory, tolerance: float
) -> Found:
    """Compare trajectories in units of each state's scale.

    The place is where the error first exceeds the tolerance, or else where it is largest.
    """
    if not np.array_equal(ours.status != Status.SUCCESS, theirs.status != Status.SUCCESS):
        return _other_failures(problem, ours, theirs)
    scale = np.broadcast_to(problem.scaling.state_scale, (problem.n_members, problem.n_states))[
        :, None, None, :
    ]
    error = np.abs(ours.z - theirs.z) / scale
    error = np.where(problem.valid[None, :, :, None] & np.isfinite(theirs.z), error, 0.0)
    first = np.argwhere((error > tolerance).any(axis=3))
    m, e, t, s = (int(index) for index in _worst(error))
    if len(first):
        m, e, t = (int(i) for i in min(first, key=lambda cell: ours.times[cell[1], cell[2]]))
        s = int(np.argmax(error[m, e, t]))
    where = Where(
        int(m),
        problem.experiment_names[e],
        float(ours.times[e, t]),
        problem.state_names[s],
        ours=float(ours.z[m, e, t, s]),
        theirs=float(theirs.z[m, e, t, s]),
    )
    failed = int((theirs.status != Status.SUCCESS).sum())
    return _size(error), where, f"{failed} solve(s) failed in both" if failed else ""


def compare_losses(ours: LossParts, theirs: LossParts) -> Found:
    """Compare data term and penalty of every member, relative to the member's total."""
    size = np.where(theirs.total > 0, theirs.total, 1.0)
    error = np.stack([np.abs(ours.data - theirs.data), np.abs(ours.pir - theirs.pir)]) / size
    part, m = _worst(error)
    pair = (ours.data, theirs.data) if part == 0 else (ours.pir, theirs.pir)
    where = Where(int(m), ours=float(pair[0][m]), theirs=float(pair[1][m]))
    return _size(error), where, "data term" if part == 0 else "penalty"


def compare_gradients(layout: ParameterLayout, ours: FloatArray, theirs: FloatArray) -> Found:
    """Compare gradients ``(members, size)`` in the Euclidean norm, relative to the judge's."""
    size = np.linalg.norm(theirs, axis=1)
    error = np.linalg.norm(ours - theirs, axis=1) / np.where(size > 0, size, 1.0)
    m = int(_worst(error)[0])
    k = int(_worst(np.abs(ours[m] - theirs[m]))[0])
    where = Where(
        m, parameter=parameter_name(layout, k), ours=float(ours[m, k]), theirs=float(theirs[m, k])
    )
    return _size(error), where, ""


def compare_parameters(layout: ParameterLayout, ours: FloatArray, theirs: FloatArray) -> Found:
    """Compare parameters ``(members, size)`` after equal steps, absolutely."""
    error = np.abs(ours - theirs)
    m, k = _worst(error)
    where = Where(
        int(m),
        parameter=parameter_name(layout, int(k)),
        ours=float(ours[m, k]),
        theirs=float(theirs[m, k]),
    )
    return _size(error), where, ""


def worst_experiment(
    problem: Problem, theta: FloatArray, ours: Session, theirs: Session, *, gradient: bool
) -> str:
    """Return the experiment whose gradient, or else loss, differs most between two engines."""
    errors = []
    for e in range(problem.n_experiments):
        mine, slope = ours.loss_and_grad(theta, experiments=[e])
        judged, judged_slope = theirs.loss_and_grad(theta, experiments=[e])
        apart = slope - judged_slope
        if not gradient:
            apart = np.stack([mine.data - judged.data, mine.pir - judged.pir])
        errors.append(_size(np.abs(apart)))
    return problem.experiment_names[int(np.argmax(errors))]


def parameter_name(layout: ParameterLayout, index: int) -> str:
    """Return block and index of a parameter, such as ``"net.0.weight[2, 5]"``."""
    for block in layout.parameters:
        if block.offset <= index < block.offset + block.size:
            inside = np.unravel_index(index - block.offset, block.shape)
            return f"{block.name}[{', '.join(str(int(i)) for i in inside)}]"
    return f"[{index}]"


def _other_failures(problem: Problem, ours: Trajectory, theirs: Trajectory) -> Found:
    m, e = np.argwhere((ours.status != Status.SUCCESS) != (theirs.status != Status.SUCCESS))[0]
    ended = [Status(int(side.status[m, e])).name.lower() for side in (ours, theirs)]
    failed = ours if ours.status[m, e] != Status.SUCCESS else theirs
    where = Where(int(m), problem.experiment_names[e], float(failed.failed_at[m, e]))
    return float("inf"), where, f"solve: {ended[0]} here, {ended[1]} with the judge"


def _worst(error: FloatArray) -> tuple[np.intp, ...]:
    filled = np.where(np.isfinite(error), error, np.inf)
    return tuple(np.unravel_index(int(np.argmax(filled)), error.shape))


def _size(error: FloatArray) -> float:
    """Return the largest error; infinite where one engine has a number and the other has none."""
    return float(np.where(np.isfinite(error), error, np.inf).max(initial=0.0))
