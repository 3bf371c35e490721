"""The trajectory loss as training sees it: by batch, failures counted, frozen grids kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import LossParts, Session
from pyscimlode.backends.status import Status
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Grid:
    """Where a frozen step grid was last adapted, so that it can be adapted there again."""

    theta: FloatArray
    members: tuple[int, ...]
    experiments: tuple[int, ...]
    age: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Loss and gradient of the members that were asked for, in their order.

    Attributes:
        members: ``(k,)`` indices.
        total: ``(k,)``.
        data: ``(k,)``.
        pir: ``(k,)``.
        gradient: ``(k, size)``.
        norm: ``(k,)`` of the gradient.
        failures: ``(k,)`` training experiments whose solve failed.
        usable: ``(k,)`` finite, and not all experiments failed.
        message: what went wrong, else empty.
        grid: the frozen grid that was used, if any.
        lipschitz: ``(k,)``, or None where the loss has no Lipschitz penalty.
    """

    members: IntArray
    total: FloatArray
    data: FloatArray
    pir: FloatArray
    gradient: FloatArray
    norm: FloatArray
    failures: IntArray
    usable: BoolArray
    message: str = ""
    grid: Grid | None = None
    lipschitz: FloatArray | None = None

    @property
    def terms(self) -> FloatArray:
        """``(4, k)``: total, data, pir and lipschitz, which is 0 where there is no such penalty."""
        lipschitz = np.zeros(len(self.total)) if self.lipschitz is None else self.lipschitz
        return np.stack([self.total, self.data, self.pir, lipschitz])

    @classmethod
    def empty(cls, size: int) -> Evaluation:
        """Return the evaluation of no member."""
        none, nobody = np.empty(0), np.empty(0, dtype=np.int64)
        gradient = np.empty((0, size))
        usable = np.empty(0, dtype=bool)
        return cls(nobody, none, none, none, gradient, none, nobody, usable)


class LossSource(Protocol):
    """What a stage minimises: a sum of batches."""

    @property
    def takes_part(self) -> BoolArray:
        """``(batches, members)``: whether a member has anything in a batch."""
        ...

    def evaluate(self, theta: FloatArray, members: IntArray, batch: int) -> Evaluation:
        """Return the loss of ``theta: (k, size)`` for these members on one batch."""
        ...

    def accept(self, evaluation: Evaluation) -> None:
        """Take note that an evaluation was used."""
        ...

    def value(self, theta: FloatArray) -> FloatArray:
        """Return the whole loss ``(members,)``, infinite where any experiment failed."""
        ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is needed to go on bit by bit."""
        ...

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` returned."""
        ...


def training_experiments(problem: Problem) -> BoolArray:
    """Return ``(members, experiments)``: what each member trains on."""
    data = (problem.weights > 0).any(axis=(2, 3))
    return np.asarray(data | (problem.pir_weights > 0).any(axis=2))


