"""How far an engine's answers are from the reference engine's at tight tolerances."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from benchmarks.backends.problems import Timed
from pyscimlode.agreement.ladder import TIGHT
from pyscimlode.backends.base import Session
from pyscimlode.backends.registry import get_backend

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Largest trajectory error in units of a state's scale, and relative gradient error (2-norm).

    Both over the judged experiments alone.
    """

    trajectory_error: float
    gradient_error: float


@cache
def reference(timed: Timed) -> tuple[FloatArray, FloatArray]:
    """Return trajectories ``(1, judged, times, states)`` and the gradient ``(1, size)``."""
    judged = list(timed.judged)
    with get_backend("reference").open(timed.problem, TIGHT) as session:
        path = session.solve(timed.theta, experiments=judged)
        return path.z, session.loss_and_grad(timed.theta, experiments=judged)[1]


def errors(timed: Timed, session: Session) -> Errors:
    """Return the errors of an opened engine."""
    judged = list(timed.judged)
    z, slope = reference(timed)
    path = session.solve(timed.theta, experiments=judged)
    gradient = session.loss_and_grad(timed.theta, experiments=judged)[1]
    scale = timed.problem.scaling.state_scale[:, None, None, :]
    return Errors(
        trajectory_error=float(np.abs((path.z - z) / scale).max()),
        gradient_error=float(np.linalg.norm(gradient - slope) / np.linalg.norm(slope)),
    )
