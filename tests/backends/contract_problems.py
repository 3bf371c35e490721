"""Problems that every engine must solve alike: what a data set can bring, each at least once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import LossParts, Trajectory
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.costello2018 import PROTEINS
from pyscimlode.models import HybridODE, isopentenol_pathway, limonene_pathway
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.problem import Member, Objective, Problem, build_problem
from tests.backends.problems import initial_theta, small_problem
from tests.models.hybrids import hybrids
from tests.models.kinetic.ramps import enzyme_ramps

FloatArray = npt.NDArray[np.float64]
TIGHT = SolverSpec("auto", rtol=1e-10, atol=1e-12, max_steps=100_000)


@dataclass(frozen=True, eq=False)
class Case:
    """A problem, its parameters, and whether explicit methods are slow on it."""

    problem: Problem
    theta: FloatArray
    stiff: bool = False


def _case(problem: Problem, scale: float = 1.0, stiff: bool = False) -> Case:
    return Case(problem, initial_theta(problem, scale=scale), stiff)


def _measured_inputs() -> Case:
    model = NeuralODE(widths=(6, 5), features="linear")
    return _case(small_problem(model, members=2, leave_out=True), 1.5)


def _steps_and_masks() -> Case:
    model = NeuralODE(widths=(5,), features="linear", activation="gelu")
    return _case(small_problem(model, interpolation="step", masked=0.6, seed=3))


def _penalty() -> Case:
    """States below zero, so that the penalty and its gradient are at work."""
    model = NeuralODE(widths=(5,), features="linear", activation="silu")
    problem = small_problem(
        model, objective=Objective(kind="huber", huber_delta=0.2), pir=9.0, seed=1
    )
    return _case(replace(problem, initial=problem.initial * np.array([[1.0], [-0.4], [-0.2]])))


def _production_degradation() -> Case:
    model = ProductionDegradation(widths=(6,))
    return _case(small_problem(model, objective=Objective(kind="mse"), seed=2))


def _raw_units() -> Case:
    """The published form: no inputs, no scaling."""
    model = NeuralODE(widths=(4, 4), controls="endogenous", features="linear", scaling="none")
    problem = small_problem(model, states=5, controls=0, objective=Objective(kind="mse"))
    return _case(replace(problem, scaling=stack([identity_scaling(5, 0)])), 0.3)


def _branched_pathway() -> Case:
    return _case(small_problem(hybrids()["branched"], members=2, seed=4))


def _pathway(model: HybridODE, product: str) -> Case:
    species = ("Acetyl-CoA", "HMG-CoA", "Mevalonate", "Mev-P", "IPP/DMAPP", *product.split())
    states = (*species, "OD600")
    problem = small_problem(
        model.bound_to(states, PROTEINS),
        states=len(states),
        controls=len(PROTEINS),
        experiments=2,
        seed=5,
    )
    return _case(replace(problem, state_names=states, control_names=PROTEINS))


def _learned_slopes() -> Case:
    model = ProductionDegradation(widths=(5, 4), activation="adaptive-tanh")
    return _case(small_problem(model, members=2, seed=6), 1.5)


def _kinetic(widths: tuple[int, ...] = ()) -> Case:
    """A generated kinetic model; levels of three enzymes change, a member has its own scales."""
    dataset, model = enzyme_ramps()
    problem = build_problem(
        dataset,
        model.hybrid(widths=widths, initial_spread=0.3),
        [Member(dataset.names), Member(dataset.names[:1], seed=1)],
    )
    return _case(problem)


def _stiff() -> Case:
    """One state that relaxes several thousand times within the experiment."""
    model = ProductionDegradation(widths=(4,), features="linear")
    problem = small_problem(model, states=2, controls=1, experiments=2, knots=3, times=4)
    case = _case(problem)
    blocks = model.layout(2, 1).unpack(case.theta[0])
    last = max(name for name in blocks if name.endswith("bias"))
    fast = blocks[last].copy()
    fast[2] += 3000.0
    fast[0] += 1500.0
    theta = problem.layout.pack({**blocks, last: fast})
    return Case(problem, theta[None], stiff=True)


MAKERS = {
    "measured-inputs": _measured_inputs,
    "steps-and-masks": _steps_and_masks,
    "penalty": _penalty,
    "production-degradation": _production_degradation,
    "raw-units": _raw_units,
    "learned-slopes": _learned_slopes,
    "branched-pathway": _branched_pathway,
    "limonene-pathway": lambda: _pathway(
        HybridODE(limonene_pathway(), widths=(4,)), "GPP Limonene"
    ),
    "isopentenol-pathway": lambda: _pathway(
        HybridODE(isopentenol_pathway(), widths=(4,)), "Isopentenol"
    ),
    "kinetic": _kinetic,
    "kinetic-network": lambda: _kinetic((4,)),
    "stiff": _stiff,
}


@cache
def case(name: str) -> Case:
    """Return a problem by name."""
    return MAKERS[name]()


@cache
def judged(name: str) -> tuple[Trajectory, LossParts, FloatArray]:
    """Return trajectory, loss and gradient of the reference engine."""
    chosen = case(name)
    with get_backend("reference").open(chosen.problem, TIGHT) as session:
        return session.solve(chosen.theta), *session.loss_and_grad(chosen.theta)