class TrajectoryLoss:
    """The session's loss on all experiments at once, or strain by strain."""

    def __init__(self, session: Session, *, by_strain: bool = False) -> None:
        self._session = session
        self._trains = training_experiments(session.problem)
        self._members = session.problem.n_members
        self._batches = _batches(session.problem, self._trains, by_strain)
        self._freeze = int(getattr(getattr(session, "solver", None), "freeze", 1))
        self._grid: Grid | None = None
        self._session_has_grid = False

    @property
    def takes_part(self) -> BoolArray:
        """``(batches, members)``: whether a member trains on an experiment of a batch."""
        return np.stack([self._trains[:, list(batch)].any(axis=1) for batch in self._batches])

    def evaluate(self, theta: FloatArray, members: IntArray, batch: int = 0) -> Evaluation:
        """Return loss and gradient of ``theta: (k, size)`` for these members on one batch."""
        chosen, experiments = tuple(members.tolist()), self._batches[batch]
        refresh, grid = self._next_grid(theta, chosen, experiments)
        parts, gradient = self._call(theta, chosen, experiments, refresh=refresh)
        self._session_has_grid = True
        trained = self._trains[members]
        inside = np.zeros(trained.shape[1], dtype=bool)
        inside[list(experiments)] = True
        trained = trained & inside
        failed = (parts.status != 0) & trained
        failures = failed.sum(axis=1)
        squared = np.einsum("ij,ij->i", gradient, gradient)
        usable = np.isfinite(squared) & np.isfinite(parts.total) & (failures < trained.sum(axis=1))
        return Evaluation(
            members=members,
            total=parts.total,
            data=parts.data,
            pir=parts.pir,
            gradient=gradient,
            norm=np.sqrt(squared),
            failures=failures,
            usable=usable,
            message=_message(members, failed, parts.status, usable),
            grid=grid,
        )

    def accept(self, evaluation: Evaluation) -> None:
        """Keep the grid that the evaluation used."""
        self._grid = evaluation.grid

    def value(self, theta: FloatArray) -> FloatArray:
        """Return the whole loss ``(members,)``, infinite where any experiment failed."""
        parts = self._session.loss(theta, experiments=self._explicit(self._all()))
        good = np.isfinite(parts.total) & ~((parts.status != 0) & self._trains).any(axis=1)
        return np.where(good, parts.total, np.inf)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the frozen grid, if there is one."""
        if self._grid is None:
            return {}
        return {
            "grid/theta": self._grid.theta,
            "grid/members": np.array(self._grid.members, dtype=np.int64),
            "grid/experiments": np.array(self._grid.experiments, dtype=np.int64),
            "grid/age": np.array([self._grid.age], dtype=np.int64),
        }

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take the frozen grid back; the session adapts it again when it is needed."""
        self._session_has_grid = False
        self._grid = None
        if "grid/theta" in arrays:
            self._grid = Grid(
                theta=arrays["grid/theta"].copy(),
                members=tuple(arrays["grid/members"].tolist()),
                experiments=tuple(arrays["grid/experiments"].tolist()),
                age=int(arrays["grid/age"][0]),
            )

    def _next_grid(
        self, theta: FloatArray, members: tuple[int, ...], experiments: tuple[int, ...]
    ) -> tuple[bool, Grid | None]:
        if self._freeze == 1:
            return True, None
        grid = self._grid
        same = grid is not None and (grid.members, grid.experiments) == (members, experiments)
        if grid is None or not same or grid.age + 1 >= self._freeze:
            return True, Grid(theta.copy(), members, experiments, 0)
        if not self._session_has_grid:
            self._call(grid.theta, members, experiments, refresh=True)
        return False, Grid(grid.theta, members, experiments, grid.age + 1)

    def _call(
        self,
        theta: FloatArray,
        members: tuple[int, ...],
        experiments: tuple[int, ...],
        *,
        refresh: bool,
    ) -> tuple[LossParts, FloatArray]:
        return self._session.loss_and_grad(
            theta,
            members=None if len(members) == self._members else members,
            experiments=self._explicit(experiments),
            refresh=refresh,
        )

    def _all(self) -> tuple[int, ...]:
        return tuple(sorted(index for batch in self._batches for index in batch))

    def _explicit(self, experiments: tuple[int, ...]) -> tuple[int, ...] | None:
        return None if len(experiments) == self._trains.shape[1] else experiments


def _batches(problem: Problem, trains: BoolArray, by_strain: bool) -> list[tuple[int, ...]]:
    used = np.flatnonzero(trains.any(axis=0))
    if not by_strain:
        return [tuple(used.tolist())]
    groups = problem.groups
    if len(groups) != problem.n_experiments:
        groups = np.arange(problem.n_experiments)
    by_group: dict[int, list[int]] = {}
    for index in used.tolist():
        by_group.setdefault(int(groups[index]), []).append(index)
    return [tuple(batch) for batch in by_group.values()]


def _message(members: IntArray, failed: BoolArray, status: IntArray, usable: BoolArray) -> str:
    if usable.all() and not failed.any():
        return ""
    parts = []
    if failed.any():
        codes = sorted({Status(int(code)) for code in status[failed]})
        names = ", ".join(code.name.lower().replace("_", " ") for code in codes)
        parts.append(
            f"{int(failed.sum())} solves failed ({names}) in {_list(members[failed.any(axis=1)])}"
        )
    if not usable.all():
        parts.append(f"no usable gradient for {_list(members[~usable])}")
    return "; ".join(parts)


def _list(members: IntArray) -> str:
    shown = ", ".join(str(member) for member in members[:5].tolist())
    word = "member" if len(members) == 1 else "members"
    return f"{word} {shown}" + (", ..." if len(members) > 5 else "")
