"""The loss of training strains that are held out to decide when to stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import Session
from pyscimlode.errors import TrainingError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Validation:
    """Early stopping on held-out *training* strains.

    The test strain must never be among them: a score on a strain that decided when to stop is no
    forecast. Whoever builds the problem sees to that.

    Attributes:
        session: a problem with the same members whose weights are those of the held-out strains;
            scales must be those of the training problem.
        every: iterations between two looks.
        patience: iterations without a lower loss after which a member stops, unless the stage
            says otherwise.
    """

    session: Session
    every: int = 10
    patience: int = 50

    def __post_init__(self) -> None:
        for name in ("every", "patience"):
            if getattr(self, name) < 1:
                raise TrainingError(f"Validation: {name}={getattr(self, name)!r} is at least 1.")

    def loss(self, theta: FloatArray) -> FloatArray:
        """Return the held-out loss ``(members,)``, infinite where a solve failed."""
        parts = self.session.loss(theta)
        good = np.isfinite(parts.total) & ~parts.failed
        return np.where(good, parts.total, np.inf)
