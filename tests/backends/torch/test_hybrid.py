from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch.arrays import NumpyArrays, TorchArrays
from pyscimlode.backends.torch.autograd_kernel import AutogradKernel
from pyscimlode.backends.torch.hybrid_kernel import HybridKernel
from pyscimlode.backends.torch.kernels import build_kernel
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.models.scaling import Scaling, member
from pyscimlode.problem import Problem
from tests.backends.problems import initial_theta, small_problem
from tests.models.hybrids import hybrids

NAMES = list(hybrids())


def hybrid_problem(
    name: str, *, members: int = 3, transform: Any = "log", **options: Any
) -> Problem:
    problem = small_problem(hybrids()[name], members=members, **options)
    largest = np.random.default_rng(3).uniform(1.0, 4.0, (members, problem.n_controls))
    scaling = replace(problem.scaling, control_transform=transform, control_max=largest)
    return replace(problem, scaling=scaling)


@pytest.mark.parametrize("transform", ["log", "linear", "none"])
@pytest.mark.parametrize("name", NAMES)
def test_field_is_the_models_own(name: str, transform: str) -> None:
    problem = hybrid_problem(name, transform=transform)
    theta = initial_theta(problem, scale=2.0)
    rng = np.random.default_rng(5)
    z, p = rng.normal(1.0, 3.0, (40, 4)), rng.uniform(0.0, 20.0, (40, 2))
    p[:2] = 0.0
    with get_backend("torch").open(problem, SolverSpec(), device="cpu", dtype="float64") as session:
        value = session.field(theta, z, p)
    for index in range(3):
        expected = problem.model.field(theta[index], z, p, member(problem.scaling, index))
        np.testing.assert_allclose(value[index], expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_kernel_has_the_derivatives_of_the_field(name: str, members: int, library: str) -> None:
    problem = hybrid_problem(name, members=members)
    scaling = scaling_tensors(problem)
    precision = torch.float64
    arrays: Any = (
        NumpyArrays(precision)
        if library == "numpy"
        else TorchArrays(torch.device("cpu"), precision)
    )
    theta = initial_theta(problem, scale=2.0)
    own = build_kernel(scaling, arrays)
    assert isinstance(own, HybridKernel)
    rng = np.random.default_rng(9)
    rows = (5,) if members == 1 else (members, 5)
    states = rng.uniform(-0.1, 1.5, (3, 4, *rows))
    inputs, cotangents = rng.normal(size=(3, 2, *rows)), rng.normal(size=(3, 4, *rows))
    states[0, :, ..., 0] = 0.0
    results = []
    for kernel in (own, AutogradKernel(scaling, arrays)):
        kernel.bind(arrays.array(theta))
        tape: Any = kernel.tape(4, rows)
        tape.used = 3
        values, back = [], []
        for slot in range(3):
            tape.state[slot][...] = arrays.array(states[slot].ravel())
            tape.inputs[slot][...] = arrays.array(inputs[slot])
            out = arrays.empty((4, *rows))
            kernel.forward(tape, slot, out)
            values.append(arrays.numpy(out).copy())
        kernel.linearise(tape)
        for slot in range(3):
            tape.cotangent[slot][...] = arrays.array(cotangents[slot])
            out = arrays.empty((4, *rows))
            kernel.backward(tape, slot, out)
            back.append(arrays.numpy(out).copy())
        gradient = arrays.array(np.ones_like(theta))
        kernel.add_gradient(tape, gradient)
        results.append((np.stack(values), np.stack(back), arrays.numpy(gradient).copy()))
    positive = states > 0.0
    for got, expected in zip(results[0], results[1], strict=True):
        if got.shape == states.shape and got is results[0][1]:
            got, expected = got[positive], expected[positive]
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("name", NAMES)
def test_gradient_of_the_loss_by_central_differences(name: str) -> None:
    problem = hybrid_problem(name, members=2)
    theta = initial_theta(problem)
    solver = SolverSpec(rtol=1e-9, atol=1e-10)
    backend = get_backend("torch")
    with backend.open(problem, solver, device="cpu", dtype="float64") as session:
        gradient = session.loss_and_grad(theta)[1]
        rng = np.random.default_rng(0)
        direction = rng.normal(size=theta.shape)
        step = 1e-5
        above = session.loss(theta + step * direction).total
        below = session.loss(theta - step * direction).total
    slope = (gradient * direction).sum(axis=1)
    np.testing.assert_allclose((above - below) / (2 * step), slope, rtol=2e-5, atol=1e-8)


def test_trajectories_start_and_stay_non_negative() -> None:
    problem = hybrid_problem("branched", members=2)
    initial = problem.initial.copy()
    initial[:, [0, 3]] = 0.0
    problem = replace(problem, initial=initial)
    theta = initial_theta(problem, scale=3.0)
    times = np.tile(np.linspace(0.0, 10.0, 30), (3, 1))
    solver = SolverSpec(rtol=1e-8, atol=1e-10)
    with get_backend("torch").open(problem, solver, device="cpu", dtype="float64") as session:
        z = session.solve(theta, times=times).z
    scale = problem.scaling.state_scale[:, None, None, :]
    assert np.isfinite(z).all()
    assert (z / scale).min() > -1e-8


def test_float32_and_clearing_of_what_overflowed() -> None:
    problem = hybrid_problem("branched", members=1)
    scaling = scaling_tensors(problem, dtype=torch.float32)
    arrays = NumpyArrays(torch.float32)
    kernel = HybridKernel(scaling, arrays)
    kernel.bind(arrays.array(initial_theta(problem)))
    tape = kernel.tape(1, (2,))
    for block in (*tape.arrays, tape.inputs):
        block[...] = 0.5
    tape.filled[:, -1] = 1.0
    tape.state[0][...] = np.float32(np.inf)
    out = arrays.empty((4, 2))
    with np.errstate(all="ignore"):
        kernel.forward(tape, 0, out)
    kernel.clear_non_finite(tape)
    assert all(np.isfinite(block).all() for block in tape.arrays)
    kernel.linearise(tape)
    tape.cotangent[0][...] = 0.0
    kernel.backward(tape, 0, out)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, 0.0)


def test_scaling_may_lack_largest_controls() -> None:
    scaling = Scaling(np.ones((2, 4)), np.zeros((2, 2)), np.ones((2, 2)), np.ones(2))
    np.testing.assert_array_equal(member(scaling, 1).control_max, [1.0, 1.0])


def test_the_reference_path_agrees() -> None:
    problem = hybrid_problem("branched", members=2)
    theta = initial_theta(problem)
    totals, gradients = [], []
    for method in ("dopri5", "torchdiffeq:dopri5"):
        solver = SolverSpec(method, rtol=1e-9, atol=1e-10)
        with get_backend("torch").open(problem, solver, device="cpu", dtype="float64") as session:
            parts, gradient = session.loss_and_grad(theta)
        totals.append(parts.total)
        gradients.append(gradient)
    np.testing.assert_allclose(totals[0], totals[1], rtol=1e-7)
    np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-5, atol=1e-8)
