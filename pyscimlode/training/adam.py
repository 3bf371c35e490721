"""Adam over all members at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.training.evaluation import Evaluation, LossSource
from pyscimlode.training.history import Row
from pyscimlode.training.stages import Adam, Collocation
from pyscimlode.training.state import StageReport
from pyscimlode.training.validation import Validation

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def learning_rate(stage: Adam | Collocation, iteration: int, total: int) -> float:
    """Return the learning rate of an iteration, counted from 0.

    >>> round(learning_rate(Adam(steps=2, lr=1.0), 1, 2), 12)
    0.5
    """
    if stage.schedule == "constant":
        return stage.lr
    fraction = 0.5 * (1.0 + math.cos(math.pi * iteration / total))
    return stage.lr * (stage.min_lr_fraction + (1.0 - stage.min_lr_fraction) * fraction)


class Moments:
    """The parameters of all members with Adam's two moments, updated in place.

    Attributes:
        theta: ``(members, size)``.
        first: ``(members, size)``.
        second: ``(members, size)``.
        counts: ``(members,)`` updates that a member has had.
    """

    def __init__(self, theta: FloatArray) -> None:
        self.theta = np.array(theta, dtype=np.float64, order="C")
        self.first = np.zeros_like(self.theta)
        self.second = np.zeros_like(self.theta)
        self.counts = np.zeros(len(self.theta), dtype=np.int64)
        self._scratch = np.empty_like(self.theta)

    def update(
        self, gradient: FloatArray, norm: FloatArray, lr: float, stage: Adam | Collocation
    ) -> None:
        """Do one step of all members; ``gradient`` is clipped by its ``norm``."""
        self.counts += 1
        _step(
            (self.theta, self.first, self.second, self._scratch),
            gradient,
            _clip_factors(norm, stage.clip),
            self.counts,
            lr,
            stage,
        )

    def update_some(
        self,
        members: IntArray,
        gradient: FloatArray,
        norm: FloatArray,
        lr: float,
        stage: Adam | Collocation,
    ) -> None:
        """Do one step of these members; the others keep everything."""
        rows = tuple(array[members] for array in (self.theta, self.first, self.second))
        counts = self.counts[members] + 1
        _step(
            (*rows, np.empty_like(rows[0])),
            gradient,
            _clip_factors(norm, stage.clip),
            counts,
            lr,
            stage,
        )
        self.theta[members], self.first[members], self.second[members] = rows
        self.counts[members] = counts


def _clip_factors(norm: FloatArray, clip: float | None) -> FloatArray | None:
    if clip is None or not (norm > clip).any():
        return None
    return np.minimum(1.0, clip / np.maximum(norm, np.finfo(float).tiny))


def _step(
    arrays: tuple[FloatArray, ...],
    gradient: FloatArray,
    factors: FloatArray | None,
    counts: IntArray,
    lr: float,
    stage: Adam | Collocation,
) -> None:
    # The moments are kept without their factors (1 - beta), which the scalars below take in: that
    # saves passes over arrays of members x parameters.
    theta, first, second, scratch = arrays
    beta1, beta2 = stage.betas
    if factors is not None:
        gradient = np.multiply(gradient, factors[:, None], out=scratch)
    first *= beta1
    first += gradient
    second *= beta2
    second += np.multiply(gradient, gradient, out=scratch)
    root = np.sqrt((1.0 - beta2**counts) / (1.0 - beta2))
    np.sqrt(second, out=scratch)
    scratch += (stage.eps * root)[:, None]
    np.divide(first, scratch, out=scratch)
    scratch *= (lr * (1.0 - beta1) / (1.0 - beta1**counts) * root)[:, None]
    if stage.weight_decay:
        theta *= 1.0 - lr * stage.weight_decay
    theta -= scratch


class AdamRun:
    """One stage of Adam (on trajectories or on the field), iteration by iteration.

    :meth:`evaluate` may be interrupted anywhere; :meth:`commit` changes the state and is short.
    """

    def __init__(
        self,
        stage: Adam | Collocation,
        theta: FloatArray,
        source: LossSource,
        validation: Validation | None = None,
    ) -> None:
        self.stage = stage
        self.source = source
        self.validation = validation
        self.iteration = 0
        self._takes_part = source.takes_part
        self._n_batches = len(self._takes_part)
        self.total = stage.steps * self._n_batches
        members = len(theta)
        self._moments = Moments(theta)
        self._best_theta = self._moments.theta.copy()
        self._best = np.full(members, np.inf)
        self._best_at = np.zeros(members, dtype=np.int64)
        self._live = np.ones(members, dtype=bool)
        self._batch_loss = np.full((self._n_batches, 4, members), np.nan)

    @property
    def theta(self) -> FloatArray:
        """Current parameters ``(members, size)``."""
        return self._moments.theta

    @property
    def finished(self) -> bool:
        """Whether all steps are done or all members have stopped."""
        return self.iteration >= self.total or not self._live.any()

    def start(self) -> None:
        """Do what precedes the first iteration of a fresh stage."""
        if self.validation is None and self._n_batches > 1:
            self._best = self.source.value(self.theta)

    def evaluate(self) -> tuple[Evaluation, FloatArray | None]:
        """Return the next batch's loss, and the held-out loss when it is due."""
        batch = self.iteration % self._n_batches
        members = np.flatnonzero(self._live & self._takes_part[batch])
        rows = self.theta if len(members) == len(self.theta) else self.theta[members]
        if len(members):
            evaluation = self.source.evaluate(rows, members, batch)
        else:
            evaluation = Evaluation.empty(self.theta.shape[1])
        held_out = None
        if self.validation is not None and self.iteration % self.validation.every == 0:
            held_out = self.validation.loss(self.theta)
        return evaluation, held_out

    def commit(self, pending: tuple[Evaluation, FloatArray | None]) -> Row:
        """Update parameters and moments, and return the iteration's row."""
        evaluation, held_out = pending
        if len(evaluation.members):
            self.source.accept(evaluation)
        lr = learning_rate(self.stage, self.iteration, self.total)
        row = self._row(evaluation, lr)
        self._note_best(evaluation, held_out)
        usable = evaluation.usable
        if usable.all() and len(usable) == len(self.theta):
            self._moments.update(evaluation.gradient, evaluation.norm, lr, self.stage)
        elif usable.any():
            self._moments.update_some(
                evaluation.members[usable],
                evaluation.gradient[usable],
                evaluation.norm[usable],
                lr,
                self.stage,
            )
        self.iteration += 1
        return row

    def result(self) -> tuple[FloatArray, list[StageReport]]:
        """Return the best parameters, and how the stage went.

        Best is by held-out loss with a validation, else by training loss without failed
        experiments. A member for which no such loss was ever seen keeps its last parameters.
        """
        last = self.theta.copy()
        if self.validation is None:
            loss = self.source.value(last)
            keep = (loss <= self._best) | ~np.isfinite(self._best)
        else:
            loss = self.validation.loss(last)
            keep = (self._live & (loss <= self._best)) | ~np.isfinite(self._best)
        theta = np.where(keep[:, None], last, self._best_theta)
        losses = self.source.value(theta)
        return theta, [self._report(member, losses[member]) for member in range(len(theta))]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return copies of all that is needed to go on bit by bit."""
        moments = self._moments
        own = {
            "theta": moments.theta,
            "first": moments.first,
            "second": moments.second,
            "counts": moments.counts,
            "best_theta": self._best_theta,
            "best": self._best,
            "best_at": self._best_at,
            "live": self._live,
            "batch_loss": self._batch_loss,
        }
        return {name: array.copy() for name, array in own.items()} | self.source.arrays()

    def restore(self, iteration: int, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take back what :meth:`arrays` returned after so many iterations."""
        moments = self._moments
        moments.theta[:] = arrays["theta"]
        moments.first[:] = arrays["first"]
        moments.second[:] = arrays["second"]
        moments.counts[:] = arrays["counts"]
        self._best_theta[:] = arrays["best_theta"]
        self._best = arrays["best"].copy()
        self._best_at = arrays["best_at"].copy()
        self._live = arrays["live"].copy()
        self._batch_loss = arrays["batch_loss"].copy()
        self.iteration = iteration
        self.source.restore(arrays)

    def close(self) -> None:
        """Free nothing; stages that hold threads do."""

    @property
    def _patience(self) -> int:
        own = self.stage.early_stopping if isinstance(self.stage, Adam) else None
        if own is not None:
            return own
        return self.validation.patience if self.validation is not None else self.total

    def _note_best(self, evaluation: Evaluation, held_out: FloatArray | None) -> None:
        if self.validation is None:
            if self._n_batches > 1:
                return
            candidate = np.full(len(self._best), np.inf)
            good = evaluation.usable & (evaluation.failures == 0)
            candidate[evaluation.members[good]] = evaluation.total[good]
        elif held_out is None:
            return
        else:
            candidate = np.where(self._live, held_out, np.inf)
        better = candidate < self._best
        if better.all():
            np.copyto(self._best_theta, self.theta)
        elif better.any():
            self._best_theta[better] = self.theta[better]
        self._best[better] = candidate[better]
        self._best_at[better] = self.iteration
        if self.validation is not None:
            self._live &= self.iteration - self._best_at < self._patience

    def _row(self, evaluation: Evaluation, lr: float) -> Row:
        members = evaluation.members
        batch = self._batch_loss[self.iteration % self._n_batches]
        batch[:, members] = evaluation.terms
        size = len(self.theta)
        if self._n_batches == 1:
            sums = np.full((4, size), np.nan)
            sums[:, members] = batch[:, members]
        else:
            absent = ~self._takes_part[:, None, :]
            sums = np.where(absent, 0.0, self._batch_loss).sum(axis=0)
            sums[:, ~self._live] = np.nan
        norm, failures = np.full(size, np.nan), np.full(size, np.nan)
        norm[members], failures[members] = evaluation.norm, evaluation.failures
        total, data, pir, lipschitz = sums
        return Row(
            self.iteration + 1, lr, total, data, pir, lipschitz, norm, failures, evaluation.message
        )

    def _report(self, member: int, loss: float) -> StageReport:
        count = int(self._moments.counts[member])
        if count == 0:
            status, message = -1, "No update: the loss or its gradient was never usable."
        elif not self._live[member]:
            at = int(self._best_at[member])
            status, message = 0, f"Stopped early; lowest held-out loss at iteration {at}."
        else:
            status, message = 0, "All steps are done."
        return StageReport(
            stage=self.stage.kind,
            member=member,
            status=status,
            message=message,
            iterations=count,
            evaluations=count,
            loss=float(loss) if np.isfinite(loss) else float("nan"),
        )
