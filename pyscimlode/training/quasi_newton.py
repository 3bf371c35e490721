"""BFGS and L-BFGS of all members, their losses evaluated as one batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from pyscimlode.errors import TrainingError
from pyscimlode.training.bfgs import minimise_bfgs
from pyscimlode.training.evaluation import Evaluation, LossSource
from pyscimlode.training.evaluation_log import EvaluationLog, digest
from pyscimlode.training.history import Row
from pyscimlode.training.rendezvous import Answer, Ask, Rendezvous
from pyscimlode.training.stages import BFGS, LBFGS
from pyscimlode.training.state import StageReport
from pyscimlode.training.validation import Validation

FloatArray = npt.NDArray[np.float64]
FAILURE_FACTOR = 10.0
"""A failed solve counts as so many times the largest loss the member has seen, plus one.

Infinite values leave a line search without a scale: it would shrink the step by halves. A finite
one, far above the loss at the start, lets its interpolation step back at once.
"""


class _OutOfEvaluations(Exception):
    """Ends a minimiser that has asked for more losses than the stage allows."""


class _StartFailed(Exception):
    """The loss cannot be computed where the minimiser is to start."""


@dataclass
class Minimisation:
    """One member's minimisation, run in a thread of the rendezvous."""

    stage: BFGS | LBFGS
    start: FloatArray
    worst: float = 0.0
    iterations: int = 0
    evaluations: int = 0
    status: int = 0
    message: str = ""

    def run(self, ask: Ask) -> Minimisation:
        """Minimise and return itself."""
        function = partial(self._evaluate, ask)
        try:
            result = self._minimise(function)
            self.status, self.message = int(result.status), str(result.message)
            self.iterations = int(result.nit)
        except _OutOfEvaluations:
            self.status, self.message = 1, "Maximum number of evaluations has been exceeded."
        except _StartFailed:
            self.status = -1
            self.message = "The loss cannot be computed at the start: an experiment failed there."
        return self

    def _minimise(self, function: Callable[[FloatArray], Answer]) -> Any:
        stage = self.stage
        if isinstance(stage, BFGS):
            return minimise_bfgs(
                function,
                self.start,
                gtol=stage.gtol,
                ftol=stage.ftol,
                maxiter=stage.max_iters,
                callback=self._count,
            )
        options = {
            "maxiter": stage.max_iters,
            "maxfun": self._limit,
            "maxcor": stage.memory,
            "gtol": stage.gtol,
            "ftol": stage.ftol,
        }
        arguments: Any = {
            "jac": True,
            "method": "L-BFGS-B",
            "callback": self._count,
            "options": options,
        }
        return minimize(function, self.start, **arguments)

    @property
    def _limit(self) -> int:
        return evaluation_limit(self.stage)

    def _count(self, _theta: FloatArray) -> None:
        self.iterations += 1

    def _evaluate(self, ask: Ask, theta: FloatArray) -> Answer:
        if self.evaluations >= self._limit:
            raise _OutOfEvaluations
        value, gradient = ask(theta)
        self.evaluations += 1
        if not np.isfinite(value):
            if self.evaluations == 1:
                raise _StartFailed
            return FAILURE_FACTOR * self.worst + 1.0, np.zeros_like(theta)
        self.worst = max(self.worst, abs(value))
        return value, gradient.copy()


def evaluation_limit(stage: BFGS | LBFGS) -> int:
    """Return how many losses a member may ask for.

    >>> evaluation_limit(BFGS(max_iters=10))
    40
    """
    return stage.max_evaluations or 2 * stage.max_iters + 20


