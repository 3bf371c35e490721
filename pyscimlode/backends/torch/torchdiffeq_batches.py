"""Which rows torchdiffeq integrates together, and what happens when one of them fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import FloatArray, IntArray
from pyscimlode.backends.torch.torchdiffeq_legs import SolveFailure
from pyscimlode.problem import Problem

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Batch:
    """Members x experiments that share start, knots and output times.

    Attributes:
        members: ``(members,)`` indices into the problem.
        experiments: ``(experiments,)`` indices into the problem.
        member_rows: ``(members,)`` positions in the caller's theta.
        experiment_rows: ``(experiments,)`` positions among the caller's experiments.
        columns: ``(times,)`` which columns of the output times are needed.
        times: ``(times,)`` these output times.
        stops: ``(stops,)`` start, knots and output times, increasing.
    """

    members: IntArray
    experiments: IntArray
    member_rows: IntArray
    experiment_rows: IntArray
    columns: IntArray
    times: FloatArray
    stops: FloatArray

    def until(self, time: float) -> Batch:
        """Leave out what comes after a time."""
        reached = self.times <= time
        return replace(
            self,
            columns=self.columns[reached],
            times=self.times[reached],
            stops=self.stops[self.stops <= time],
        )

    def halves(self) -> list[Batch]:
        """Split over experiments, a single experiment over members; empty for a single row."""
        if len(self.experiments) > 1:
            middle = len(self.experiments) // 2
            return [
                replace(
                    self, experiments=self.experiments[s], experiment_rows=self.experiment_rows[s]
                )
                for s in (slice(None, middle), slice(middle, None))
            ]
        if len(self.members) > 1:
            middle = len(self.members) // 2
            return [
                replace(self, members=self.members[s], member_rows=self.member_rows[s])
                for s in (slice(None, middle), slice(middle, None))
            ]
        return []


def attempt(
    batch: Batch,
    work: Callable[[Batch], None],
    fail: Callable[[Batch, SolveFailure], None],
) -> None:
    """Do the work; halve a batch that fails until the failing row stands alone."""
    try:
        work(batch)
    except SolveFailure as failure:
        halves = batch.halves()
        if not halves:
            fail(batch, failure)
        for half in halves:
            attempt(half, work, fail)


def make_batches(
    problem: Problem, members: IntArray, experiments: IntArray, grid: FloatArray, needed: BoolArray
) -> list[Batch]:
    """Group experiments with equal start, knots, output times and members.

    Args:
        problem: the problem.
        members: ``(members,)`` indices.
        experiments: ``(experiments,)`` indices.
        grid: ``(experiments, times)`` output times.
        needed: ``(members, experiments, times)``; experiments that no member needs are left out.
    """
    takes_part = np.asarray(needed.any(axis=2))
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for row, experiment in enumerate(experiments):
        if takes_part[:, row].any():
            shared = (
                problem.times[experiment, :1],
                problem.knot_times[experiment],
                grid[row],
                takes_part[:, row],
            )
            groups.setdefault(tuple(part.tobytes() for part in shared), []).append(row)
    batches = []
    for group in groups.values():
        rows = np.array(group)
        member_rows = np.flatnonzero(takes_part[:, rows[0]])
        columns = np.flatnonzero(needed[:, rows].any(axis=(0, 1)))
        times = grid[rows[0], columns]
        first = experiments[rows[0]]
        start, knots = problem.times[first, 0], problem.knot_times[first]
        inside = knots[(knots > start) & (knots < times.max())]
        batches.append(
            Batch(
                members=members[member_rows],
                experiments=experiments[rows],
                member_rows=member_rows,
                experiment_rows=rows,
                columns=columns,
                times=times,
                stops=np.unique(np.concatenate([[start], inside, times])),
            )
        )
    return batches
