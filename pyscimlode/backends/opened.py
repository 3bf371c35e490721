"""What every opened problem has, whichever engine computes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.arguments import IntArray, checked_theta, indices
from pyscimlode.backends.base import LossParts
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]


class OpenedProblem(ABC):
    """The part of a :class:`~pyscimlode.backends.base.Session` that computes nothing.

    Args:
        problem: the problem.

    Attributes:
        notes: things to tell the user.
    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._layout = problem.layout
        self.notes: tuple[str, ...] = ()

    @property
    def layout(self) -> ParameterLayout:
        """Layout of one member's parameters."""
        return self._layout

    @property
    def problem(self) -> Problem:
        """The problem that was opened."""
        return self._problem

    def loss(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
    ) -> LossParts:
        """Return the loss without its gradient."""
        chosen = self._chosen(theta, members, experiments)
        return self._evaluate(*chosen, refresh=True, gradient=False)[0]

    def loss_and_grad(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
        refresh: bool = True,
    ) -> tuple[LossParts, FloatArray]:
        """Return the loss and its gradient ``(members, size)``; see the protocol."""
        chosen = self._chosen(theta, members, experiments)
        return self._evaluate(*chosen, refresh=refresh, gradient=True)

    @abstractmethod
    def _evaluate(
        self,
        theta: FloatArray,
        members: IntArray,
        experiments: IntArray,
        *,
        refresh: bool,
        gradient: bool,
    ) -> tuple[LossParts, FloatArray]:
        """Return the loss and, if asked for, its gradient (else zeros).

        The arguments are checked: ``theta: (chosen members, size)`` in float64, and indices.
        """

    def _chosen(
        self,
        theta: FloatArray,
        members: Sequence[int] | None,
        experiments: Sequence[int] | None,
    ) -> tuple[FloatArray, IntArray, IntArray]:
        """Return checked parameters and the indices of their members and of experiments."""
        problem = self._problem
        rows = indices(members, problem.n_members, "members")
        columns = indices(experiments, problem.n_experiments, "experiments")
        return checked_theta(problem, theta, len(rows)), rows, columns

    def close(self) -> None:  # noqa: B027
        """Free what the session holds: nothing here."""

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        self.close()
