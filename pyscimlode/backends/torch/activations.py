"""Activations of hidden layers with their derivatives, in place and for all stages at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

from pyscimlode.backends.torch.arrays import Array, Arrays


class Activation(Protocol):
    """An activation and what its derivative needs."""

    def apply(self, x: Array, saved: Array) -> None:
        """Replace ``x`` by its activation; may write what the derivative needs to ``saved``."""
        ...

    def derivative(self, value: Array, saved: Array) -> None:
        """Replace ``saved`` by the derivative, given the activation's ``value``."""
        ...


class Tanh:
    """tanh, with derivative 1 - tanh^2."""

    def __init__(self, arrays: Arrays) -> None:
        self.xp = arrays.xp
        self.tanh = arrays.xp.tanh

    def apply(self, x: Array, saved: Array) -> None:
        """Replace ``x`` by tanh(x)."""
        self.tanh(x, out=x)

    def derivative(self, value: Array, saved: Array) -> None:
        """Write 1 - value^2 to ``saved``."""
        self.xp.multiply(value, value, out=saved)
        self.xp.negative(saved, out=saved)
        saved += 1.0


class Softplus:
    """log(1 + exp(x)), with derivative 1 - exp(-softplus)."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    def apply(self, x: Array, saved: Array) -> None:
        """Replace ``x`` by softplus(x)."""
        self.arrays.softplus(x, out=x)

    def derivative(self, value: Array, saved: Array) -> None:
        """Write 1 - exp(-value) to ``saved``."""
        xp = self.arrays.xp
        xp.negative(value, out=saved)
        xp.expm1(saved, out=saved)
        xp.negative(saved, out=saved)


class Silu:
    """x s(x) with the logistic s; derivative s (1 + x (1 - s))."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    def apply(self, x: Array, saved: Array) -> None:
        """Keep ``x`` in ``saved`` and replace it by x s(x)."""
        saved[...] = x
        x *= self.arrays.sigmoid(x)

    def derivative(self, value: Array, saved: Array) -> None:
        """Replace the kept argument by the derivative."""
        s = self.arrays.sigmoid(saved)
        saved *= 1.0 - s
        saved += 1.0
        saved *= s


class Gelu:
    """x Phi(x) with the normal distribution's Phi; derivative Phi + x phi."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    def _phi(self, x: Array) -> Array:
        return 0.5 * (1.0 + self.arrays.erf(x * math.sqrt(0.5)))

    def apply(self, x: Array, saved: Array) -> None:
        """Keep ``x`` in ``saved`` and replace it by x Phi(x)."""
        saved[...] = x
        x *= self._phi(x)

    def derivative(self, value: Array, saved: Array) -> None:
        """Replace the kept argument by the derivative."""
        xp = self.arrays.xp
        density = xp.exp(-0.5 * saved * saved) * (1.0 / math.sqrt(2.0 * math.pi))
        saved[...] = self._phi(saved) + saved * density


class Elu:
    """x above zero, exp(x) - 1 below; derivative 1 + min(elu, 0)."""

    def __init__(self, arrays: Arrays) -> None:
        self.arrays = arrays

    def apply(self, x: Array, saved: Array) -> None:
        """Replace ``x`` by elu(x)."""
        below = self.arrays.xp.expm1(-self.arrays.at_least(-x, 0.0))
        self.arrays.positive_part(x, out=x)
        x += below

    def derivative(self, value: Array, saved: Array) -> None:
        """Write 1 + min(value, 0) to ``saved``."""
        saved[...] = 1.0 - self.arrays.at_least(-value, 0.0)


class Softsign:
    """x / (1 + |x|), with derivative (1 - |softsign|)^2."""

    def __init__(self, arrays: Arrays) -> None:
        self.xp = arrays.xp

    def apply(self, x: Array, saved: Array) -> None:
        """Replace ``x`` by x / (1 + |x|)."""
        x /= 1.0 + abs(x)

    def derivative(self, value: Array, saved: Array) -> None:
        """Write (1 - |value|)^2 to ``saved``."""
        slope = 1.0 - abs(value)
        self.xp.multiply(slope, slope, out=saved)


ACTIVATIONS: dict[str, Callable[[Arrays], Activation]] = {
    "tanh": Tanh,
    "softplus": Softplus,
    "silu": Silu,
    "gelu": Gelu,
    "elu": Elu,
    "softsign": Softsign,
    "adaptive-tanh": Tanh,
}
