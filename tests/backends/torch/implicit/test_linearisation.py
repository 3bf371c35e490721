"""Jacobians of fields and the derivatives of their products: written out against forward mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from pyscimlode.backends.torch.activations import ACTIVATIONS
from pyscimlode.backends.torch.arrays import choose_arrays
from pyscimlode.backends.torch.fields import build_field
from pyscimlode.backends.torch.implicit.jacobians import FieldLinearisation, build_linearisation
from pyscimlode.backends.torch.implicit.mlp_linearisation import (
    SECOND_DERIVATIVES,
    MLPLinearisation,
)
from pyscimlode.backends.torch.kernels import build_kernel
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from tests.backends.problems import initial_theta, small_problem
from tests.models.hybrids import hybrids


class Setting:
    """Two linearisations of one field, and random arguments for both."""

    def __init__(self, model: Any, members: int, library: str = "auto") -> None:
        problem = small_problem(model, members=members)
        self.theta = initial_theta(problem, scale=2.0)
        self.arrays = choose_arrays(torch.device("cpu"), torch.float64, library)
        scaling = scaling_tensors(problem)
        self.kernel = build_kernel(scaling, self.arrays)
        self.kernel.bind(self.arrays.array(self.theta))
        self.chosen = build_linearisation(scaling, self.kernel, self.arrays)
        self.chosen.bind(self.arrays.array(self.theta))
        self.generic = FieldLinearisation(build_field(scaling), self.arrays, members)
        self.generic.bind(self.arrays.array(self.theta))
        rows = (7,) if members == 1 else (members, 7)
        self.states, controls, stages = problem.n_states, problem.n_controls, 5
        self.y, self.u = self.random(self.states, *rows), self.random(controls, *rows)
        self.drift = self.random(controls, *rows)
        self.directions = self.random(stages, self.states, *rows), self.random(stages, 1, *rows)
        self.cotangents = self.random(stages, self.states, *rows)
        self.tape = self.kernel.tape(2, rows)
        self.value(self.y, self.u)

    def random(self, *shape: int) -> Any:
        return self.arrays.array(np.random.default_rng(len(shape)).normal(size=shape))

    def value(self, y: Any, u: Any) -> Any:
        out = self.arrays.empty(self.y.shape)
        self.tape.state[1][...] = y.reshape(-1)
        self.tape.inputs[1][...] = u
        self.kernel.forward(self.tape, 1, out)
        return out

    def curvature(self, linearisation: Any, drift: Any) -> tuple[Any, Any]:
        gradient = self.arrays.array(np.zeros(self.theta.shape))
        back = linearisation.curvature(
            self.y, self.u, drift, self.directions, self.cotangents, gradient
        )
        return back, gradient


def test_every_activation_has_a_second_derivative() -> None:
    assert set(SECOND_DERIVATIVES) == set(ACTIVATIONS)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("activation", sorted(SECOND_DERIVATIVES))
@pytest.mark.parametrize("model", [NeuralODE, ProductionDegradation])
@pytest.mark.parametrize(("features", "library"), [("log", "auto"), ("linear", "torch")])
def test_networks(model: Any, features: str, library: str, activation: str, members: int) -> None:
    network = model(widths=(6, 5), features=features, activation=activation)
    setting = Setting(network, members, library)
    assert isinstance(setting.chosen, MLPLinearisation)
    for drift in (setting.drift, None):
        found = setting.chosen.jacobian(setting.tape, 1, drift)
        expected = setting.generic.jacobian(setting.tape, 1, drift)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-11)
        assert (found[1] is None) == (drift is None)
        if drift is not None:
            np.testing.assert_allclose(found[1], expected[1], rtol=1e-9, atol=1e-11)
        pair = zip(
            setting.curvature(setting.chosen, drift),
            setting.curvature(setting.generic, drift),
            strict=True,
        )
        for ours, theirs in pair:
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("members", [1, 2])
def test_forward_mode_of_a_pathway_against_differences(members: int) -> None:
    setting = Setting(hybrids()["branched"], members)
    setting.y, setting.u = abs(setting.y) + 0.2, abs(setting.u)
    setting.value(setting.y, setting.u)
    by_state, by_time = setting.chosen.jacobian(setting.tape, 1, setting.drift)
    step = 1e-6
    for column in range(setting.states):
        move = np.zeros_like(setting.y)
        move[column] = step
        after, before = (setting.value(setting.y + k * move, setting.u) for k in (1, -1))
        expected = (after - before) / (2.0 * step)
        np.testing.assert_allclose(by_state[:, column], expected, rtol=1e-6, atol=1e-7)
    move = step * setting.drift
    after, before = (setting.value(setting.y, setting.u + k * move) for k in (1, -1))
    np.testing.assert_allclose(by_time, (after - before) / (2.0 * step), rtol=1e-6, atol=1e-7)
