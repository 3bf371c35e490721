"""The training loop: stages one after the other, resumable after every iteration."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import Session
from pyscimlode.errors import TrainingError, TrainingInterrupted
from pyscimlode.objectives.lipschitz import SpectralPenalty
from pyscimlode.training.adam import AdamRun
from pyscimlode.training.checkpoints import Checkpointer, load_checkpoint
from pyscimlode.training.collocation import (
    CollocationLoss,
    CollocationTargets,
    collocation_targets,
)
from pyscimlode.training.evaluation import LossSource, TrajectoryLoss
from pyscimlode.training.events import Event, OnEvent
from pyscimlode.training.fingerprint import check_same, fingerprint, stage_differences
from pyscimlode.training.history import Recorder, Row
from pyscimlode.training.interrupt import uninterrupted
from pyscimlode.training.quasi_newton import QuasiNewtonRun
from pyscimlode.training.regularised import RegularisedLoss, check_factor
from pyscimlode.training.stages import Adam, Collocation, Stage
from pyscimlode.training.state import StageReport, TrainState
from pyscimlode.training.validation import Validation

FloatArray = npt.NDArray[np.float64]


class StageRun(Protocol):
    """A stage under way. ``evaluate`` may be interrupted; ``commit`` is short and is not."""

    iteration: int
    total: int

    @property
    def theta(self) -> FloatArray:
        """Current parameters."""
        ...

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        ...

    def start(self) -> None:
        """Do what precedes the first iteration."""
        ...

    def evaluate(self) -> Any:
        """Compute what the next iteration needs, changing nothing."""
        ...

    def commit(self, pending: Any) -> Row:
        """Do the iteration."""
        ...

    def result(self) -> tuple[FloatArray, list[StageReport]]:
        """Return the stage's parameters and how it went."""
        ...

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return what is needed to go on."""
        ...

    def restore(self, iteration: int, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Go on from there; takes the place of ``start``."""
        ...

    def close(self) -> None:
        """End what the stage has started."""
        ...


def train(
    session: Session,
    theta0: npt.ArrayLike,
    stages: Sequence[Stage],
    *,
    validation: Validation | None = None,
    on_event: OnEvent | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_seconds: float = 10.0,
    resume: str | Path | TrainState | None = None,
    collocation: CollocationTargets | None = None,
    lipschitz: float = 0.0,
    fingerprint: str = "",
) -> TrainState:
    """Train all members of a problem as one batch.

    A stage never returns parameters with a higher training loss than it started from (higher
    held-out loss, with a validation); a member whose gradient is not finite, or whose solves all
    failed, keeps its parameters for that iteration.

    Args:
        session: the opened problem.
        theta0: ``(members, size)`` or, for one member, ``(size,)``: where to start.
        stages: what to do, in this order.
        validation: stops members early in stages of Adam, and undoes BFGS where it makes the
            held-out loss worse.
        on_event: called after every iteration; what it raises ends training. If it has a method
            ``close``, that is called at the end.
        checkpoint: file that is kept up to date, and written when training ends in any way.
        checkpoint_seconds: time between two checkpoints.
        resume: a checkpoint, or the state of an interrupted training. Everything else must be as
            it was; the result is then the same, bit by bit, as without the interruption, on the
            same machine with the same number of threads.
        collocation: targets of collocation stages; by default made from the problem's data.
        lipschitz: factor of the Lipschitz penalty, added to the loss of every stage but not to
            the held-out loss; see :mod:`pyscimlode.objectives.lipschitz`.
        fingerprint: digest of anything else that must not change between start and resumption.

    Raises:
        TrainingError: training cannot start or be resumed.
        TrainingInterrupted: Ctrl-C; a ``KeyboardInterrupt`` that knows the checkpoint.
        ArtifactError: the checkpoint to resume from is damaged, or one cannot be written.
    """
    theta = _check_theta(session, theta0)
    _check_stages(stages, validation)
    loop = _Loop(
        session=session,
        theta=theta,
        stages=tuple(stages),
        validation=validation,
        on_event=on_event or (lambda event: None),
        checkpointer=Checkpointer(
            None if checkpoint is None else Path(checkpoint), checkpoint_seconds
        ),
        collocation=collocation,
        lipschitz=check_factor(lipschitz),
        extra=fingerprint,
    )
    if resume is not None:
        loop.resume(resume)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*line search.*", category=RuntimeWarning)
        return loop.run()


