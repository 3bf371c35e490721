from __future__ import annotations

import numpy as np
import pytest
import torch

from pyscimlode.data.pathway import EnzymeCourses, parameter_set
from pyscimlode.data.simulate import trajectory
from pyscimlode.data.stiff_problems import STIFF_PROBLEMS, stiff_problem, stiffness
from pyscimlode.errors import DataError

NAMES = tuple(STIFF_PROBLEMS)


def states_on_the_way(name: str) -> tuple[np.ndarray, np.ndarray]:
    problem = stiff_problem(name)
    return problem.times[1:], problem.reference(1e-8)[1:]


@pytest.mark.parametrize("name", ["robertson", "van-der-pol", "hires"])
def test_end_values_are_the_published_ones(name: str) -> None:
    problem = stiff_problem(name)
    for time, published in problem.published:
        assert np.allclose(problem.end(time, 1e-11), published, rtol=1e-9, atol=0.0)


def test_robertson_at_40() -> None:
    """Hindmarsh's value, as in the user guides of LSODE and CVODE (seven digits)."""
    found = stiff_problem("robertson").end(40.0, 1e-11)
    assert np.allclose(found, [7.158271e-01, 9.185535e-06, 2.841637e-01], rtol=2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_the_jacobian_is_the_derivative_of_the_field(name: str) -> None:
    problem = stiff_problem(name)
    for t, y in zip(*states_on_the_way(name), strict=True):
        found = problem.jacobian(float(t), y)
        exact = torch.autograd.functional.jacobian(
            lambda z, t=float(t): torch.stack(problem.derivatives(t, z.unbind(-1))),
            torch.tensor(y),
        ).numpy()
        assert np.allclose(found, exact, rtol=1e-9, atol=1e-12 * np.abs(exact).max())


@pytest.mark.parametrize("name", NAMES)
def test_one_definition_for_numpy_and_batches_of_torch(name: str) -> None:
    problem = stiff_problem(name)
    times, values = states_on_the_way(name)
    batch = torch.tensor(values).unbind(-1)
    found = torch.stack(problem.derivatives(torch.tensor(times), batch), -1).numpy()
    rows = [problem.rhs(t, y) for t, y in zip(times.tolist(), values, strict=True)]
    assert np.allclose(found, rows, rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("name", ["live-stiff", "published-stiff"])
def test_the_pathway_problems_are_the_simulated_strain(name: str) -> None:
    problem = stiff_problem(name)
    courses = EnzymeCourses.draw(1, np.random.default_rng(7))
    simulated = trajectory(parameter_set(name), courses, 0, problem.times)
    scale = np.abs(simulated).max(axis=0)
    assert np.abs((problem.reference(1e-10) - simulated) / scale).max() < 1e-7


def test_how_stiff_they_are() -> None:
    """Largest real part of an eigenvalue, times the length of the problem."""
    found = {}
    for name in NAMES:
        problem = stiff_problem(name)
        values = problem.reference(1e-8)
        found[name] = stiffness(problem, values).max() * problem.times[-1]
    assert found["hires"] > 1e4
    assert found["live-stiff"] > 1e3
    assert min(found[n] for n in ("robertson", "van-der-pol", "published-stiff")) > 1e6


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(DataError, match=r"no stiff problem 'hire'; there are robertson, .*hires"):
        stiff_problem("hire")
