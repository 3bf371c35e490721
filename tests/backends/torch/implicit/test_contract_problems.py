"""Both implicit methods on the problems that every engine must solve like the reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.agreement.levels import compare_trajectories
from pyscimlode.backends.registry import get_backend
from tests.backends.contract_problems import MAKERS, TIGHT, case, judged

PATHWAYS = [name for name in MAKERS if name.endswith("pathway")]
METHODS = ("rosenbrock", "esdirk")
PAIRS = [
    pytest.param(method, name, marks=[pytest.mark.slow] if name in PATHWAYS else [])
    for method in METHODS
    for name in MAKERS
]


@pytest.mark.parametrize(("method", "problem"), PAIRS)
def test_like_the_reference(method: str, problem: str) -> None:
    chosen = case(problem)
    path, parts, slope = judged(problem)
    backend, solver = get_backend("torch"), replace(TIGHT, method=method)
    with backend.open(chosen.problem, solver, device="cpu", dtype="float64") as session:
        found = session.solve(chosen.theta)
        loss, gradient = session.loss_and_grad(chosen.theta)
    assert (found.status == 0).all()
    assert compare_trajectories(chosen.problem, found, path, 1e-7)[0] <= 1e-7
    np.testing.assert_allclose(loss.data, parts.data, rtol=1e-8)
    np.testing.assert_allclose(loss.pir, parts.pir, rtol=1e-8, atol=1e-12)
    error = np.linalg.norm(gradient - slope, axis=1) / np.linalg.norm(slope, axis=1)
    assert error.max() <= 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_pathways_like_the_explicit_method(method: str) -> None:
    chosen, backend = case("branched-pathway"), get_backend("torch")
    results = []
    for name in ("tsit5", method):
        solver = replace(TIGHT, method=name, rtol=1e-6, atol=1e-8)
        with backend.open(chosen.problem, solver, device="cpu", dtype="float64") as session:
            results.append(session.loss_and_grad(chosen.theta))
    (expected, slope), (found, gradient) = results
    np.testing.assert_allclose(found.total, expected.total, rtol=1e-5)
    assert np.linalg.norm(gradient - slope) <= 1e-4 * np.linalg.norm(slope)


@pytest.mark.parametrize("method", METHODS)
def test_tensors_take_the_same_way_as_arrays(method: str) -> None:
    chosen, backend = case("measured-inputs"), get_backend("torch")
    results = []
    for library in ("auto", "torch"):
        options = {"library": library}
        with backend.open(
            chosen.problem, replace(TIGHT, method=method, rtol=1e-6), device="cpu", options=options
        ) as session:
            path, pair = session.solve(chosen.theta), session.loss_and_grad(chosen.theta)
        results.append((path.z, pair[0].total, pair[1]))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_single_precision(method: str) -> None:
    chosen, backend = case("production-degradation"), get_backend("torch")
    solver = replace(TIGHT, method=method, rtol=1e-5, atol=1e-6)
    results = []
    for dtype in ("float64", "float32"):
        with backend.open(chosen.problem, solver, device="cpu", dtype=dtype) as session:
            results.append(session.loss_and_grad(chosen.theta))
    (exact, slope), (single, rounded) = results
    np.testing.assert_allclose(single.total, exact.total, rtol=1e-4)
    assert np.linalg.norm(rounded - slope) <= 1e-3 * np.linalg.norm(slope)


@pytest.mark.parametrize("method", METHODS)
def test_few_steps_where_explicit_methods_need_many(method: str) -> None:
    chosen, backend = case("stiff"), get_backend("torch")
    evaluations = {}
    for name in ("tsit5", method):
        with backend.open(
            chosen.problem, replace(TIGHT, method=name, rtol=1e-5, atol=1e-6), device="cpu"
        ) as session:
            evaluations[name] = int(session.solve(chosen.theta).nfev.max())
    assert evaluations[method] < 0.2 * evaluations["tsit5"]


@pytest.mark.parametrize("method", METHODS)
def test_a_step_limit_is_a_status(method: str) -> None:
    chosen, backend = case("measured-inputs"), get_backend("torch")
    solver = replace(TIGHT, method=method, max_steps=3)
    with backend.open(chosen.problem, solver, device="cpu") as session:
        path = session.solve(chosen.theta)
        parts, gradient = session.loss_and_grad(chosen.theta)
    assert (path.status == 1).all()
    assert np.isfinite(path.failed_at).all()
    assert np.isnan(path.z[:, :, -1]).all()
    assert parts.failed.all()
    np.testing.assert_array_equal(gradient, 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_infinite_parameters_fail_as_a_value(method: str) -> None:
    chosen, backend = case("measured-inputs"), get_backend("torch")
    theta = chosen.theta.copy()
    theta[0, 0] = np.inf
    with backend.open(chosen.problem, replace(TIGHT, method=method, rtol=1e-6)) as session:
        parts, gradient = session.loss_and_grad(theta)
        alone, slope = session.loss_and_grad(theta[[1]], members=[1])
    assert parts.failed.tolist() == [True, False]
    assert parts.status.max() == 3
    np.testing.assert_array_equal(gradient[0], 0.0)
    np.testing.assert_allclose(gradient[1], slope[0], rtol=1e-9)
    assert parts.total[1] == pytest.approx(alone.total[0], rel=1e-12)
