"""Denominators of rate laws in torch, for kinetic fields and evaluators."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyscimlode.models.kinetic.compiled import CompiledLaws


class TorchSaturation:
    """The arithmetic of :mod:`pyscimlode.models.kinetic.saturation`, terms on the first axis.

    Args:
        laws: of the network.
        device: of the tensors.
        dtype: of the tensors.
    """

    def __init__(
        self,
        laws: CompiledLaws,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> None:
        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), device=device)

        self.reactions = len(laws.forward)
        self._substrate, self._product = tensor(laws.pairs[:, 0]), tensor(laws.pairs[:, 1])
        self._pair_reaction = tensor(laws.pair_reaction)
        self._sides = tensor(laws.substrate_side), tensor(laws.product_side)
        self._sided_reaction = tensor(laws.sided_reaction)
        self._turns = tensor(np.append(laws.turns, 0).astype(np.float64)).to(dtype)
        self._most_turns = int(laws.turns.max(initial=1))

    def log_denominators(self, x: Tensor) -> Tensor:
        """Return ln D ``(reactions, ...)`` for x = c/K ``(terms, ...)``; zero for mass action."""
        x = with_row(x, 0.0)
        log_d = x.new_zeros(self.reactions, *x.shape[1:])
        if len(self._substrate):
            both = x[self._substrate] + x[self._product]
            log_d = log_d.index_add(0, self._pair_reaction, torch.log1p(both))
        if len(self._sided_reaction):
            s_side, p_side = self._side_products(self._sums(x))
            log_d = log_d.index_add(0, self._sided_reaction, (s_side + (p_side - 1.0)).log())
        return log_d

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return ln D ``(reactions, ...)`` and H ``(terms, ...)`` for x = c/K ``(terms, ...)``."""
        x = with_row(x, 0.0)
        log_d = x.new_zeros(self.reactions, *x.shape[1:])
        remaining = torch.zeros_like(x)
        if len(self._substrate):
            s, p = x[self._substrate], x[self._product]
            log_d = log_d.index_add(0, self._pair_reaction, torch.log1p(s + p))
            remaining = remaining.index_add(0, self._product, -p / (1 + s + p))
            remaining = remaining.index_add(0, self._substrate, (1 + p) / (1 + s + p))
        if len(self._sided_reaction):
            log_d, remaining = self._sided(x, log_d, remaining)
        return log_d, remaining[:-1]

    def _sided(self, x: Tensor, log_d: Tensor, remaining: Tensor) -> tuple[Tensor, Tensor]:
        turns = self._column(x)
        total, slope, short = self._polynomials(x)
        s_side, p_side = self._side_products(total)
        rest = p_side - 1.0
        denominator = s_side + rest
        log_d = log_d.index_add(0, self._sided_reaction, denominator.log())
        substrates, products = self._sides
        for side in substrates.T:
            value = (s_side * short[side] + turns[side] * rest) / denominator
            remaining = remaining.index_add(0, side, value)
        for side in products.T:
            remaining = remaining.index_add(0, side, -p_side * slope[side] / denominator)
        return log_d, remaining

    def _column(self, x: Tensor) -> Tensor:
        return self._turns.reshape(-1, *(1 for _ in x.shape[1:]))

    def _side_products(self, sums: Tensor) -> tuple[Tensor, Tensor]:
        substrates, products = (product(sums[side]) for side in self._sides)
        return substrates, products

    def _sums(self, x: Tensor) -> Tensor:
        """Return a = 1 + ... + x^n ``(terms + 1, ...)``."""
        total, power, turns = 1.0 + x, x, self._column(x)
        for count in range(2, self._most_turns + 1):
            power = torch.where(turns >= count, power * x, 0.0)
            total = total + power
        return total

    def _polynomials(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return a, tau and n - tau ``(terms + 1, ...)`` with tau = x a'/a."""
        total, slope, power = torch.ones_like(x), torch.zeros_like(x), torch.ones_like(x)
        turns = self._column(x)
        short = turns.expand_as(x)
        for count in range(1, self._most_turns + 1):
            power = torch.where(turns >= count, power * x, 0.0)
            total = total + power
            slope = slope + count * power
            short = short + (turns - count) * power
        return total, slope / total, short / total


def product(factors: Tensor) -> Tensor:
    """Return the product over axis 1, which is short; simpler to differentiate than prod."""
    first, *others = factors.unbind(1)
    for other in others:
        first = first * other
    return first


def with_row(values: Tensor, last: float) -> Tensor:
    """Return values with a last row that is constant, for absent terms and factors."""
    return torch.cat([values, torch.full_like(values[:1], last)])
