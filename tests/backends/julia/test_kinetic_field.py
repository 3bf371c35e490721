"""Rate laws in Julia against their definition in NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel, example_pathway, toy6
from pyscimlode.models.scaling import member
from pyscimlode.problem import Problem
from tests.backends.problems import initial_theta, small_problem

pytestmark = pytest.mark.julia


def problem_of(case: KineticCase, widths: Sequence[int], unknown: int = 0) -> Problem:
    """A problem around the steady state, with an enzyme and states that are no species."""
    evaluator = KineticEvaluator(case.network, case.state)
    ln_c = np.log(np.maximum(case.state.concentrations, 1e-3)).mean()
    model = KineticModel.at_steady_state(evaluator, np.full(len(case.network.km_names), ln_c))
    enzyme = case.network.reaction_ids[1]
    hybrid = model.hybrid(enzymes={enzyme: "E"}, reference_levels={"E": 2.0}, widths=widths)
    dynamic = [s.id for s in case.network.species if not s.fixed]
    names = (*[f"X{i}" for i in range(unknown)], *dynamic)
    problem = small_problem(
        hybrid.bound_to(names, ("E",)),
        members=2,
        experiments=2,
        states=len(names),
        controls=1,
        t_end=0.5,
    )
    start = problem.initial.copy()
    level = np.random.default_rng(0).uniform(0.5, 1.5, (2, len(dynamic)))
    start[:, unknown:] = level * case.state.concentrations[dynamic_rows(case)]
    return replace(problem, initial=start, state_names=names, control_names=("E",))


def dynamic_rows(case: KineticCase) -> list[int]:
    return [i for i, s in enumerate(case.network.species) if not s.fixed]


CASES = {
    "toy6": lambda: problem_of(toy6(), ()),
    "toy6, network": lambda: problem_of(toy6(), (4,), unknown=1),
    "pathway": lambda: problem_of(example_pathway(), ()),
    "pathway, network": lambda: problem_of(example_pathway(), (4,), unknown=2),
}


@pytest.mark.parametrize("name", CASES)
def test_field_and_its_gradient(name: str) -> None:
    problem = CASES[name]()
    theta = initial_theta(problem)
    rng = np.random.default_rng(1)
    z = problem.initial * rng.uniform(0.5, 2.0, problem.initial.shape)
    z[1, :2] *= -0.1
    p = problem.knot_values[:, 1]
    cotangent = rng.normal(size=(2, *z.shape)) / (1 + np.abs(z))
    with JuliaBackend().open(problem, SolverSpec("rosenbrock")) as session:
        found = session.field(theta, z, p)
        gradient = session.field_vjp(theta, z, p, cotangent)
    with get_backend("reference").open(problem, SolverSpec("bdf")) as session:
        wanted = session.field_vjp(theta, z, p, cotangent)
    for m in range(2):
        expected = problem.model.field(theta[m], z, p, member(problem.scaling, m))
        scale = np.abs(expected).max(axis=1, keepdims=True)
        assert (np.abs(found[m] - expected) / scale).max() <= 1e-11
    error = np.linalg.norm(gradient - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    assert error.max() <= 1e-6


@pytest.mark.slow
def test_loss_and_gradient() -> None:
    problem = CASES["toy6, network"]()
    theta = initial_theta(problem)
    tight = SolverSpec("rosenbrock", rtol=1e-9, atol=1e-11, max_steps=100_000)
    with get_backend("reference").open(
        problem, SolverSpec("auto", rtol=1e-10, atol=1e-12)
    ) as judge:
        expected, slope = judge.loss_and_grad(theta)
    with JuliaBackend().open(problem, tight) as session:
        parts, gradient = session.loss_and_grad(theta)
    np.testing.assert_allclose(parts.total, expected.total, rtol=1e-7)
    error = np.linalg.norm(gradient - slope, axis=1) / np.linalg.norm(slope, axis=1)
    assert error.max() <= 1e-5
