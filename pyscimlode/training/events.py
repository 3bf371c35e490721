"""What training says about itself while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Event:
    """One iteration that is done.

    Attributes:
        stage: kind of the stage.
        stage_index: of the stage, from 0.
        stages: how many stages there are.
        iteration: iterations done in this stage: updates (Adam, collocation) or evaluations of
            the loss (BFGS, L-BFGS).
        total: iterations of this stage, at most.
        loss: ``(members,)`` the last known loss of each member, NaN where there is none yet.
        seconds: spent on training so far, resumed parts included.
        eta: seconds left in this stage at most, NaN as long as unknown.
        message: what went wrong in this iteration, else empty.
    """

    stage: str
    stage_index: int
    stages: int
    iteration: int
    total: int
    loss: npt.NDArray[np.float64]
    seconds: float
    eta: float
    message: str = ""


OnEvent = Callable[[Event], None]
