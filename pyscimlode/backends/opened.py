"""What every opened problem has, whichever engine computes."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.problem import Problem


class OpenedProblem:
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

    def close(self) -> None:
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