class _Loop:
    def __init__(
        self,
        *,
        session: Session,
        theta: FloatArray,
        stages: tuple[Stage, ...],
        validation: Validation | None,
        on_event: OnEvent,
        checkpointer: Checkpointer,
        collocation: CollocationTargets | None,
        lipschitz: float,
        extra: str,
    ) -> None:
        self._session = session
        self._validation = validation
        self._on_event = on_event
        self._checkpointer = checkpointer
        self._collocation = collocation
        self._lipschitz = lipschitz
        self._recorder = Recorder(len(theta))
        self._opened: StageRun | None = None
        self._run: StageRun | None = None
        self._started = time.monotonic()
        self._clock = _Clock()
        self._last_loss = np.full(len(theta), np.nan)
        self._state = TrainState(
            theta=theta,
            stages=stages,
            stage_index=0,
            iteration=0,
            finished=not stages,
            history=self._recorder.arrays(),
            fingerprint=fingerprint(
                session,
                theta,
                stages,
                validation=validation,
                collocation=collocation,
                lipschitz=lipschitz,
                extra=extra,
            ),
        )

    def resume(self, source: str | Path | TrainState) -> None:
        """Take the place of the state that was interrupted."""
        if isinstance(source, TrainState):
            state, where = source, "The state"
        else:
            state, where = load_checkpoint(Path(source)), f"The checkpoint {source}"
        details = stage_differences(state.stages, self._state.stages)
        check_same(state.fingerprint, self._state.fingerprint, where, details)
        self._state = state
        self._recorder = Recorder(len(state.theta), dict(state.history))

    def run(self) -> TrainState:
        """Do all stages that are left."""
        try:
            while not self._state.finished:
                self._stage()
            self._checkpointer.write(self._state)
        except KeyboardInterrupt as stop:
            raise self._interrupted(stop) from None
        except Exception as error:
            self._leave_checkpoint(error)
            raise
        finally:
            self._close()
        return self._state

    def _stage(self) -> None:
        state = self._state
        stage = state.stages[state.stage_index]
        run = self._opened = self._open(stage, state.theta)
        if state.stage_arrays:
            run.restore(state.iteration, dict(state.stage_arrays))
        else:
            run.start()
        self._run = run
        self._clock = _Clock()
        while not run.finished:
            pending = run.evaluate()
            with uninterrupted():
                row = run.commit(pending)
                self._recorder.append(state.stage_index, row)
            self._emit(stage, run, row)
            with uninterrupted():
                self._checkpointer.maybe(self._snapshot)
        theta, reports = run.result()
        with uninterrupted():
            index = state.stage_index + 1
            self._state = replace(
                state,
                theta=theta,
                stage_index=index,
                iteration=0,
                finished=index == len(state.stages),
                history=self._recorder.arrays(),
                reports=(*state.reports, *reports),
                seconds=self._seconds(),
                stage_arrays={},
            )
            self._started, self._run = time.monotonic(), None
        run.close()

    def _open(self, stage: Stage, theta: FloatArray) -> StageRun:
        if isinstance(stage, Collocation):
            targets = self._collocation or collocation_targets(
                self._session.problem, points=stage.points
            )
            source = CollocationLoss(self._session, targets, huber_delta=stage.huber_delta)
            return AdamRun(stage, theta, self._regularised(source))
        by_strain = isinstance(stage, Adam) and stage.batches == "strain"
        loss = self._regularised(TrajectoryLoss(self._session, by_strain=by_strain))
        if isinstance(stage, Adam):
            return AdamRun(stage, theta, loss, self._validation)
        return QuasiNewtonRun(stage, theta, loss, self._validation)

    def _regularised(self, source: LossSource) -> LossSource:
        if not self._lipschitz:
            return source
        return RegularisedLoss(source, SpectralPenalty(self._session.layout), self._lipschitz)

    def _emit(self, stage: Stage, run: StageRun, row: Row) -> None:
        known = np.isfinite(row.total)
        self._last_loss[known] = row.total[known]
        self._on_event(
            Event(
                stage=stage.kind,
                stage_index=self._state.stage_index,
                stages=len(self._state.stages),
                iteration=run.iteration,
                total=run.total,
                loss=self._last_loss.copy(),
                seconds=self._seconds(),
                eta=self._clock.left(run.total - run.iteration),
                message=row.message,
            )
        )

    def _snapshot(self) -> TrainState:
        """Return the state after the last iteration that is complete."""
        if self._run is None:
            return self._state
        return replace(
            self._state,
            theta=self._run.theta.copy(),
            iteration=self._run.iteration,
            history=self._recorder.arrays(),
            seconds=self._seconds(),
            stage_arrays=self._run.arrays(),
        )

    def _seconds(self) -> float:
        return self._state.seconds + time.monotonic() - self._started

    def _interrupted(self, stop: KeyboardInterrupt) -> KeyboardInterrupt:
        with uninterrupted():
            state = self._snapshot()
            self._checkpointer.write(state)
        stage = state.stages[min(state.stage_index, len(state.stages) - 1)]
        path = self._checkpointer.path
        how = (
            f"What was reached is in {path}; go on with resume={str(path)!r}."
            if path is not None
            else "No checkpoint was asked for; go on with train(..., resume=error.state), or fit "
            "with checkpoint= next time."
        )
        return TrainingInterrupted(
            f"Training was interrupted in stage {state.stage_index + 1} of {len(state.stages)} "
            f"({stage.kind}) after {state.iteration} iterations. {how}",
            path,
            state,
        )

    def _leave_checkpoint(self, error: Exception) -> None:
        if self._checkpointer.path is None:
            return
        try:
            with uninterrupted():
                self._checkpointer.write(self._snapshot())
        except Exception as second:
            error.add_note(f"No checkpoint could be written: {second}")
        else:
            error.add_note(f"What was reached before is in {self._checkpointer.path}.")

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.close()
        close_display = getattr(self._on_event, "close", None)
        if callable(close_display):
            close_display()


