"""The problems on which engines are timed, the same arrays for each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.speed.workloads import make as make_workload
from pyscimlode import datasets
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DownloadError
from pyscimlode.fitting.checks import initial_theta
from pyscimlode.models import HybridODE, ProductionDegradation, limonene_pathway, simulated_pathway
from pyscimlode.models.base import Model
from pyscimlode.problem import Member, Problem, build_problem
from pyscimlode.training import BFGS, Adam, Stage

FloatArray = npt.NDArray[np.float64]
SOLVER = SolverSpec("tsit5", rtol=1e-6, atol=1e-8, max_steps=100_000)
STAGES: tuple[Stage, ...] = (
    Adam(200, lr=2e-3, schedule="constant", clip=None),
    BFGS(100, gtol=1e-6, ftol=1e-6),
)
"""The published order of optimisers, in a form that every engine's own loop has."""

SHORT_STAGES: tuple[Stage, ...] = (Adam(20, lr=2e-3, schedule="constant", clip=None), BFGS(10))
WARM_UP: tuple[Stage, ...] = (Adam(1, lr=2e-3, schedule="constant", clip=None), BFGS(1))
"""What is trained before a training is timed, so that nothing is compiled in it."""

QUICK_STAGES: tuple[Stage, ...] = (Adam(2, lr=2e-3, schedule="constant", clip=None), BFGS(2))
STIFF_SOLVER = replace(SOLVER, method="auto")
FAST = 3000.0
"""Relaxation rate, in time scales of the problem, that the stiff problem adds to one state."""


@dataclass(frozen=True, eq=False)
class Timed:
    """A problem to be timed.

    Attributes:
        name: short.
        text: what it is.
        problem: one member.
        theta: ``(1, size)``, initial parameters.
        solver: the same for every engine.
        judged: experiments whose gradients are compared with the reference engine's, which takes
            seconds for each.
        stages: of the trainings that are timed.
    """

    name: str
    text: str
    problem: Problem
    theta: FloatArray
    solver: SolverSpec
    judged: tuple[int, ...]
    stages: tuple[Stage, ...] = STAGES

    def described(self) -> str:
        """Return what it is, with sizes."""
        problem = self.problem
        return (
            f"{self.text}: {problem.n_experiments} experiments, {problem.n_states} states, "
            f"{problem.n_controls} controls, {problem.layout.size} parameters"
        )


def _identity(quick: bool) -> Timed:
    workload = make_workload("identity", quick=quick)
    text = "identity protocol in the published size, net 23-10-10-10-10-23"
    return Timed(
        "identity", text, workload.problem(), workload.theta[None], SOLVER, (0, 1), SHORT_STAGES
    )


def _limonene(quick: bool) -> Timed:
    try:
        train, words = datasets.load("limonene").select(["L1", "L2"]), "measured strains L1 and L2"
        model: Model = HybridODE(limonene_pathway())
    except DownloadError:
        train, _ = datasets.benchmark("sim-sparse", n=2)
        words, model = "simulated strains", HybridODE(simulated_pathway())
    return _built("limonene", f"hybrid model, {words}", train, model)


def _sparse(quick: bool) -> Timed:
    train, _ = datasets.benchmark("sim-sparse", n=2 if quick else 10)
    return _built("sim-sparse", "production-degradation NODE", train, _small(quick))


def _stiff(quick: bool) -> Timed:
    """One state that follows the others within a small part of an experiment."""
    train, _ = datasets.benchmark("sim-sparse", n=1 if quick else 3)
    made = _built("stiff", "production-degradation NODE, one fast state", train, _small(quick))
    problem = made.problem
    blocks = problem.layout.unpack(made.theta[0])
    last = max(name for name in blocks if name.endswith("bias"))
    fast = blocks[last].copy()
    fast[0] += 0.5 * FAST
    fast[problem.n_states] += FAST
    theta = problem.layout.pack({**blocks, last: fast})[None]
    return replace(made, theta=theta, solver=STIFF_SOLVER, stages=SHORT_STAGES)


def _small(quick: bool) -> ProductionDegradation:
    return ProductionDegradation(widths=(4,)) if quick else ProductionDegradation()


def _built(name: str, text: str, train: Dataset, model: Model) -> Timed:
    problem = build_problem(train, model, [Member(train.names)])
    return Timed(name, text, problem, initial_theta(problem), SOLVER, (0,))


MAKERS: dict[str, Callable[[bool], Timed]] = {
    "identity": _identity,
    "limonene": _limonene,
    "sim-sparse": _sparse,
    "stiff": _stiff,
}
NAMES = tuple(MAKERS)


def make(name: str, *, quick: bool = False) -> Timed:
    """Return a problem by name; ``quick`` makes it and its training small."""
    made = MAKERS[name](quick)
    return replace(made, stages=QUICK_STAGES) if quick else made