class QuasiNewtonRun:
    """One stage of BFGS or L-BFGS, round by round.

    A round is one batched evaluation for all members that still run. Best parameters are kept by
    loss plus weight decay; with a validation, a member whose held-out loss this stage has made
    worse gets the parameters back that it started from.
    """

    def __init__(
        self,
        stage: BFGS | LBFGS,
        theta: FloatArray,
        source: LossSource,
        validation: Validation | None = None,
    ) -> None:
        self.stage = stage
        self.source = source
        self.validation = validation
        self.iteration = 0
        self.total = evaluation_limit(stage)
        self._log = EvaluationLog()
        self._best = np.full(len(theta), np.inf)
        self._rendezvous = Rendezvous({})
        self._begin(theta)

    def _begin(self, theta: FloatArray) -> None:
        self._start = np.array(theta, dtype=np.float64)
        self._best_theta = self._start.copy()
        self._minimisations = [Minimisation(self.stage, row.copy()) for row in self._start]

    def _begin_at(self, theta: FloatArray) -> None:
        self._start = np.array(theta, dtype=np.float64)
        self._best = np.full(len(theta), np.inf)
        self._best_theta = self._start.copy()
        self._minimisations = [Minimisation(self.stage, row.copy()) for row in self._start]

    @property
    def theta(self) -> FloatArray:
        """Best parameters so far ``(members, size)``."""
        return self._best_theta

    @property
    def finished(self) -> bool:
        """Whether all members' minimisers have ended."""
        return not self._rendezvous.gather()

    def start(self) -> None:
        """Start the minimisers."""
        self._rendezvous = Rendezvous(
            {member: item.run for member, item in enumerate(self._minimisations)}
        )

    def evaluate(self) -> Evaluation:
        """Evaluate what the minimisers ask for."""
        asked = self._rendezvous.gather()
        members = np.array(list(asked), dtype=np.int64)
        return self.source.evaluate(np.stack(list(asked.values())), members, 0)

    def commit(self, evaluation: Evaluation) -> Row:
        """Log the evaluation, answer the minimisers and return the round's row."""
        self.source.accept(evaluation)
        theta = np.stack(list(self._rendezvous.gather().values()))
        good = evaluation.usable & (evaluation.failures == 0)
        decay = self.stage.weight_decay
        values = evaluation.total + 0.5 * decay * np.einsum("ij,ij->i", theta, theta)
        values = np.where(good, values, np.inf)
        gradients = evaluation.gradient + decay * theta if decay else evaluation.gradient
        self._log.append(evaluation.members, theta, values, gradients)
        self.iteration += 1
        self._answer(evaluation.members, theta, values, gradients)
        return self._row(evaluation)

    def result(self) -> tuple[FloatArray, list[StageReport]]:
        """Return the best parameters, and how each minimiser ended."""
        theta = self._best_theta.copy()
        reverted = np.zeros(len(theta), dtype=bool)
        if self.validation is not None:
            reverted = self.validation.loss(theta) > self.validation.loss(self._start)
            theta = np.where(reverted[:, None], self._start, theta)
        losses = self.source.value(theta)
        reports = []
        for member, item in enumerate(self._minimisations):
            message = item.message
            if reverted[member]:
                message += " The held-out loss was lower at the start, which is kept."
            reports.append(
                StageReport(
                    stage=self.stage.kind,
                    member=member,
                    status=item.status,
                    message=message,
                    iterations=item.iterations,
                    evaluations=item.evaluations,
                    loss=float(losses[member]) if np.isfinite(losses[member]) else float("nan"),
                )
            )
        return theta, reports

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the log of evaluations."""
        own = {"start": self._start.copy()}
        return own | self._log.arrays(self._start.shape[1]) | self.source.arrays()

    def restore(self, iteration: int, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Lead the minimisers along the logged path again.

        Raises:
            TrainingError: they ask for something else than they did.
        """
        self._begin(arrays["start"])
        self._begin_at(arrays["start"])
        self._log = EvaluationLog.from_arrays(arrays)
        self.iteration = iteration
        self.source.restore(arrays)
        self.start()
        for number, (members, digests, values, gradients) in enumerate(self._log.rounds()):
            asked = self._rendezvous.gather()
            same = list(asked) == members.tolist() and all(
                np.array_equal(digest(theta), logged)
                for theta, logged in zip(asked.values(), digests, strict=True)
            )
            if not same:
                raise TrainingError(
                    f"The checkpoint cannot be continued: replaying stage {self.stage.kind!r}, "
                    f"evaluation {number + 1} of {len(self._log)}, the optimiser took another path "
                    "than before. It continues only on the same machine, with the same number of "
                    "threads and the same versions of NumPy and SciPy; else start afresh."
                )
            self._answer(members, np.stack(list(asked.values())), values, gradients)

    def close(self) -> None:
        """End the minimisers' threads."""
        self._rendezvous.close()

    def _answer(
        self,
        members: npt.NDArray[np.int64],
        theta: FloatArray,
        values: FloatArray,
        gradients: FloatArray,
    ) -> None:
        better = values < self._best[members]
        self._best[members[better]] = values[better]
        self._best_theta[members[better]] = theta[better]
        self._rendezvous.answer(
            {
                int(member): (float(value), gradient)
                for member, value, gradient in zip(members, values, gradients, strict=True)
            }
        )

    def _row(self, evaluation: Evaluation) -> Row:
        shown = np.full((6, len(self._best)), np.nan)
        shown[:, evaluation.members] = (*evaluation.terms, evaluation.norm, evaluation.failures)
        total, data, pir, lipschitz, norm, failures = shown
        return Row(
            self.iteration,
            np.nan,
            total,
            data,
            pir,
            lipschitz,
            norm,
            failures,
            evaluation.message,
        )
