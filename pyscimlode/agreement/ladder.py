"""The ladder: from the field to trained parameters, every engine against a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement.asking import Opened, Remembering
from pyscimlode.agreement.levels import (
    Found,
    Points,
    compare_fields,
    compare_gradients,
    compare_losses,
    compare_parameters,
    compare_trajectories,
    field_points,
    worst_experiment,
)
from pyscimlode.agreement.native import (
    NATIVE,
    TRAINING_SOLVER,
    WITHIN_SPREAD,
    NativePlan,
    native_rungs,
)
from pyscimlode.agreement.rungs import Agreement, Rung, without_answer
from pyscimlode.backends.base import LossParts, Session, Trajectory
from pyscimlode.backends.registry import backend_names, get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import (
    BackendUnavailable,
    EngineError,
    ExperimentError,
    PyscimlodeError,
    did_you_mean,
)
from pyscimlode.problem import Problem
from pyscimlode.training import BFGS, Adam, Stage, train

FloatArray = npt.NDArray[np.float64]

TOLERANCES: dict[str, float] = {
    "field": 1e-12,
    "trajectory": 1e-7,
    "loss": 1e-8,
    "gradient": 1e-6,
    "adam step": 1e-6,
    "bfgs step": 1e-5,
    "shared steps": 1e-4,
    NATIVE: WITHIN_SPREAD,
}
"""Largest error at which engines agree, for float64 and solver tolerances near 1e-10.

