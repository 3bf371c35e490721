"""What an engine has answered on a problem, so that nothing is computed twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import LossParts, Session

FloatArray = npt.NDArray[np.float64]


class Remembering:
    """A session that computes the loss and gradient of equal parameters once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[bytes, tuple[LossParts, FloatArray]] = {}

    def loss_and_grad(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
        refresh: bool = True,
    ) -> tuple[LossParts, FloatArray]:
        """Return loss and gradient; see the protocol."""
        key = repr((members, experiments)).encode() + np.ascontiguousarray(theta).tobytes()
        if key not in self._known:
            self._known[key] = self._session.loss_and_grad(
                theta, members=members, experiments=experiments, refresh=refresh
            )
        parts, gradient = self._known[key]
        return parts, gradient.copy()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


@dataclass(eq=False)
class Opened:
    """An engine on the problem, with what it has answered."""

    backend: str
    session: Any
    seconds: dict[str, float] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)

    def answer(self, level: str, compute: Callable[[Session], Any]) -> Any:
        """Return the engine's answer at a level, computed once."""
        if level not in self.answers:
            started = time.perf_counter()
            self.answers[level] = compute(self.session)
            self.seconds[level] = time.perf_counter() - started
        return self.answers[level]
