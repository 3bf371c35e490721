"""Multi-layer perceptrons on the flat parameter vector: layout, initial values, forward pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import erf, expit

from pyscimlode.errors import ModelError, did_you_mean

FloatArray = npt.NDArray[np.float64]
Activation = Literal["tanh", "softplus", "silu", "gelu", "elu", "softsign", "adaptive-tanh"]
Initialisation = Literal["glorot", "normal", "orthogonal", "zeros"]


def softplus(x: FloatArray) -> FloatArray:
    """Return ``log(1 + exp(x))`` without overflow."""
    return np.logaddexp(0.0, x)


def inverse_softplus(y: float) -> float:
    """Return the x whose softplus is ``y > 0``, without overflow."""
    return float(y + np.log(-np.expm1(-y)))


def activate(x: FloatArray, activation: Activation) -> FloatArray:
    """Apply an activation.

    ``gelu`` is the exact form with the error function; ``elu`` is x above zero and exp(x) - 1 below
    (Clevert et al. 2016, arXiv:1511.07289); ``softsign`` is x / (1 + |x|); ``adaptive-tanh`` is
    tanh of what the network has multiplied by the layer's slope already.
    """
    if activation in ("tanh", "adaptive-tanh"):
        return np.tanh(x)
    if activation == "elu":
        return np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0)))
    if activation == "softsign":
        return np.asarray(x / (1.0 + np.abs(x)))
    if activation == "softplus":
        return softplus(x)
    if activation == "silu":
        return np.asarray(x * expit(x))
    return np.asarray(0.5 * x * (1.0 + erf(x / np.sqrt(2.0))))


@dataclass(frozen=True)
class MLP:
    """A fully connected network ``n_in -> widths -> n_out``, linear at the end.

    Weights are named ``{name}.{layer}.weight`` with shape ``(out, in)`` and
    ``{name}.{layer}.bias`` with shape ``(out,)``; a layer is ``activation(x @ weight.T + bias)``.
    With ``"adaptive-tanh"`` a hidden layer has a ``{name}.{layer}.slope`` a of shape ``(1,)`` as
    well and is ``tanh(a * (x @ weight.T + bias))`` (layer-wise adaptive activation, Jagtap,
    Kawaguchi & Karniadakis 2020, Proc. R. Soc. A 476:20200334).
    """

    name: str
    n_in: int
    widths: tuple[int, ...]
    n_out: int
    activation: Activation

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of every layer, input and output included."""
        return (self.n_in, *self.widths, self.n_out)

    @property
    def learns_slopes(self) -> bool:
        """Whether every hidden layer's activation has a learned slope."""
        return self.activation == "adaptive-tanh"

    def shapes(self) -> list[tuple[str, tuple[int, ...]]]:
        """Names and shapes of the weights, in layout order."""
        shapes: list[tuple[str, tuple[int, ...]]] = []
        for layer, (n_in, n_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)):
            shapes.append((f"{self.name}.{layer}.weight", (n_out, n_in)))
            shapes.append((f"{self.name}.{layer}.bias", (n_out,)))
            if self.learns_slopes and layer < len(self.widths):
                shapes.append((f"{self.name}.{layer}.slope", (1,)))
        return shapes

    def initial(
        self,
        rng: np.random.Generator,
        initialisation: Initialisation,
        *,
        scale: float,
        last_scale: float,
    ) -> dict[str, FloatArray]:
        """Draw initial weights; biases are zero, learned slopes one.

        Args:
            rng: the source of randomness.
            initialisation: ``"glorot"`` (uniform, Glorot & Bengio 2010), ``"normal"``
                (mean 0, standard deviation ``scale``), ``"orthogonal"`` (times ``scale``),
                ``"zeros"``.
            scale: see ``initialisation``; ``"glorot"`` is multiplied by it.
            last_scale: an extra factor on the last layer's weights.
        """
        values: dict[str, FloatArray] = {}
        last = len(self.sizes) - 2
        for layer, (n_in, n_out) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True)):
            weight = scale * _draw(rng, initialisation, n_out, n_in)
            values[f"{self.name}.{layer}.weight"] = weight * (last_scale if layer == last else 1.0)
            values[f"{self.name}.{layer}.bias"] = np.zeros(n_out)
            if self.learns_slopes and layer < last:
                values[f"{self.name}.{layer}.slope"] = np.ones(1)
        return values

    def forward(self, weights: Mapping[str, FloatArray], x: FloatArray) -> FloatArray:
        """Evaluate ``x: (rows, n_in)`` and return ``(rows, n_out)``."""
        last = len(self.sizes) - 2
        for layer in range(last + 1):
            weight = weights[f"{self.name}.{layer}.weight"]
            x = x @ weight.T + weights[f"{self.name}.{layer}.bias"]
            if layer < last and self.learns_slopes:
                x = x * weights[f"{self.name}.{layer}.slope"]
            if layer < last:
                x = activate(x, self.activation)
        return x


def _draw(
    rng: np.random.Generator, initialisation: Initialisation, n_out: int, n_in: int
) -> FloatArray:
    if initialisation == "glorot":
        bound = np.sqrt(6.0 / (n_in + n_out))
        return rng.uniform(-bound, bound, (n_out, n_in))
    if initialisation == "normal":
        return rng.normal(0.0, 1.0, (n_out, n_in))
    if initialisation == "orthogonal":
        tall = rng.normal(0.0, 1.0, (max(n_out, n_in), min(n_out, n_in)))
        q, r = np.linalg.qr(tall)
        q = q * np.sign(np.diagonal(r))
        return np.asarray(q if n_out >= n_in else q.T, dtype=np.float64)
    return np.zeros((n_out, n_in))


def check_network(widths: tuple[int, ...], activation: str, initialisation: str) -> None:
    """Raise :class:`ModelError` for widths, activations or initialisations that do not exist."""
    if not widths or any(not isinstance(w, int) or w < 1 for w in widths):
        raise ModelError(f"widths={widths!r}: give at least one hidden layer of positive width.")
    for value, known, what in (
        (activation, get_args(Activation), "activation"),
        (initialisation, get_args(Initialisation), "initialisation"),
    ):
        if value not in known:
            raise ModelError(
                f"{what}={value!r} is not known; choose one of {', '.join(known)}."
                + did_you_mean(value, known)
            )
