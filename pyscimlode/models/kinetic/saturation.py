"""Denominators of the rate laws and what saturation leaves of the reaction orders."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pyscimlode.models.kinetic.compiled import CompiledLaws

FloatArray = npt.NDArray[np.float64]


def log_denominator(laws: CompiledLaws, x: FloatArray) -> FloatArray:
    """Return ln D ``(reactions, models)`` for x = c/K ``(terms, models)``; 0 for mass action."""
    x = with_absent(x)
    result = np.zeros((len(laws.forward), x.shape[1]))
    if len(laws.pairs):
        substrate, product = laws.pairs.T
        _add_rows(result, laws.pair_reaction, np.log1p(x[substrate] + x[product]))
    if len(laws.sided_reaction):
        total = polynomials(laws, x)[0]
        rest = total[laws.product_side].prod(axis=1) - 1.0
        result[laws.sided_reaction] = np.log(total[laws.substrate_side].prod(axis=1) + rest)
    return result


def remaining_order(laws: CompiledLaws, x: FloatArray) -> FloatArray:
    """Return H = order - dlnD/dlnc ``(terms, models)`` for x = c/K ``(terms, models)``.

    It is the elasticity apart from thermodynamics and modifiers, computed without cancellation.
    """
    x = with_absent(x)
    result = np.zeros_like(x)
    if len(laws.pairs):
        substrate, product = laws.pairs.T
        s, p = x[substrate], x[product]
        denominator = 1.0 + (s + p)
        result[product] = -p / denominator
        result[substrate] = (1.0 + p) / denominator
    if len(laws.sided_reaction):
        _sided(laws, x, result)
    return result[:-1]


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


def _add_rows(target: FloatArray, rows: npt.NDArray[np.int64], values: FloatArray) -> None:
    """Add to rows that come sorted, some of them several times."""
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    target[rows[starts]] += np.add.reduceat(values, starts, axis=0)


def _sided(laws: CompiledLaws, x: FloatArray, remaining: FloatArray) -> None:
    first = laws.substrate_side, laws.product_side
    total, slope, short = polynomials(laws, x)
    s_side = total[first[0]].prod(axis=1)
    p_side = total[first[1]].prod(axis=1)
    rest = p_side - 1.0
    denominator = s_side + rest
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
