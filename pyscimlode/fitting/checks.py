"""What a cross-check between engines is given: the problem of a fit, or initial parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ExperimentError
from pyscimlode.models import scaling as scales
from pyscimlode.problem import Problem, build_problem
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


def initial_theta(problem: Problem) -> FloatArray:
    """Return initial parameters ``(members, size)``; seed 0 for the first member."""
    return np.stack(
        [
            problem.model.initial(
                problem.n_states, problem.n_controls, np.random.default_rng(member)
            )
            for member in range(problem.n_members)
        ]
    )
