"""Rates of a kinetic model law by law, as the table of laws defines them, and their derivative."""

from __future__ import annotations

import numpy as np
import torch

from pyscimlode.kinetics import KineticCase, balances
from tests.kinetics.cases import evaluator_of


def rates_of(
    case: KineticCase, log_c: torch.Tensor, ln_km: np.ndarray, ln_vmax: np.ndarray
) -> torch.Tensor:
    """The rates of one model in torch, law by law from their definitions."""
    place = {name: i for i, name in enumerate(case.network.species_ids)}
    column = {name: i for i, name in enumerate(case.network.km_names)}
    rates = []
    for j, reaction in enumerate(case.network.reactions):

        def c(item) -> torch.Tensor:
            return log_c[place[item.species]].exp()

        def ratio(item) -> torch.Tensor:
            return c(item) / np.exp(ln_km[column[item.km]])

        x = [ratio(p) for p in reaction.substrates if p.km]
        y = [ratio(p) for p in reaction.products if p.km]
        one = torch.ones((), dtype=torch.float64)
        gamma = one / case.state.keq[j]
        for item in (*reaction.participants, *reaction.modifiers):
            if getattr(item, "kind", "") != "first_order":
                gamma = gamma * c(item) ** item.n
        rate = one * np.exp(ln_vmax[j])
        if reaction.reversible:
            rate = rate * (1 - gamma)
        for item in reaction.modifiers:
            if item.kind == "first_order" and item.n < 0:
                rate = rate * c(item) ** -item.n
        if reaction.law == "mass_action":
            for item in reaction.substrates:
                rate = rate * c(item) ** -item.n
        elif reaction.law == "irrev_mm":
            for value in x:
                rate = rate * value / (1 + value)
        elif reaction.law in ("rev_mm", "hill_nn"):
            for s, p in zip(x, y, strict=True):
                rate = rate * s / (1 + s + p)
        else:
            left = right = one
            for value, item in zip(x, reaction.substrates, strict=True):
                left = left * sum(value**a for a in range(int(-item.n) + 1))
                rate = rate * value**-item.n
            for value, item in zip(y, reaction.products, strict=True):
                right = right * sum(value**a for a in range(int(item.n) + 1))
            rate = rate / (left + right - 1)
        rates.append(rate)
    return torch.stack(rates)


def reduced_by_autodiff(case: KineticCase, ln_km: np.ndarray) -> np.ndarray:
    """The reduced Jacobian of one model, by automatic differentiation of its rates."""
    of = balances(case.network)
    ln_vmax = evaluator_of(case).ln_vmax(ln_km[None])[0]
    log_c = torch.log(torch.tensor(case.state.concentrations))
    by_log = torch.autograd.functional.jacobian(
        lambda y: rates_of(case, y, ln_km, ln_vmax), log_c, vectorize=True
    ).numpy()
    full = of.matrix @ (by_log / case.state.concentrations)
    rows = np.isin(of.dynamic, of.independent)
    return full[rows][:, of.independent] + full[rows][:, of.dependent] @ of.link
