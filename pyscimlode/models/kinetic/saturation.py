"""Denominators of the rate laws and what saturation leaves of the reaction orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.models.kinetic.compiled import CompiledLaws

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Saturation:
    """Saturation of all terms of a batch of models.

    Attributes:
        log_denominator: ``(reactions, models)`` ln D; zero for mass action.
        remaining: ``(terms, models)`` H = order - dlnD/dlnc, the elasticity apart from
            thermodynamics and modifiers; computed without cancellation.
    """

    log_denominator: FloatArray
    remaining: FloatArray


def saturation(laws: CompiledLaws, x: FloatArray) -> Saturation:
    """Return denominators and remaining orders.

    Args:
        laws: of the network.
        x: ``(terms, models)`` c/K.
    """
    terms, models = x.shape
    x = with_absent(x)
    log_d = np.zeros((len(laws.forward), models))
    remaining = np.zeros((terms + 1, models))
    if len(laws.pairs):
        _paired(laws, x, log_d, remaining)
    if len(laws.sided_reaction):
        _sided(laws, x, log_d, remaining)
    return Saturation(log_d, remaining[:-1])


def occupied(laws: CompiledLaws, x: FloatArray) -> FloatArray:
    """Return G = dlnD/dlnc ``(terms, models)`` for x = c/K ``(terms, models)``.

    G = order - H, without cancellation where x is small.
    """
    x = with_absent(x)
    result = np.zeros_like(x)
    if len(laws.pairs):
        denominator = 1.0 + x[laws.pairs].sum(axis=1)
        for terms in laws.pairs.T:
            result[terms] = x[terms] / denominator
    if len(laws.sided_reaction):
        total, slope, _ = polynomials(laws, x)
        sides = laws.substrate_side, laws.product_side
        product = [total[side].prod(axis=1) for side in sides]
        denominator = product[0] + (product[1] - 1.0)
        for side, own in zip(sides, product, strict=True):
            for terms in side.T:
                result[terms] = own * slope[terms] / denominator
    return result[:-1]


def with_absent(x: FloatArray) -> FloatArray:
    """Return x with a last row of zeros: the absent term."""
    result = np.zeros((len(x) + 1, x.shape[1]))
    result[:-1] = x
    return result


def _paired(laws: CompiledLaws, x: FloatArray, log_d: FloatArray, remaining: FloatArray) -> None:
    substrate, product = laws.pairs.T
    s, p = x[substrate], x[product]
    both = s + p
    denominator = 1.0 + both
    remaining[product] = -p / denominator
    remaining[substrate] = (1.0 + p) / denominator
    _add_rows(log_d, laws.pair_reaction, np.log1p(both))


def _add_rows(target: FloatArray, rows: npt.NDArray[np.int64], values: FloatArray) -> None:
    """Add to rows that come sorted, some of them several times."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    target[rows[starts]] += np.add.reduceat(values, starts, axis=0)


def _sided(laws: CompiledLaws, x: FloatArray, log_d: FloatArray, remaining: FloatArray) -> None:
    first = laws.substrate_side, laws.product_side
    total, slope, short = polynomials(laws, x)
    s_side = total[first[0]].prod(axis=1)
    p_side = total[first[1]].prod(axis=1)
    rest = p_side - 1.0
    denominator = s_side + rest
    log_d[laws.sided_reaction] = np.log(denominator)
    for side in first[0].T:
        turns = np.append(laws.turns, 0)[side][:, None]
        remaining[side] = (s_side * short[side] + turns * rest) / denominator
    for side in first[1].T:
        remaining[side] = -p_side * slope[side] / denominator


def polynomials(laws: CompiledLaws, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a, tau and n - tau ``(terms + 1, models)`` with a = 1 + ... + x^n, tau = x a'/a."""
    total, slope, short = 1.0 + x, x.copy(), np.ones_like(x)
    for term in np.flatnonzero(laws.turns > 1):
        turns = int(laws.turns[term])
        power = np.cumprod(np.broadcast_to(x[term], (turns, x.shape[1])), axis=0)
        count = np.arange(1, turns + 1)[:, None]
        total[term] = 1.0 + power.sum(axis=0)
        slope[term] = (count * power).sum(axis=0)
        short[term] = turns + ((turns - count) * power).sum(axis=0)
    return total, slope / total, short / total
