"""The Jacobian by forward automatic differentiation of the rates, batched, then torch's eigvals."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch import Tensor

from pyscimlode.kinetics import KineticCase, KineticEvaluator, balances
from pyscimlode.kinetics.networks.checks import log_displacement
from pyscimlode.kinetics.torch import TorchEvaluator


class Autograd:
    """KM -> lambda_max with ``torch.func.jacfwd`` on the rates of a whole batch."""

    def __init__(self, case: KineticCase, evaluator: KineticEvaluator) -> None:
        self.rates = TorchEvaluator(evaluator)
        laws, state, of = evaluator.laws, case.state, balances(case.network)
        c = state.concentrations
        rows = np.isin(of.dynamic, of.independent)
        chain = np.zeros((len(c), len(of.independent)))
        chain[of.independent, np.arange(len(of.independent))] = 1.0
        chain[of.dependent] = of.link * c[of.independent] / c[of.dependent][:, None]
        flow = of.matrix[rows] * state.fluxes_mM_h / c[of.independent][:, None]
        self.chain, self.flow = torch.from_numpy(chain), torch.from_numpy(flow)
        self.forward = torch.from_numpy(laws.forward)
        self.displacement = torch.from_numpy(laws.displacement)
        self.log_r = torch.from_numpy(log_displacement(case.network, state))
        self.species, self.km = torch.from_numpy(laws.species), torch.from_numpy(laws.km)

    def lambda_max(self, ln_km: np.ndarray) -> np.ndarray:
        """Return the largest real part ``(models,)``."""
        values = torch.linalg.eigvals(self.jacobian(torch.from_numpy(ln_km)))
        return values.real.amax(dim=1).numpy()

    def jacobian(self, ln_km: Tensor) -> Tensor:
        """Return the reduced Jacobians ``(models, n, n)``, scaled by concentrations."""
        there = self.rates.ln_vmax(ln_km)

        def log_rates(moved: Tensor) -> Tensor:
            """Return ln v/v_ss ``(models, reactions)``; moved: ln c/c_ss, independent species."""
            log_c = self.chain @ moved
            shift = torch.zeros_like(ln_km[0]).index_put((self.km,), log_c[self.species])
            saturated = self.rates.ln_vmax(ln_km - shift) - there
            left = torch.expm1(self.log_r + self.displacement @ log_c) / torch.expm1(self.log_r)
            return self.forward @ log_c + left.log() - saturated

        start = torch.zeros(self.chain.shape[1], dtype=torch.float64)
        with warnings.catch_warnings():
            # The first call loads parts of torch that torch itself deprecates.
            warnings.simplefilter("ignore", DeprecationWarning)
            return self.flow @ torch.func.jacfwd(log_rates)(start)
