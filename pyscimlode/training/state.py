"""Where training stands: everything that is needed to go on, and what it has come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.training.stages import Stage

FloatArray = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class StageReport:
    """How a stage ended for one member.

    Attributes:
        stage: kind of the stage.
        member: index.
        status: 0 when the stage ended as it should; SciPy's code for BFGS and L-BFGS; -1 when
            the member could not be trained.
        message: in words.
        iterations: iterations done (``nit``).
        evaluations: evaluations of the loss with its gradient (``nfev``).
        loss: at the theta that the stage returned, without weight decay; NaN when an experiment
            failed there.
    """

    stage: str
    member: int
    status: int
    message: str
    iterations: int
    evaluations: int
    loss: float


@dataclass(frozen=True, eq=False)
class TrainState:
    """A snapshot of training.

    Attributes:
        theta: ``(members, size)`` current parameters; the result once ``finished``.
        stages: all stages of this training.
        stage_index: stage that is next or under way.
        iteration: iterations done in it.
        finished: whether all stages are done.
        history: see :func:`pyscimlode.training.history_frame`.
        reports: of the stages that are done, member by member.
        seconds: spent so far.
        stage_arrays: what the stage under way needs to go on.
        fingerprint: digests of what training depends on, by part.
    """

    theta: FloatArray
    stages: tuple[Stage, ...]
    stage_index: int
    iteration: int
    finished: bool
    history: Mapping[str, FloatArray]
    reports: tuple[StageReport, ...] = ()
    seconds: float = 0.0
    stage_arrays: Arrays = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)

    def stage_results(self, members: Sequence[int] | None = None) -> list[dict[str, Any]]:
        """Return the reports of these members as JSON data; members count from 0 in it.

        A loss that is not known is None.
        """
        chosen = list(range(len(self.theta))) if members is None else list(members)
        place = {member: index for index, member in enumerate(chosen)}
        return [
            {
                "stage": report.stage,
                "member": place[report.member],
                "status": report.status,
                "message": report.message,
                "iterations": report.iterations,
                "evaluations": report.evaluations,
                "loss": report.loss if np.isfinite(report.loss) else None,
            }
            for report in self.reports
            if report.member in place
        ]
