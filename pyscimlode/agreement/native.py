"""The last rung: whether engines that train with their own loops end equally well.

Two optimisers never take the same path for long, so what is compared is where they end, over seeds
that start alike: the difference of the means may not exceed the standard deviation over the judge's
seeds. The engine's own deviation does not count, or one that is lost now and then would pass.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement.rungs import Rung, Where, without_answer
from pyscimlode.backends.base import Session
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import ExperimentError, PyscimlodeError, TrainingError
from pyscimlode.models.scaling import member, stack
from pyscimlode.problem import Problem
from pyscimlode.training import BFGS, Adam, Stage, stage_to_json, train

FloatArray = npt.NDArray[np.float64]
Score = Callable[[FloatArray], FloatArray]
"""From trained parameters ``(seeds, size)`` to the score of each ``(seeds,)``."""

NATIVE = "native training"
WITHIN_SPREAD = 1.0
"""Largest difference of means, in standard deviations over the judge's seeds."""

FEWEST_SEEDS = 3
STOPPING = 1e-6
"""Where the recipes stop (``ftol``), so that a smaller spread says nothing: relative, or absolute
for means below one."""

NATIVE_STAGES: tuple[Stage, ...] = (
    Adam(100, lr=5e-3, schedule="constant", clip=None),
    BFGS(100, gtol=1e-6, ftol=STOPPING),
)
"""What every engine's own loop can do: Adam at a constant rate, then BFGS."""

TRAINING_SOLVER = SolverSpec("auto", rtol=1e-6, atol=1e-8)


@dataclass(frozen=True, eq=False)
class NativePlan:
    """Trainings of one problem from several seeds.

    Attributes:
        problem: its members are the seeds.
        theta: ``(seeds, size)``, where they start.
        stages: what every engine does, in its own loop where it has one.
        score: of trained parameters on held-out strains; None compares losses alone.
        judge: the engine that the others are held to. It trains too, so it has to be quick.
    """

    problem: Problem
    theta: FloatArray
    stages: tuple[Stage, ...] = NATIVE_STAGES
    score: Score | None = None
    judge: str = "torch"

    def described(self) -> dict[str, Any]:
        """Return seeds, stages, judge and default solver as JSON data."""
        return {
            "judge": self.judge,
            "seeds": len(self.theta),
            "stages": [stage_to_json(stage) for stage in self.stages],
            "solver": asdict(TRAINING_SOLVER),
        }


@dataclass(frozen=True, eq=False)
class Ends:
    """Where the seeds of one engine end.

    Attributes:
        backend: the engine.
        values: ``(seeds,)`` of what is compared, by its name.
        seconds: of training.
    """

    backend: str
    values: dict[str, FloatArray]
    seconds: float

    def words(self, name: str) -> str:
        """Return mean and standard deviation over seeds."""
        found = self.values[name]
        return f"{found.mean():.4g} ± {found.std(ddof=1):.2g} ({self.backend})"


def repeat_member(problem: Problem, count: int, index: int = 0) -> Problem:
    """Return the problem with ``count`` members that are all like one of its members."""
    chosen = [index] * count
    return replace(
        problem,
        scaling=stack([member(problem.scaling, index)] * count),
        weights=problem.weights[chosen],
        pir_weights=problem.pir_weights[chosen],
        pir=problem.pir[chosen],
        loss_scale=problem.loss_scale[chosen],
    )


