"""How the remaining orders H of a batch move with ln(c/K): the pullback of saturation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.models.kinetic.compiled import CompiledLaws
from pyscimlode.models.kinetic.saturation import polynomials, with_absent

FloatArray = npt.NDArray[np.float64]


def remaining_pullback(laws: CompiledLaws, x: FloatArray, weights: FloatArray) -> FloatArray:
    """Return sum_k weights_k dH_k / d ln x ``(terms, models)``.

    H = order - G, and G = dlnD/dlnx, so dH/dlnx is minus the Hessian of ln D: symmetric.

    Args:
        laws: of the network.
        x: ``(terms, models)`` c/K.
        weights: ``(terms, models)``.
    """
    x, w = with_absent(x), with_absent(weights)
    result = np.zeros_like(x)
    if len(laws.pairs):
        _paired(laws, x, w, result)
    if len(laws.sided_reaction):
        _sided(laws, x, w, result)
    return result[:-1]


def _paired(laws: CompiledLaws, x: FloatArray, w: FloatArray, result: FloatArray) -> None:
    """Hessian of ln(1 + s + p): diag(g) - g g^T with g = x / (1 + s + p)."""
    substrate, product = laws.pairs.T
    denominator = 1.0 + x[substrate] + x[product]
    g_s, g_p = x[substrate] / denominator, x[product] / denominator
    mean = g_s * w[substrate] + g_p * w[product]
    result[product] = -g_p * (w[product] - mean)
    result[substrate] = -g_s * (w[substrate] - mean)


def _sided(laws: CompiledLaws, x: FloatArray, w: FloatArray, result: FloatArray) -> None:
    """Hessian of ln(S + P - 1) with S, P products of polynomials a of one x each.

    With u = dlnS/dlnx on its side (tau of each term) and q = S/D, the gradient is g = q u, and the
    Hessian q (u u^T + diag(tau')) - g g^T, the first part within a side.
    """
    total, slope, _ = polynomials(laws, x)
    bend = _bend(laws, x, total, slope)
    sides = laws.substrate_side, laws.product_side
    product = [total[side].prod(axis=1) for side in sides]
    denominator = product[0] + (product[1] - 1.0)
    shares = [p / denominator for p in product]
    inner = [(slope[side] * w[side]).sum(axis=1) for side in sides]
    mean = shares[0] * inner[0] + shares[1] * inner[1]
    for side, share, own in zip(sides, shares, inner, strict=True):
        for terms in side.T:
            result[terms] = -share * (slope[terms] * (own - mean) + bend[terms] * w[terms])


def _bend(laws: CompiledLaws, x: FloatArray, total: FloatArray, slope: FloatArray) -> FloatArray:
    """Return dtau/dlnx ``(terms + 1, models)``: the variance of the number of bound molecules."""
    bend = x / total**2
    for term in np.flatnonzero(laws.turns > 1):
        turns = int(laws.turns[term])
        power = np.cumprod(np.broadcast_to(x[term], (turns, x.shape[1])), axis=0)
        count = np.arange(1, turns + 1)[:, None]
        bend[term] = (count**2 * power).sum(axis=0) / total[term] - slope[term] ** 2
    return np.asarray(bend)