Fields and losses relative, trajectories in units of each state's scale, gradients in the Euclidean
norm, parameters after equal steps absolutely (they are of order one; a step of Adam is its
learning rate whatever the gradient's size, so small gradients amplify errors). Native training:
the difference of means over seeds, in standard deviations over the judge's seeds."""

LEVELS = tuple(TOLERANCES)
START_LEVELS = ("field", "trajectory", "loss", "gradient")
"""Cheap levels, for a check before training."""
USUAL_LEVELS = (*START_LEVELS, "adam step", "bfgs step")
"""What is checked by default; steps in a row cost the judge a gradient each, trainings minutes."""

AT_KINKS = 1e-3
"""Tolerance of gradients and of what follows from them where the field has a kink on the way."""

TIGHT = SolverSpec("auto", rtol=1e-10, atol=1e-12, max_steps=100_000)
STEPS: dict[str, tuple[Stage, ...]] = {
    "adam step": (Adam(1, lr=1e-3),),
    "bfgs step": (BFGS(1),),
    "shared steps": (Adam(10, lr=1e-3),),
}


def check_engines(
    problem: Problem,
    theta: FloatArray,
    *,
    backends: Sequence[str] | None = None,
    judge: str = "reference",
    levels: Sequence[str] = USUAL_LEVELS,
    solvers: Mapping[str, SolverSpec] | None = None,
    tolerances: Mapping[str, float] | None = None,
    native: NativePlan | None = None,
    description: str = "",
) -> Agreement:
    """Compare engines with a judge on one problem and parameter vector, level by level.

    Args:
        problem: the problem.
        theta: ``(members, size)``.
        backends: engines to compare; by default all that are registered. One that does not run
            here is reported as such.
        judge: the engine that the others are held to.
        levels: which rungs of the ladder; see :data:`LEVELS`.
        solvers: solver of an engine; ``"auto"`` at tight tolerances by default, at those of
            training for native training.
        tolerances: of levels, where others than :data:`TOLERANCES` are wanted.
        native: what the level ``"native training"`` trains; by default this problem from
            ``theta``, its members being the seeds.
        description: of the problem, for the report.

    Raises:
        ExperimentError: for an unknown level, or nothing to compare.
        BackendUnavailable: the judge does not run here.
    """
    for level in levels:
        if level not in LEVELS:
            raise ExperimentError(
                f"There is no level {level!r}; there are {', '.join(LEVELS)}."
                + did_you_mean(level, LEVELS)
            )
    chosen = [name for name in (backends or backend_names()) if name != judge]
    if not chosen:
        raise ExperimentError(f"Name an engine to compare with {judge!r}.")
    limits = {**TOLERANCES, **(tolerances or {})}
    specs = {name: (solvers or {}).get(name, TIGHT) for name in (judge, *chosen)}
    climbed = [level for level in LEVELS if level in levels and level != NATIVE]
    rungs: list[Rung] = []
    versions = {judge: get_backend(judge).capabilities().versions}
    at = field_points(problem)
    running: list[str] = []
    with ExitStack() as stack:
        judging = stack.enter_context(_open(judge, problem, specs[judge]))
        theirs = Opened(judge, Remembering(judging))
        for name in chosen:
            capabilities = get_backend(name).capabilities()
            if not capabilities.available:
                absent = [level for level in LEVELS if level in levels]
                reason = BackendUnavailable(capabilities.reason)
                rungs += [without_answer(level, name, limits[level], reason) for level in absent]
                continue
            running.append(name)
            versions[name] = capabilities.versions
            try:
                with _open(name, problem, specs[name]) as session:
                    ours = Opened(name, Remembering(session))
                    rungs += [
                        _rung(level, problem, theta, ours, theirs, at, limits[level])
                        for level in climbed
                    ]
            except EngineError as failure:
                rungs += [without_answer(level, name, limits[level], failure) for level in climbed]
    settings: dict[str, Any] = {name: asdict(spec) for name, spec in specs.items()}
    if NATIVE in levels:
        plan = native or NativePlan(problem, theta)
        settings[NATIVE] = plan.described()
        versions[plan.judge] = get_backend(plan.judge).capabilities().versions
        rungs += native_rungs(
            plan,
            running,
            lambda name, what: _open(name, what, (solvers or {}).get(name, TRAINING_SOLVER)),
            limits[NATIVE],
        )
        rungs.sort(key=lambda rung: (chosen.index(rung.backend), LEVELS.index(rung.level)))
    return Agreement(
        judge,
        tuple(rungs),
        description or _describe(problem),
        versions,
        settings,
    )


def _open(name: str, problem: Problem, solver: SolverSpec) -> Session:
    return get_backend(name).open(problem, solver, device="cpu", dtype="float64")


def _rung(
    level: str,
    problem: Problem,
    theta: FloatArray,
    ours: Opened,
    theirs: Opened,
    at: Points,
    tolerance: float,
) -> Rung:
    remark = _kink(problem, theta, theirs) if level not in ("field", "trajectory", "loss") else ""
    if remark:
        tolerance = max(tolerance, AT_KINKS)
    try:
        error, where, note = _compare(level, problem, theta, ours, theirs, at, tolerance)
    except PyscimlodeError as failure:
        return without_answer(level, ours.backend, tolerance, failure)
    if level in ("loss", "gradient") and error > tolerance and where is not None:
        worst = worst_experiment(
            problem, theta, ours.session, theirs.session, gradient=level == "gradient"
        )
        where = replace(where, experiment=worst)
    seconds = ours.seconds.get(level, 0.0) + theirs.seconds.get(level, 0.0)
    verdict = "agrees" if error <= tolerance else "differs"
    notes = "; ".join(text for text in (note, remark) if text)
    return Rung(level, ours.backend, verdict, error, tolerance, where, notes, seconds)  # type: ignore[arg-type]


def _kink(problem: Problem, theta: FloatArray, theirs: Opened) -> str:
    """Say whether the field has a kink on the judge's trajectories.

    Logarithms of states begin at zero (:func:`pyscimlode.models.neural_ode.state_features`). An
    engine's gradient is that of its own steps, and none of them ends on the kink.
    """
    if getattr(problem.model, "features", "") != "log":
        return ""
    path: Trajectory = theirs.answer("trajectory", lambda s: s.solve(theta))
    below = (path.z < 0.0).any(axis=2)
    if not below.any():
        return ""
    m, e, s = (int(index) for index in np.argwhere(below)[0])
    return (
        f"state {problem.state_names[s]!r} passes zero in experiment "
        f"{problem.experiment_names[e]!r}, member {m}, where log features have a kink: gradients "
        "agree to the size of a step"
    )


def _compare(
    level: str,
    problem: Problem,
    theta: FloatArray,
    ours: Opened,
    theirs: Opened,
    at: Points,
    tolerance: float,
) -> Found:
    if level == "field":
        fields = [
            side.answer(level, lambda s: s.field(theta, at.z, at.p)) for side in (ours, theirs)
        ]
        return compare_fields(problem, fields[0], fields[1], at)
    if level == "trajectory":
        paths: list[Trajectory] = [
            side.answer(level, lambda s: s.solve(theta)) for side in (ours, theirs)
        ]
        return compare_trajectories(problem, paths[0], paths[1], tolerance)
    if level in ("loss", "gradient"):
        both: list[tuple[LossParts, FloatArray]] = [
            side.answer("gradient", lambda s: s.loss_and_grad(theta)) for side in (ours, theirs)
        ]
        (mine, slope), (judged, judged_slope) = both
        if level == "loss":
            return compare_losses(mine, judged)
        return compare_gradients(problem.layout, slope, judged_slope)
    ends = [
        side.answer(level, lambda s: train(s, theta, STEPS[level]).theta) for side in (ours, theirs)
    ]
    return compare_parameters(problem.layout, ends[0], ends[1])


def _describe(problem: Problem) -> str:
    return (
        f"{problem.model.kind.replace('_', '-')}, {problem.n_members} member(s), "
        f"{problem.n_experiments} experiment(s), {problem.n_states} states, "
        f"{problem.n_controls} controls, {problem.layout.size} parameters"
    )
