"""The kernel of kinetic pathways against automatic differentiation of their torch field."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pyscimlode.backends.torch.arrays import NumpyArrays, TorchArrays
from pyscimlode.backends.torch.autograd_kernel import AutogradKernel
from pyscimlode.backends.torch.implicit.jacobians import FieldLinearisation, build_linearisation
from pyscimlode.backends.torch.kernels import build_kernel
from pyscimlode.backends.torch.kinetic_kernel import KineticKernel, KineticLinearisation
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.kinetics import (
    Compartment,
    KineticModel,
    KineticNetwork,
    KineticSpecies,
    SteadyState,
    reaction,
)
from pyscimlode.problem import Member, Problem, build_problem
from tests.models.kinetic.ramps import enzyme_ramps


def toy(members: int) -> Problem:
    data, model = enzyme_ramps()
    return build_problem(data, model.hybrid(), [Member(data.names, i) for i in range(members)])


def awkward(members: int) -> Problem:
    """Broken and negative powers, in the kinetics of two strains of another data set."""
    modifiers = [("H", -1.5, "first_order"), ("G", -2.0, "displacement")]
    network = KineticNetwork(
        "awkward",
        (Compartment("c", 2.0),),
        tuple(KineticSpecies(name, "c") for name in "ABGH"),
        (
            reaction("R1", "convenience", "2 A <-> B", modifiers),
            reaction("R2", "uni_bi", "B <-> A + G"),
            reaction("R3", "bi_uni", "A + H <-> B"),
            reaction("R4", "mass_action", "A <-> G"),
        ),
    )
    state = SteadyState(np.ones(4), np.ones(4), np.full(4, 2.0))
    model = KineticModel(network, state, np.linspace(-1, 1, 8), np.linspace(0, 1, 4))
    data, _ = enzyme_ramps()
    shorter = data.select(data.names)
    renamed = [
        type(e)(
            e.name,
            e.times,
            np.where(np.isnan(e.states[:, :4]), np.nan, e.states[:, :4]),
            e.controls,
        )
        for e in shorter
    ]
    from pyscimlode.data.dataset import Dataset

    strains = Dataset(tuple(renamed), tuple("ABGH"), ("R1", "R4", "R6"))
    return build_problem(strains, model.hybrid(), [Member(strains.names)] * members)


@pytest.mark.parametrize("make", [toy, awkward])
@pytest.mark.parametrize("members", [1, 2])
def test_every_derivative(make, members: int) -> None:  # type: ignore[no-untyped-def]
    problem = make(members)
    scaling, arrays = scaling_tensors(problem), NumpyArrays(torch.float64)
    fast, slow = build_kernel(scaling, arrays), AutogradKernel(scaling, arrays)
    assert isinstance(fast, KineticKernel)
    linearised = build_linearisation(scaling, fast, arrays)
    assert isinstance(linearised, KineticLinearisation)
    rng = np.random.default_rng(members)
    rows = (4,) if members == 1 else (members, 4)
    theta = rng.normal(0.0, 0.3, (members, problem.layout.size))
    y = rng.uniform(0.1, 1.2, (problem.n_states, *rows))
    u = rng.uniform(0.3, 2.0, (problem.n_controls, *rows))
    drift, cotangent = rng.normal(size=u.shape), rng.normal(size=y.shape)
    directions = rng.normal(size=(3, *y.shape)), rng.normal(size=(3, 1, *rows))
    cotangents = rng.normal(size=(3, *y.shape))
    answers = []
    for kernel, derivatives in (
        (fast, linearised),
        (slow, FieldLinearisation(slow.field, arrays, members)),
    ):
        kernel.bind(theta)
        derivatives.bind(theta)
        tape = kernel.tape(1, rows)
        tape.state[0][...] = y.reshape(-1)
        tape.inputs[0][...] = u
        tape.used = 1
        value, pulled = np.empty_like(y), np.empty_like(y)
        kernel.forward(tape, 0, value)
        by_state, by_time = derivatives.jacobian(tape, 0, drift)
        kernel.linearise(tape)
        tape.cotangent[0][...] = cotangent
        kernel.backward(tape, 0, pulled)
        gradient, second = np.zeros_like(theta), np.zeros_like(theta)
        kernel.add_gradient(tape, gradient)
        bend = derivatives.curvature(y, u, drift, directions, cotangents, second)
        answers.append((value, by_state, by_time, pulled, gradient, bend, second))
    for found, expected in zip(*answers, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_states_below_zero_and_at_zero_stay_finite() -> None:
    problem = awkward(1)
    scaling, arrays = scaling_tensors(problem), NumpyArrays(torch.float64)
    values = []
    for kernel in (build_kernel(scaling, arrays), AutogradKernel(scaling, arrays)):
        kernel.bind(np.zeros((1, problem.layout.size)))
        tape = kernel.tape(1, (2,))
        tape.state[0][...] = np.array([[-0.1, 0.5], [0.4, 0.0], [0.3, 0.5], [-0.2, 0.6]]).ravel()
        tape.inputs[0][...] = 1.0
        out = np.empty((4, 2))
        kernel.forward(tape, 0, out)
        values.append(out)
    assert np.isfinite(values[0]).all()
    np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


def test_tensors_take_the_differentiable_field() -> None:
    arrays = TorchArrays(torch.device("cpu"), torch.float64)
    assert isinstance(build_kernel(scaling_tensors(toy(1)), arrays), AutogradKernel)
