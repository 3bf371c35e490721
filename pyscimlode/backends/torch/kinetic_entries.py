"""Rates of a kinetic pathway and the entries of their derivative, on NumPy arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.models.kinetic.compiled import CompiledLaws
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates

Array = Any
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Entries:
    """Which concentration enters which rate, and where.

    Entries of dv/dc are those of products (forward rates, then backward ones), then those of the
    terms of denominators, of species that change alone.

    Attributes:
        laws: index arrays of the rate laws.
        inverse_keq: ``(reactions,)`` 1/Keq, zero for irreversible laws.
        table: ``(2 reactions, most factors)`` factors of every product: a species, a power, or
            the constant one.
        power_species: ``(powers,)`` species of powers that are no repeated factors.
        power: ``(powers,)`` their exponents.
        chosen: ``(product entries,)`` positions in the flattened table, column by column.
        terms: ``(term entries,)``.
        reaction: ``(entries,)``.
        amounts: ``(states, entries)`` A: dc/dt per flux of the entry's reaction.
        states: ``(entries, states)`` B: one at the state of the entry's species.
        term_reaction: ``(terms,)``.
        free_terms: terms of the trained KM, in their order.
    """

    laws: CompiledLaws
    inverse_keq: FloatArray
    table: IntArray
    power_species: IntArray
    power: FloatArray
    chosen: IntArray
    terms: IntArray
    reaction: IntArray
    amounts: FloatArray
    states: FloatArray
    term_reaction: IntArray
    free_terms: IntArray

    @classmethod
    def of(cls, rates: MechanisticRates) -> Entries:
        """Return the entries of a pathway in a data set."""
        function = rates.rate_function
        laws, reactions = function.laws, rates.n_reactions
        exponents = np.concatenate([function.forward_orders, function.backward_orders])
        table, power_species, power = factor_table(exponents)
        species = np.concatenate([np.arange(exponents.shape[1]), power_species, [-1]])
        state = np.full(exponents.shape[1] + 1, -1)
        state[rates.dynamic] = rates.states
        owner = np.tile(np.arange(2 * reactions) % reactions, table.shape[1])
        columns = table.T.ravel()
        chosen = np.flatnonzero(state[species[columns]] >= 0)
        terms = np.flatnonzero(state[laws.species] >= 0)
        reaction = np.concatenate([owner[chosen], laws.reaction[terms]])
        target = np.concatenate([species[columns[chosen]], laws.species[terms]])
        states = np.zeros((len(reaction), rates.n_states))
        states[np.arange(len(reaction)), state[target]] = 1.0
        term_of = {int(km): t for t, km in enumerate(laws.km)}
        return cls(
            laws=laws,
            inverse_keq=1.0 / function.keq,
            table=table,
            power_species=power_species,
            power=power,
            chosen=chosen,
            terms=terms,
            reaction=reaction,
            amounts=rates.amounts[:, reaction],
            states=states,
            term_reaction=laws.reaction,
            free_terms=np.array([term_of[int(km)] for km in rates.free_km], dtype=np.int64),
        )

    def order(self, ndim: int) -> FloatArray:
        """Return the terms' orders so that they meet ``(terms, *rows)``."""
        return self.laws.order.reshape(-1, *(1,) * (ndim - 1))


@dataclass(frozen=True, eq=False)
class RateParts:
    """Rates and derivatives.

    Attributes:
        v: ``(reactions, *rows)`` mM/h, enzyme levels included.
        weights: ``(entries, *rows)`` dv/dc of every entry; empty if not asked for.
        occupied: ``(terms, *rows)`` x dlnD/dx; empty if not asked for.
    """

    v: Array
    weights: Array
    occupied: Array


