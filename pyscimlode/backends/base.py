"""The engine contract: what torch, Julia and the reference engine all answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do on this machine.

    Attributes:
        available: whether it can be used now.
        reason: why not, and what to do; empty when available.
        solvers: names that ``SolverSpec.method`` may take.
        dtypes: ``"float64"``, ``"float32"``.
        devices: ``"cpu"``, ``"cuda"``, ...
        versions: of the libraries that do the work.
    """

    available: bool
    reason: str
    solvers: tuple[str, ...]
    dtypes: tuple[str, ...]
    devices: tuple[str, ...]
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Solutions at output times.

    Attributes:
        times: ``(experiments, times)``.
        z: ``(members, experiments, times, states)``, measured units, NaN where the solve failed.
        status: ``(members, experiments)`` codes of :class:`pyscimlode.backends.status.Status`.
        failed_at: ``(members, experiments)`` time of failure, NaN on success.
        nfev: ``(members, experiments)`` field evaluations.
        notes: things to tell the user, such as a lifted tolerance.
    """

    times: FloatArray
    z: FloatArray
    status: IntArray
    failed_at: FloatArray
    nfev: IntArray
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class LossParts:
    """The loss of every member and how its solves ended.

    A failed experiment (status not SUCCESS) adds neither to the loss nor to the gradient of its
    member; whoever minimises decides what a failure is worth.

    Attributes:
        total: ``(members,)``, data + pir.
        data: ``(members,)`` data term.
        pir: ``(members,)`` penalty, lambda included.
        status: ``(members, experiments)``; experiments outside the batch are SUCCESS.
        nfev: field evaluations over all rows.
    """

    total: FloatArray
    data: FloatArray
    pir: FloatArray
    status: IntArray
    nfev: int = 0

    @property
    def failed(self) -> npt.NDArray[np.bool_]:
        """``(members,)``: whether any experiment of the member failed."""
        return np.asarray((self.status != 0).any(axis=1))


class Session(Protocol):
    """One problem opened in an engine. A context manager; not thread-safe.

    ``theta`` is always float64 ``(members, size)``; ``members`` selects rows of the problem's
    members (then ``theta`` has as many rows), ``experiments`` selects experiments by index.
    Arrays returned are float64 copies.
    """

    @property
    def layout(self) -> ParameterLayout:
        """Layout of one member's parameters."""
        ...

    @property
    def problem(self) -> Problem:
        """The problem that was opened."""
        ...

    def field(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(members, rows, states)``.

        ``z: (rows, states)`` and ``p: (rows, controls)`` in measured units, shared by members, or
        with a leading axis of members.
        """
        ...

    def field_vjp(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, cotangent: FloatArray
    ) -> FloatArray:
        """Return the gradient ``(members, size)`` of ``sum(cotangent * field(...))``."""
        ...

    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        """Integrate from the initial states to the output times.

        ``times: (times,)`` or ``(experiments, times)`` replaces the problem's output times; the
        start stays the problem's.
        """
        ...

    def loss(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
    ) -> LossParts:
        """Return the loss without its gradient."""
        ...

    def loss_and_grad(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
        refresh: bool = True,
    ) -> tuple[LossParts, FloatArray]:
        """Return the loss and its gradient ``(members, size)``.

        ``refresh=False`` reuses the step grid of the last call with ``refresh=True`` (same
        members and experiments) where the engine keeps one; others ignore it.
        """
        ...

    def close(self) -> None:
        """Free what the session holds."""
        ...

    def __enter__(self) -> Self:
        """Return the session."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        ...


class Backend(Protocol):
    """A training engine."""

    name: str

    def capabilities(self) -> Capabilities:
        """Say what works here."""
        ...

    def open(
        self,
        problem: Problem,
        solver: SolverSpec,
        *,
        device: str = "auto",
        dtype: str = "auto",
        options: dict[str, Any] | None = None,
    ) -> Session:
        """Open a problem.

        Raises:
            BackendUnavailable: the engine does not run here.
            SolverError: the engine does not have this solver.
        """
        ...