def native_rungs(
    plan: NativePlan,
    names: Sequence[str],
    opened: Callable[[str, Problem], Session],
    tolerance: float = WITHIN_SPREAD,
) -> list[Rung]:
    """Train with every engine and compare where the seeds end.

    Args:
        plan: what is trained.
        names: engines that run here.
        opened: opens a problem in an engine.
        tolerance: largest difference of means, in standard deviations over the judge's seeds.
    """
    others = [name for name in names if name != plan.judge]
    alone = ExperimentError(f"{plan.judge!r} judges this level; compare another engine")
    rungs = [
        without_answer(NATIVE, name, tolerance, alone, plan.judge)
        for name in names
        if name == plan.judge
    ]
    if not others:
        return rungs
    try:
        _check_seeds(plan)
        with opened(plan.judge, plan.problem) as judging:
            theirs = _ends(plan, plan.judge, judging, judging)
            _check_ends(theirs)
            for name in others:
                rungs.append(_rung(plan, name, opened, judging, theirs, tolerance))
    except PyscimlodeError as failure:
        rungs += [without_answer(NATIVE, name, tolerance, failure, plan.judge) for name in others]
    return rungs


def trained_natively(session: Session, theta: FloatArray, stages: Sequence[Stage]) -> FloatArray:
    """Train with the engine's own loop, or with the shared one where it has none."""
    own: Any = getattr(session, "train_native", None)
    if own is None:
        return train(session, theta, stages).theta
    found: FloatArray = own(theta, stages)[0]
    return found


def deviation(values: FloatArray) -> float:
    """Return the standard deviation over seeds, or where training stops if that is more.

    >>> deviation(np.array([1.0, 2.0, 3.0]))
    1.0
    >>> deviation(np.array([0.5, 0.5, 0.5]))
    1e-06
    """
    spread = float(values.std(ddof=1))
    return max(spread, STOPPING * max(1.0, abs(float(values.mean()))))


def _rung(
    plan: NativePlan,
    name: str,
    opened: Callable[[str, Problem], Session],
    judging: Session,
    theirs: Ends,
    tolerance: float,
) -> Rung:
    try:
        with opened(name, plan.problem) as session:
            ours = _ends(plan, name, session, judging)
    except PyscimlodeError as failure:
        return without_answer(NATIVE, name, tolerance, failure, plan.judge)
    errors = {key: _error(ours.values[key], theirs.values[key]) for key in theirs.values}
    worst = max(errors, key=lambda key: errors[key])
    words = "; ".join(f"{key} {ours.words(key)}, {theirs.words(key)}" for key in errors)
    return Rung(
        NATIVE,
        name,
        "agrees" if errors[worst] <= tolerance else "differs",
        errors[worst],
        tolerance,
        Where(
            quantity=f"{worst}, mean over {len(plan.theta)} seeds",
            ours=float(ours.values[worst].mean()),
            theirs=float(theirs.values[worst].mean()),
        ),
        f"{words}; mean ± standard deviation over {len(plan.theta)} seeds",
        ours.seconds + theirs.seconds,
        plan.judge,
    )


def _ends(plan: NativePlan, name: str, session: Session, judging: Session) -> Ends:
    """Train, and let the judge say what the parameters are worth."""
    started = time.perf_counter()
    theta = trained_natively(session, plan.theta, plan.stages)
    seconds = time.perf_counter() - started
    parts = judging.loss(theta)
    values = {"final loss": np.where(parts.failed, np.nan, parts.total)}
    if plan.score is not None:
        values["score of held-out strains"] = np.asarray(plan.score(theta), dtype=np.float64)
    return Ends(name, values, seconds)


def _error(ours: FloatArray, theirs: FloatArray) -> float:
    if not np.isfinite(ours).all():
        return math.inf
    return abs(float(ours.mean() - theirs.mean())) / deviation(theirs)


def _check_seeds(plan: NativePlan) -> None:
    seeds = len(plan.theta)
    if seeds < FEWEST_SEEDS:
        raise ExperimentError(
            f"a spread over seeds needs at least {FEWEST_SEEDS} of them, not {seeds}"
        )


def _check_ends(theirs: Ends) -> None:
    for key, found in theirs.values.items():
        lost = int((~np.isfinite(found)).sum())
        if lost:
            raise TrainingError(
                f"{lost} of {len(found)} seeds of {theirs.backend!r}, which judges, end without a "
                f"{key}: a solve fails there; take other stages"
            )
