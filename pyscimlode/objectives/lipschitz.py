"""Spectral regularisation: a penalty on what bounds a network's Lipschitz constant.

The Lipschitz constant of a network is at most the product over its layers of the largest singular
value sigma of each weight matrix, times the steepest slope of its activation (Gouk et al. 2021,
Machine Learning 110:393). The eigenvalues of a neural field's Jacobian are bounded by it in turn,
so a network with small singular values is not stiff. The penalty of a parameter vector is

    1/2 * sum over layers of (a_l * sigma_l)^2

(Yoshida & Miyato 2017, arXiv:1705.10941), with the learned slope a_l of layer l's activation, 1
where slopes are not learned. It depends on theta alone: no engine is asked, and all agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError
from pyscimlode.models.parameters import Parameter, ParameterLayout

FloatArray = npt.NDArray[np.float64]
WEIGHT, SLOPE = ".weight", ".slope"


@dataclass(frozen=True)
class _Layer:
    weight: Parameter
    slope: Parameter | None


class SpectralPenalty:
    """1/2 sum (a sigma)^2 over the layers of a parameter vector's networks.

    Args:
        layout: parameters named ``*.weight`` are the layers, ``*.slope`` their learned slopes.

    Raises:
        ModelError: there is no layer.
    """

    def __init__(self, layout: ParameterLayout) -> None:
        named = {parameter.name: parameter for parameter in layout.parameters}
        self._layers = tuple(
            _Layer(parameter, named.get(name.removesuffix(WEIGHT) + SLOPE))
            for name, parameter in named.items()
            if name.endswith(WEIGHT)
        )
        if not self._layers:
            raise ModelError(
                "The Lipschitz penalty needs a network; this model has no parameter named *.weight."
            )

    def norms(self, theta: FloatArray) -> FloatArray:
        """Return a_l sigma_l of ``theta: (members, size)`` as ``(members, layers)``.

        NaN where a layer's entries, or their squares, are not finite.
        """
        values = [
            np.abs(_slope(theta, layer)) * np.sqrt(_leading(_matrix(theta, layer))[0])
            for layer in self._layers
        ]
        return np.stack(values, axis=-1)

    def value(self, theta: FloatArray) -> FloatArray:
        """Return the penalty ``(members,)`` of ``theta: (members, size)``."""
        return np.asarray(0.5 * (self.norms(theta) ** 2).sum(axis=-1))

    def value_and_gradient(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the penalty ``(members,)`` and its gradient ``(members, size)``.

        The gradient of sigma^2 / 2 is sigma u v' with the leading singular vectors. Where two
        singular values tie for the largest it is one of the subgradients.
        """
        total = np.zeros(len(theta))
        gradient = np.zeros_like(theta)
        for layer in self._layers:
            matrix, slope = _matrix(theta, layer), _slope(theta, layer)
            square, projected = _leading(matrix)
            total += 0.5 * slope**2 * square
            weighted = slope[:, None, None] ** 2 * projected
            gradient[:, layer.weight.slice] = weighted.reshape(len(theta), -1)
            if layer.slope is not None:
                gradient[:, layer.slope.slice] = (slope * square)[:, None]
        return total, gradient


def lipschitz_bound(layout: ParameterLayout, theta: npt.ArrayLike) -> FloatArray:
    """Return the product over layers of a sigma, ``(members,)``, for ``theta: (members, size)``.

    It bounds the Lipschitz constant of the network between its inputs and its outputs, both as the
    network sees them, for activations of slope at most 1: tanh, adaptive-tanh, softplus, elu and
    softsign. Each hidden layer adds a factor of 1.1 with silu and 1.13 with gelu.

    >>> layout = ParameterLayout.of([("net.0.weight", (1, 2)), ("net.1.weight", (1, 1))])
    >>> lipschitz_bound(layout, [[3.0, 4.0, 2.0]])
    array([10.])
    """
    rows = np.atleast_2d(np.asarray(theta, dtype=np.float64))
    return np.asarray(SpectralPenalty(layout).norms(rows).prod(axis=-1))


def _matrix(theta: FloatArray, layer: _Layer) -> FloatArray:
    return theta[:, layer.weight.slice].reshape(-1, *layer.weight.shape)


def _slope(theta: FloatArray, layer: _Layer) -> FloatArray:
    return np.ones(len(theta)) if layer.slope is None else theta[:, layer.slope.offset]


def _leading(matrices: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return sigma^2 ``(members,)`` and sigma u v' of ``matrices: (members, out, in)``.

    From the eigenvector of the smaller of W W' and W' W that belongs to the largest eigenvalue.
    """
    wide = matrices.shape[1] <= matrices.shape[2]
    rows = matrices if wide else matrices.transpose(0, 2, 1)
    with np.errstate(over="ignore", invalid="ignore"):
        gram = rows @ rows.transpose(0, 2, 1)
    finite = np.asarray(np.isfinite(gram).all(axis=(1, 2)))
    values, vectors = np.linalg.eigh(np.where(finite[:, None, None], gram, 0.0))
    leading = vectors[:, :, -1]
    safe = np.where(finite[:, None, None], rows, np.nan)
    other = np.einsum("mi,mij->mj", leading, safe)
    projected = leading[:, :, None] * other[:, None, :]
    square = np.where(finite, np.maximum(values[:, -1], 0.0), np.nan)
    return square, projected if wide else projected.transpose(0, 2, 1)
