"""Cross-checks between engines of what is fitted: before training, and afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement import START_LEVELS, Agreement, check_engines
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError, TrainingError, ValueRangeError
from pyscimlode.fitting.run import FitOptions
from pyscimlode.models import scaling as scales
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.problem import Member, Problem, build_problem
from pyscimlode.results import FitResult

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
