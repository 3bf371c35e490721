from __future__ import annotations

import math

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.models.network import (
    MLP,
    Activation,
    activate,
    check_network,
    inverse_softplus,
    softplus,
)


@pytest.mark.parametrize(
    ("activation", "at_one"),
    [
        ("tanh", math.tanh(1.0)),
        ("softplus", math.log(1.0 + math.e)),
        ("silu", 1.0 / (1.0 + math.exp(-1.0))),
        ("gelu", 0.5 * (1.0 + math.erf(1.0 / math.sqrt(2.0)))),
        ("elu", 1.0),
        ("softsign", 0.5),
        ("adaptive-tanh", math.tanh(1.0)),
    ],
)
def test_activations(activation: Activation, at_one: float) -> None:
    assert activate(np.array([1.0]), activation)[0] == pytest.approx(at_one, rel=1e-14)
    assert np.isfinite(activate(np.array([-1e3, 1e3]), activation)).all()


def test_forward_by_hand() -> None:
    net = MLP("net", 2, (1,), 1, "tanh")
    weights = {
        "net.0.weight": np.array([[1.0, 2.0]]),
        "net.0.bias": np.array([0.5]),
        "net.1.weight": np.array([[3.0]]),
        "net.1.bias": np.array([-1.0]),
    }
    out = net.forward(weights, np.array([[0.1, -0.2]]))
    assert out[0, 0] == pytest.approx(3.0 * math.tanh(0.1 - 0.4 + 0.5) - 1.0, rel=1e-14)


def test_elu_below_zero() -> None:
    np.testing.assert_allclose(activate(np.array([-1.0, 0.0]), "elu"), [math.expm1(-1.0), 0.0])


def test_learned_slopes_by_hand() -> None:
    net = MLP("net", 2, (1,), 1, "adaptive-tanh")
    assert [name for name, _ in net.shapes()] == [
        *("net.0.weight", "net.0.bias", "net.0.slope", "net.1.weight", "net.1.bias")
    ]
    weights = {
        "net.0.weight": np.array([[1.0, 2.0]]),
        "net.0.bias": np.array([0.5]),
        "net.0.slope": np.array([4.0]),
        "net.1.weight": np.array([[3.0]]),
        "net.1.bias": np.array([-1.0]),
    }
    out = net.forward(weights, np.array([[0.1, -0.2]]))
    assert out[0, 0] == pytest.approx(3.0 * math.tanh(4.0 * (0.1 - 0.4 + 0.5)) - 1.0, rel=1e-14)


def test_an_adaptive_network_starts_as_the_plain_one() -> None:
    plain, adaptive = MLP("net", 3, (4, 4), 2, "tanh"), MLP("net", 3, (4, 4), 2, "adaptive-tanh")
    x = np.random.default_rng(1).normal(size=(5, 3))
    first, second = (
        net.forward(net.initial(np.random.default_rng(0), "glorot", scale=1, last_scale=1), x)
        for net in (plain, adaptive)
    )
    np.testing.assert_array_equal(first, second)


def test_initialisations_have_the_stated_spread() -> None:
    rng = np.random.default_rng(0)
    net = MLP("net", 200, (300,), 100, "tanh")
    glorot = net.initial(rng, "glorot", scale=1.0, last_scale=0.1)
    bound = math.sqrt(6.0 / 500)
    assert np.abs(glorot["net.0.weight"]).max() <= bound
    assert glorot["net.0.weight"].std() == pytest.approx(bound / math.sqrt(3.0), rel=0.02)
    assert np.abs(glorot["net.1.weight"]).max() <= 0.1 * math.sqrt(6.0 / 400)
    normal = net.initial(rng, "normal", scale=0.1, last_scale=1.0)
    assert normal["net.0.weight"].std() == pytest.approx(0.1, rel=0.02)
    assert not normal["net.0.bias"].any()
    q = net.initial(rng, "orthogonal", scale=1.0, last_scale=1.0)["net.0.weight"]
    np.testing.assert_allclose(q.T @ q, np.eye(200), atol=1e-12)
    assert not net.initial(rng, "zeros", scale=1.0, last_scale=1.0)["net.0.weight"].any()


def test_wrong_choices_are_named() -> None:
    with pytest.raises(ModelError, match=r"activation='tahn' is not known.*Did you mean 'tanh'"):
        check_network((8,), "tahn", "glorot")
    with pytest.raises(ModelError, match=r"choose one of tanh, .*, elu, softsign, adaptive-tanh\."):
        check_network((8,), "relu", "glorot")
    with pytest.raises(ModelError, match="at least one hidden layer"):
        check_network((), "tanh", "glorot")
    with pytest.raises(ModelError, match="initialisation='xavier'"):
        check_network((8,), "tanh", "xavier")


@pytest.mark.parametrize("y", [1e-12, 0.13, 1.0, 30.0, 1e4])
def test_the_inverse_of_softplus(y: float) -> None:
    assert softplus(np.array(inverse_softplus(y))) == pytest.approx(y, rel=1e-12)
