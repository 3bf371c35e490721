from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.models import NeuralODE
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import identity_scaling
from pyscimlode.objectives.lipschitz import SpectralPenalty, lipschitz_bound

SHAPES = [("rate", (2,)), ("net.0.weight", (3, 5)), ("net.0.bias", (3,))]
LAYERS = [("net.1.weight", (4, 3)), ("net.1.bias", (4,))]
PLAIN = ParameterLayout.of([*SHAPES, *LAYERS])
ADAPTIVE = ParameterLayout.of([*SHAPES, ("net.0.slope", (1,)), *LAYERS])
LAYOUTS = pytest.mark.parametrize("layout", [PLAIN, ADAPTIVE], ids=["plain", "adaptive"])


def some_theta(layout: ParameterLayout, members: int = 3) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(members, layout.size))


@LAYOUTS
def test_value_is_half_the_sum_of_squared_norms(layout: ParameterLayout) -> None:
    theta = some_theta(layout)
    expected = []
    for row in theta:
        parts = layout.unpack(row)
        slope = float(parts["net.0.slope"][0]) if layout is ADAPTIVE else 1.0
        first = slope * np.linalg.norm(parts["net.0.weight"], 2)
        second = np.linalg.norm(parts["net.1.weight"], 2)
        expected.append(0.5 * (first**2 + second**2))
    np.testing.assert_allclose(SpectralPenalty(layout).value(theta), expected, rtol=1e-12)


@LAYOUTS
def test_gradient_is_the_derivative(layout: ParameterLayout) -> None:
    penalty, theta, step = SpectralPenalty(layout), some_theta(layout), 1e-6
    value, gradient = penalty.value_and_gradient(theta)
    np.testing.assert_allclose(value, penalty.value(theta), rtol=1e-14)
    moves = step * np.eye(layout.size)
    expected = [(penalty.value(theta + m) - penalty.value(theta - m)) / (2 * step) for m in moves]
    np.testing.assert_allclose(gradient, np.transpose(expected), rtol=1e-7, atol=1e-8)


def test_gradient_of_a_matrix_of_rank_one_is_the_matrix() -> None:
    layout = ParameterLayout.of([("net.0.weight", (2, 3))])
    matrix = np.outer([1.0, 2.0], [3.0, -1.0, 0.5])
    _, gradient = SpectralPenalty(layout).value_and_gradient(matrix.reshape(1, -1))
    np.testing.assert_allclose(gradient.reshape(2, 3), matrix, rtol=1e-12)


def test_zeros_have_no_penalty_and_no_gradient() -> None:
    value, gradient = SpectralPenalty(PLAIN).value_and_gradient(np.zeros((1, PLAIN.size)))
    assert value[0] == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_one_member_that_blew_up_leaves_the_others_alone(bad: float) -> None:
    penalty, theta = SpectralPenalty(PLAIN), some_theta(PLAIN)
    value, gradient = penalty.value_and_gradient(theta)
    theta[1, PLAIN["net.1.weight"].offset] = bad
    broken, slopes = penalty.value_and_gradient(theta)
    assert np.isnan(broken[1])
    assert np.isnan(slopes[1]).any()
    np.testing.assert_array_equal(broken[[0, 2]], value[[0, 2]])
    np.testing.assert_array_equal(slopes[[0, 2]], gradient[[0, 2]])


def test_members_do_not_depend_on_their_batch() -> None:
    penalty, theta = SpectralPenalty(PLAIN), some_theta(PLAIN)
    together = penalty.value_and_gradient(theta)
    for index in range(3):
        alone = penalty.value_and_gradient(theta[[index]])
        np.testing.assert_allclose(alone[0], together[0][[index]], rtol=1e-13)
        np.testing.assert_allclose(alone[1], together[1][[index]], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "adaptive-tanh", "softplus", "elu", "softsign"])
def test_no_difference_quotient_exceeds_the_bound(activation: str) -> None:
    model = NeuralODE(widths=(6, 5), activation=activation, features="linear", last_scale=1.0)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    theta = model.initial(3, 2, rng)
    theta = theta * rng.uniform(0.5, 2.0, theta.shape)
    bound = lipschitz_bound(model.layout(3, 2), theta)[0]
    z, p = rng.normal(size=(2, 400, 3)), np.zeros((400, 2))
    scaling = identity_scaling(3, 2)
    change = model.field(theta, z[0], p, scaling) - model.field(theta, z[1], p, scaling)
    quotients = np.linalg.norm(change, axis=1) / np.linalg.norm(z[0] - z[1], axis=1)
    assert 0.05 * bound < quotients.max() <= bound


def test_a_model_without_a_network_has_no_penalty() -> None:
    with pytest.raises(ModelError, match=r"no parameter named \*\.weight"):
        SpectralPenalty(ParameterLayout.of([("rate", (2,))]))
