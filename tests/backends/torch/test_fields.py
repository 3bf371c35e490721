from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from pyscimlode.backends.torch.arrays import NumpyArrays, TorchArrays
from pyscimlode.backends.torch.autograd_kernel import AutogradKernel
from pyscimlode.backends.torch.fields import build_field
from pyscimlode.backends.torch.inputs import ControlInputs, transform_controls
from pyscimlode.backends.torch.kernels import Kernel
from pyscimlode.backends.torch.mlp_kernel import MLPKernel
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.errors import ModelError
from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.scaling import member
from tests.backends.problems import controls_at, initial_theta, small_problem

MODELS: list[Model] = [
    NeuralODE(widths=(6, 5)),
    NeuralODE(widths=(5,), activation="softplus", features="linear"),
    ProductionDegradation(widths=(6, 5, 4), activation="silu"),
    ProductionDegradation(widths=(4,), activation="gelu", features="linear"),
    NeuralODE(widths=(5, 3), activation="elu"),
    ProductionDegradation(widths=(5, 4), activation="softsign"),
    ProductionDegradation(widths=(6, 5), activation="adaptive-tanh"),
    NeuralODE(widths=(4,), activation="adaptive-tanh", features="linear"),
]
IDS = [
    *("node-tanh-log", "node-softplus", "pd-silu-log", "pd-gelu"),
    *("node-elu-log", "pd-softsign", "pd-adaptive-tanh", "node-adaptive-tanh"),
]


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_field_is_the_models_own(model: Model) -> None:
    problem = small_problem(model, members=3)
    theta = initial_theta(problem)
    scaling = scaling_tensors(problem)
    field = build_field(scaling)
    rng = np.random.default_rng(5)
    z = rng.normal(size=(7, 4)) * 5.0
    p = rng.uniform(0.1, 4.0, (7, 2))
    u = transform_controls(scaling, torch.tensor(p))
    y = torch.tensor(z) / scaling.state_scale[:, None, :]
    value = field(field.unpack(torch.tensor(theta)), y, u)
    scale = scaling.state_scale[:, None, :] / scaling.time_scale[:, None, None]
    for index in range(3):
        expected = model.field(theta[index], z, p, member(problem.scaling, index))
        np.testing.assert_allclose((value * scale)[index], expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("interpolation", ["linear", "step"])
def test_inputs_are_interpolated_in_measured_units_then_transformed(interpolation: str) -> None:
    problem = small_problem(members=2, interpolation=interpolation)  # type: ignore[arg-type]
    scaling = scaling_tensors(problem)
    experiments = np.array([[0, 2], [1, 2]])
    inputs = ControlInputs.for_rows(problem, scaling, experiments)
    assert inputs.continuous == (interpolation == "linear")
    for t in (0.0, 0.7, 3.1, float(problem.knot_times[0, 2]), 9.9, 25.0):
        u = inputs.at(t).numpy()
        for index in range(2):
            for row, experiment in enumerate(experiments[index]):
                p = controls_at(problem, experiment, t)
                expected = member(problem.scaling, index).transform_controls(p[None])[0]
                np.testing.assert_allclose(u[index, row], expected, rtol=1e-12, atol=1e-14)


def _through(kernel: Kernel, data: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    """Field values, state cotangents and parameter gradient of three slots."""
    arrays = kernel.arrays  # type: ignore[attr-defined]
    slots, _, *rows = data["y"].shape
    kernel.bind(arrays.array(data["theta"]))
    tape = kernel.tape(slots, tuple(rows))
    tape.inputs[...] = arrays.array(data["u"])
    values, pulled = arrays.empty(data["y"].shape), arrays.empty(data["y"].shape)
    for slot in range(slots):
        tape.state[slot][...] = arrays.array(data["y"][slot].reshape(-1))
        kernel.forward(tape, slot, values[slot])
    kernel.linearise(tape)
    for slot in reversed(range(slots)):
        tape.cotangent[slot][...] = arrays.array(data["cotangent"][slot])
        kernel.backward(tape, slot, pulled[slot])
    gradient = arrays.array(np.zeros(data["theta"].shape))
    kernel.add_gradient(tape, gradient)
    return arrays.numpy(values), arrays.numpy(pulled), arrays.numpy(gradient)


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_written_out_derivatives_equal_automatic_ones(
    model: Model, library: str, members: int, rows: int
) -> None:
    problem = small_problem(model, members=members)
    scaling = scaling_tensors(problem)
    arrays = (
        NumpyArrays(torch.float64)
        if library == "numpy"
        else TorchArrays(torch.device("cpu"), torch.float64)
    )
    rng = np.random.default_rng(2)
    shape = (rows,) if members == 1 else (members, rows)
    data = {
        "theta": initial_theta(problem),
        "y": rng.normal(size=(3, 4, *shape)),
        "u": rng.normal(size=(3, 2, *shape)),
        "cotangent": rng.normal(size=(3, 4, *shape)),
    }
    ours = _through(MLPKernel(scaling, arrays), data)
    generic = _through(AutogradKernel(scaling, arrays), data)
    for a, b in zip(ours, generic, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-12)


def test_unknown_kind_of_model_says_which_there_are() -> None:
    @dataclass(frozen=True)
    class Odd(NeuralODE):
        kind = "neural_odd"

    problem = small_problem(Odd(widths=(3,)))
    with pytest.raises(
        ModelError, match=r"'neural_odd'; it has hybrid_ode.*Did you mean 'neural_ode'"
    ):
        build_field(scaling_tensors(problem))
