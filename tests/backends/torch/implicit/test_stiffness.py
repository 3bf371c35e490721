"""``solver="auto"``: stays explicit where it can, changes where it must, and says so."""

from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.models.neural_ode import ProductionDegradation
from tests.backends.contract_problems import MAKERS, Case, case
from tests.backends.problems import initial_theta, small_problem


def decaying(rate: float) -> Case:
    """Return a problem whose first state relaxes at this rate."""
    model = ProductionDegradation(widths=(4,), features="linear")
    problem = small_problem(model, states=2, controls=1, experiments=3, knots=3, times=4)
    blocks = problem.layout.unpack(initial_theta(problem)[0])
    last = max(name for name in blocks if name.endswith("bias"))
    shift = np.zeros_like(blocks[last])
    shift[2], shift[0] = rate, 0.5 * rate
    return Case(problem, problem.layout.pack({**blocks, last: blocks[last] + shift})[None])


def test_stiff_experiments_are_named() -> None:
    chosen, backend = decaying(3000.0), get_backend("torch")
    with (
        backend.open(chosen.problem, SolverSpec("auto"), device="cpu") as session,
        backend.open(chosen.problem, SolverSpec("rosenbrock"), device="cpu") as implicit,
    ):
        path, expected = session.solve(chosen.theta), implicit.solve(chosen.theta)
        found, wanted = session.loss_and_grad(chosen.theta), implicit.loss_and_grad(chosen.theta)
        session.loss_and_grad(chosen.theta, refresh=False)
        notes = session.notes
    assert len(path.notes) == 1
    assert "3 of 3 experiments are stiff" in path.notes[0]
    assert "'rosenbrock' solved them all" in path.notes[0]
    assert notes == path.notes
    assert expected.notes == ()
    np.testing.assert_array_equal(path.z, expected.z)
    np.testing.assert_array_equal(found[0].total, wanted[0].total)
    np.testing.assert_array_equal(found[1], wanted[1])


def test_a_call_depends_on_its_parameters_alone() -> None:
    mild, stiff, backend = decaying(0.0), decaying(3000.0), get_backend("torch")
    with backend.open(mild.problem, SolverSpec("auto"), device="cpu") as session:
        before = session.loss_and_grad(mild.theta)
        session.loss_and_grad(stiff.theta)
        after = session.loss_and_grad(mild.theta)
        later = session.solve(mild.theta)
    np.testing.assert_array_equal(before[0].total, after[0].total)
    np.testing.assert_array_equal(before[1], after[1])
    assert later.notes == ()


KINETIC = ("kinetic", "kinetic-network")
EXPLICIT = [name for name in MAKERS if name not in ("stiff", *KINETIC)]


@pytest.mark.parametrize(
    ("problem", "method"),
    [*((name, "tsit5") for name in EXPLICIT), *((name, "rosenbrock") for name in KINETIC)],
)
def test_other_problems_stay_explicit_and_kinetic_models_begin_implicitly(
    problem: str, method: str
) -> None:
    chosen, backend = case(problem), get_backend("torch")
    results = []
    for name in ("auto", method):
        with backend.open(chosen.problem, SolverSpec(name, rtol=1e-7), device="cpu") as session:
            results.append((*session.loss_and_grad(chosen.theta), session.notes))
    np.testing.assert_array_equal(results[0][0].total, results[1][0].total)
    np.testing.assert_array_equal(results[0][1], results[1][1])
    assert results[0][2] == ()