def factor_table(exponents: FloatArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return products of powers as factors.

    Args:
        exponents: ``(products, species)``.

    Returns:
        the table ``(products, most factors)``, whose numbers are a species, ``species + i`` for
        power ``i``, or one number more for the constant one; species and exponents of the powers,
        which are those that are not positive whole numbers.
    """
    whole = (exponents == np.round(exponents)) & (exponents > 0)
    row, species = np.nonzero(np.where(whole, 0.0, exponents))
    count = exponents.shape[1]
    factors = [
        np.repeat(np.arange(count), np.where(repeats, powers, 0).astype(int)).tolist()
        for repeats, powers in zip(whole, exponents, strict=True)
    ]
    for number, of in enumerate(row):
        factors[of].append(count + number)
    width, one = max(1, *map(len, factors)), count + len(row)
    table = np.array([line + [one] * (width - len(line)) for line in factors], dtype=np.int64)
    return table, species, exponents[row, species]


def evaluate(
    entries: Entries,
    c: Array,
    levels: tuple[IntArray, Array],
    inverse_k: Array,
    factor: Array,
    *,
    derivatives: bool,
) -> RateParts:
    """Return rates and their derivatives; arrays may be complex.

    Args:
        entries: of the pathway.
        c: ``(species, *rows)`` mM.
        levels: reactions with an enzyme, and their levels ``(uses, *rows)``.
        inverse_k: ``(terms, ...)`` 1/KM.
        factor: ``(reactions, ...)`` Vmax over the KM of the substrates.
        derivatives: whether they are wanted.
    """
    laws, reactions = entries.laws, len(entries.inverse_keq)
    x = np.where(c.real > 0.0, c, 0.0)[laws.species] * inverse_k
    denominator, slope = _denominators(laws, x, reactions, derivatives)
    values, slopes = _factors(entries, c)
    scale = factor / denominator
    scale[levels[0]] *= levels[1]
    both = np.concatenate([scale, -scale * _column(entries.inverse_keq, scale)])
    columns = [values[column] for column in entries.table.T]
    before = [both]
    for column in columns:
        before.append(before[-1] * column)
    v = before[-1][:reactions] + before[-1][reactions:]
    if not derivatives:
        return RateParts(v, x[:0], x[:0])
    after = np.ones_like(both)
    parts = []
    for k in range(len(columns) - 1, -1, -1):
        parts.append(before[k] * after * slopes[entries.table[:, k]])
        after = after * columns[k]
    by_factor = np.concatenate(parts[::-1])[entries.chosen]
    positive = c.real[laws.species[entries.terms]] > 0.0
    by_term = -v[laws.reaction] * slope
    by_term = (by_term * inverse_k)[entries.terms] * positive
    return RateParts(v, np.concatenate([by_factor, by_term]), x * slope)


def _column(values: FloatArray, like: Array) -> FloatArray:
    return values.reshape(-1, *(1 for _ in like.shape[1:]))


def _factors(entries: Entries, c: Array) -> tuple[Array, Array]:
    """Return species, powers and one ``(factors, *rows)``, and each one's derivative."""
    last = np.ones_like(c[:1])
    power = _column(entries.power, c)
    base = c[entries.power_species]
    broken = power != np.round(power)
    base = np.where(broken & (base.real <= 0.0), 0.0, base)
    with np.errstate(divide="ignore", invalid="ignore"):
        powers, slopes = base**power, power * base ** (power - 1.0)
    return np.concatenate([c, powers, last]), np.concatenate([np.ones_like(c), slopes, 0.0 * last])


def _denominators(
    laws: CompiledLaws, x: Array, reactions: int, derivatives: bool
) -> tuple[Array, Array]:
    """Return D ``(reactions, *rows)`` and dlnD/dx ``(terms, *rows)``."""
    x = np.concatenate([x, np.zeros_like(x[:1])]) if len(x) else np.zeros((1, *x.shape[1:]))
    denominator = np.ones((reactions, *x.shape[1:]), dtype=x.dtype)
    slope = np.zeros_like(x)
    if len(laws.pairs):
        substrate, product = laws.pairs.T
        both = 1.0 + x[substrate] + x[product]
        starts = np.flatnonzero(np.diff(laws.pair_reaction, prepend=-1))
        denominator[laws.pair_reaction[starts]] = np.multiply.reduceat(both, starts, axis=0)
        if derivatives:
            slope[substrate] = slope[product] = 1.0 / both
    if len(laws.sided_reaction):
        total, raised = _sums(laws, x)
        sides = laws.substrate_side, laws.product_side
        own = [total[side].prod(axis=1) for side in sides]
        denominator[laws.sided_reaction] = bottom = own[0] + (own[1] - 1.0)
        if derivatives:
            for side, value in zip(sides, own, strict=True):
                for terms in side.T:
                    slope[terms] = value / total[terms] * raised[terms] / bottom
    return denominator, slope[:-1]


def _sums(laws: CompiledLaws, x: Array) -> tuple[Array, Array]:
    """Return a = 1 + ... + x^n ``(terms + 1, *rows)`` and da/dx."""
    total, slope = 1.0 + x, np.ones_like(x)
    for term in np.flatnonzero(laws.turns > 1):
        power = np.ones_like(x[term])
        for count in range(2, int(laws.turns[term]) + 1):
            power = power * x[term]
            slope[term] += count * power
            total[term] += power * x[term]
    return total, slope
