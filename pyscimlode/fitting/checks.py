"""Cross-checks between engines of what is fitted: before training, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement import START_LEVELS, Agreement, NativePlan, check_engines, repeat_member
from pyscimlode.agreement.native import NATIVE_STAGES, Score
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError, TrainingError, ValueRangeError
from pyscimlode.fitting.run import FitOptions
from pyscimlode.models import scaling as scales
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.problem import Member, Problem, build_problem
from pyscimlode.results import FitResult
from pyscimlode.training import Stage

FloatArray = npt.NDArray[np.float64]


def fitted_problem(
    result: FitResult, *, members: int, strains: int
) -> tuple[Problem, FloatArray, str]:
    """Return the first members and training experiments of a fit as a problem.

    Returns:
        the problem, trained parameters ``(members, size)``, and what it is in words.

    Raises:
        ExperimentError: when no member or strain is asked for.
    """
    if members < 1 or strains < 1:
        raise ExperimentError(
            f"members={members}, strains={strains}: a cross-check needs at least one of each."
        )
    chosen = list(range(min(members, len(result.members))))
    dataset = result.train.select(result.train.names[:strains])
    problem = build_problem(
        dataset,
        result.model,
        [replace(result.members[i], train=dataset.names) for i in chosen],
        objective=result.objective,
        scaling=scales.stack([scales.member(result.scaling, i) for i in chosen]),
    )
    text = (
        f"{result.name}, {len(chosen)} of {len(result.members)} member(s), on "
        f"{', '.join(dataset.names)}; {problem.layout.size} parameters"
    )
    return problem, result.theta[chosen], text


def native_plan(
    what: FitResult | Problem,
    seeds: int,
    stages: Sequence[Stage] | None = None,
    theta: FloatArray | None = None,
) -> NativePlan:
    """Return what the level of native training trains: one member's problem from several seeds.

    Args:
        what: a fit, whose first member is trained again on its training strains and scored on its
            held-out ones, or a problem.
        seeds: how many trainings.
        stages: of training; by default those of :data:`pyscimlode.agreement.native.NATIVE_STAGES`.
        theta: ``(members, size)``: where a problem's members start, which are the seeds then.
    """
    recipe = NATIVE_STAGES if stages is None else tuple(stages)
    if isinstance(what, Problem):
        if theta is not None and what.n_members > 1:
            return NativePlan(what, theta, recipe)
        problem = repeat_member(what, seeds)
        return NativePlan(problem, initial_theta(problem), recipe)
    first = what.members[0]
    problem = build_problem(
        what.train,
        what.model,
        [first] * seeds,
        objective=what.objective,
        scaling=scales.stack([scales.member(what.scaling, 0)] * seeds),
    )
    return NativePlan(problem, initial_theta(problem, first.seed), recipe, held_out_score(what))


def held_out_score(result: FitResult) -> Score | None:
    """Return the clean NRMSE of held-out strains as a function of ``(seeds, size)`` parameters.

    None without held-out strains, and under the identity protocol, whose scores rank nothing.
    """
    if result.test is None or result.protocol != "forecast":
        return None
    one = replace(
        result,
        members=result.members[:1],
        scaling=scales.stack([scales.member(result.scaling, 0)]),
        calibration=None,
    )

    def score(theta: FloatArray) -> FloatArray:
        fits = [replace(one, theta=row[None]) for row in theta]
        return np.array([fit.scores.value(fit.name) for fit in fits])

    return score


def check_start(train: Dataset, options: FitOptions, pir: float, when: str) -> Agreement:
    """Compare the engine with the reference at the initial parameters of the first member.

    On the first training experiment alone, because the reference is slow.

    Raises:
        TrainingError: the engines disagree; the message says where.
        ValueRangeError: for any ``when`` but ``"start"``.
    """
    if when != "start":
        raise ValueRangeError(f"crosscheck={when!r}: it is 'start', or None.")
    if options.protocol == "identity":
        train = identity_rows(train)
    problem = build_problem(
        train.select(train.names[:1]),
        options.model,
        [Member(train.names[:1], options.seeds[0], pir)],
        objective=options.objective,
        weighting=options.weighting,
    )
    agreement = check_engines(
        problem,
        initial_theta(problem, options.seeds[0]),
        backends=[options.backend],
        levels=START_LEVELS,
        description=f"{options.model.kind.replace('_', '-')} before training",
    )
    if not agreement:
        raise TrainingError(
            f"The engine {options.backend!r} and the reference disagree before training.\n"
            f"{agreement!r}\nReport it with this text, or train without crosscheck='start'."
        )
    return agreement


def initial_theta(problem: Problem, seed: int = 0) -> FloatArray:
    """Return initial parameters ``(members, size)``; ``seed`` is that of the first member."""
    return np.stack(
        [
            problem.model.initial(
                problem.n_states, problem.n_controls, np.random.default_rng(seed + member)
            )
            for member in range(problem.n_members)
        ]
    )