class _Clock:
    """Time left, from the mean time of the iterations of this stage."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._count = 0

    def left(self, iterations: int) -> float:
        self._count += 1
        return (time.monotonic() - self._started) / self._count * iterations


def _check_theta(session: Session, theta0: npt.ArrayLike) -> FloatArray:
    theta = np.array(theta0, dtype=np.float64, ndmin=2)
    expected = (session.problem.n_members, session.layout.size)
    if theta.shape != expected:
        raise TrainingError(
            f"theta0 has shape {np.shape(theta0)}; the problem has {expected[0]} members with "
            f"{expected[1]} parameters each: {expected}."
        )
    if not np.isfinite(theta).all():
        member, index = np.argwhere(~np.isfinite(theta))[0]
        raise TrainingError(
            f"theta0 is not finite: member {member}, parameter {index} is {theta[member, index]}."
        )
    return theta


def _check_stages(stages: Sequence[Stage], validation: Validation | None) -> None:
    for index, stage in enumerate(stages):
        if not isinstance(stage, Stage):
            raise TrainingError(
                f"stages[{index}] is {stage!r}; a stage is Collocation(...), Adam(...), BFGS(...) "
                "or LBFGS(...)."
            )
        if isinstance(stage, Adam) and stage.early_stopping is not None and validation is None:
            raise TrainingError(
                f"stages[{index}]: early_stopping={stage.early_stopping} needs a training strain "
                "that is held out (validation)."
            )
