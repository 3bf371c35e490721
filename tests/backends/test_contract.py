"""What every engine answers alike. A further engine only registers itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyscimlode.agreement.levels import compare_fields, compare_trajectories, field_points
from pyscimlode.backends.base import Session
from pyscimlode.backends.registry import backend_names, get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.errors import ExperimentError, ModelError, SolverError, TimeError
from pyscimlode.models.scaling import member
from tests.backends.contract_problems import MAKERS, TIGHT, Case, case, judged

ENGINES = [
    pytest.param(name, marks=[pytest.mark.julia] if name == "julia" else [])
    for name in backend_names()
]
PROBLEMS = tuple(MAKERS)

OTHERWISE = {"reference": ("dopri8", "bdf")}
"""An engine that judges is held to itself with other methods: explicit, and for stiff problems."""


def open_session(engine: str, chosen: Case) -> Session:
    backend = get_backend(engine)
    capabilities = backend.capabilities()
    if not capabilities.available:
        pytest.skip(capabilities.reason)
    explicit, implicit = OTHERWISE.get(engine, ("auto", "auto"))
    solver = replace(TIGHT, method=implicit if chosen.stiff else explicit)
    return backend.open(chosen.problem, solver, device="cpu", dtype="float64")


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("engine", ENGINES)
def test_field(engine: str, problem: str) -> None:
    chosen = case(problem)
    at = field_points(chosen.problem)
    with open_session(engine, chosen) as session:
        found = session.field(chosen.theta, at.z, at.p)
    expected = np.stack(
        [
            chosen.problem.model.field(theta, at.z, at.p, member(chosen.problem.scaling, m))
            for m, theta in enumerate(chosen.theta)
        ]
    )
    assert compare_fields(chosen.problem, found, expected, at)[0] <= 1e-12


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("engine", ENGINES)
def test_trajectory(engine: str, problem: str) -> None:
    chosen = case(problem)
    with open_session(engine, chosen) as session:
        found = session.solve(chosen.theta)
    assert (found.status == Status.SUCCESS).all()
    assert np.isnan(found.failed_at).all()
    assert (found.nfev > 0).all()
    assert compare_trajectories(chosen.problem, found, judged(problem)[0], 1e-7)[0] <= 1e-7


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("engine", ENGINES)
def test_loss_and_gradient(engine: str, problem: str) -> None:
    chosen = case(problem)
    _, expected, slope = judged(problem)
    with open_session(engine, chosen) as session:
        parts, gradient = session.loss_and_grad(chosen.theta)
        alone = session.loss(chosen.theta)
    np.testing.assert_allclose(parts.data, expected.data, rtol=1e-8)
    np.testing.assert_allclose(parts.pir, expected.pir, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(parts.total, parts.data + parts.pir, rtol=1e-14)
    np.testing.assert_allclose(alone.total, parts.total, rtol=1e-12)
    error = np.linalg.norm(gradient - slope, axis=1) / np.linalg.norm(slope, axis=1)
    assert error.max() <= 1e-6
    assert not parts.failed.any()


@pytest.mark.parametrize("engine", ENGINES)
def test_members_and_experiments_can_be_chosen(engine: str) -> None:
    chosen = case("measured-inputs")
    theta = chosen.theta
    with open_session(engine, chosen) as session:
        parts, gradient = session.loss_and_grad(theta)
        second, slope = session.loss_and_grad(theta[[1]], members=[1])
        pieces = [session.loss(theta, experiments=[e]).total for e in range(3)]
        path = session.solve(theta, experiments=[2, 0])
        whole = session.solve(theta)
    assert second.total[0] == pytest.approx(parts.total[1], rel=1e-9)
    np.testing.assert_allclose(slope[0], gradient[1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(np.sum(pieces, axis=0), parts.total, rtol=1e-9)
    np.testing.assert_allclose(path.z, whole.z[:, [2, 0]], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_any_output_times(engine: str) -> None:
    chosen = case("production-degradation")
    start = chosen.problem.times[0, 0]
    with open_session(engine, chosen) as session:
        own = session.solve(chosen.theta, experiments=[0])
        asked = session.solve(chosen.theta, experiments=[0], times=own.times[0][::-1][:2][::-1])
        later = session.solve(chosen.theta, times=np.array([start, 30.0]))
        with pytest.raises(TimeError, match=r"start"):
            session.solve(chosen.theta, times=np.array([start - 1.0, 3.0]))
    np.testing.assert_allclose(asked.z[0, 0], own.z[0, 0, -2:], rtol=1e-7, atol=1e-9)
    assert later.z.shape[2] == 2
    np.testing.assert_allclose(later.z[0, :, 0], chosen.problem.initial)
    assert np.isfinite(later.z).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_vector_jacobian_product_of_the_field(engine: str) -> None:
    chosen = case("branched-pathway")
    at = field_points(chosen.problem)
    random = np.random.default_rng(0)
    step = 1e-4 * random.normal(size=chosen.theta.shape)
    with open_session(engine, chosen) as session:
        value = session.field(chosen.theta, at.z, at.p)
        weights = random.normal(size=value.shape)
        slope = session.field_vjp(chosen.theta, at.z, at.p, weights)
        after, before = (session.field(chosen.theta + k * step, at.z, at.p) for k in (1, -1))
    expected = 0.5 * (weights * (after - before)).sum(axis=(1, 2))
    np.testing.assert_allclose((slope * step).sum(axis=1), expected, rtol=1e-5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_failure_is_a_value(engine: str) -> None:
    chosen = case("measured-inputs")
    backend = get_backend(engine)
    solver = SolverSpec(OTHERWISE.get(engine, ("auto",))[0], rtol=1e-10, max_steps=1)
    theta = 30.0 * chosen.theta
    with backend.open(chosen.problem, solver, device="cpu", dtype="float64") as session:
        path = session.solve(theta)
        parts, gradient = session.loss_and_grad(theta)
    failed = path.status != Status.SUCCESS
    assert failed.any()
    assert np.isnan(path.z[failed][:, -1]).all()
    assert np.isfinite(path.failed_at[failed]).all()
    assert parts.failed.any()
    assert np.isfinite(parts.total).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda s, t: s.loss(t[:, :-1]), ModelError, r"size|parameters"),
        (lambda s, t: s.loss(t, experiments=[7]), ExperimentError, r"experiments \[7\]"),
        (lambda s, t: s.loss(t, members=[2]), ExperimentError, r"members \[2\]"),
    ],
)
def test_wrong_arguments(engine: str, wrong: Any, error: type[Exception], text: str) -> None:
    chosen = case("measured-inputs")
    with open_session(engine, chosen) as session, pytest.raises(error, match=text):
        wrong(session, chosen.theta)


@pytest.mark.parametrize("engine", ENGINES)
def test_unknown_solvers_are_refused(engine: str) -> None:
    chosen = case("raw-units")
    with pytest.raises(SolverError, match=r"'nowhere:Euler' is not one of"):
        get_backend(engine).open(chosen.problem, SolverSpec("nowhere:Euler"))
