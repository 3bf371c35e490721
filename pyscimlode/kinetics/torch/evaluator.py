"""KM -> Vmax -> Jacobian -> largest eigenvalue in torch, on any device, differentiable."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyscimlode.errors import DataError
from pyscimlode.kinetics.evaluator import THRESHOLD, KineticEvaluator
from pyscimlode.kinetics.torch.eigen import eigenvalues, leading_real_part, screen
from pyscimlode.kinetics.torch.squaring import squaring_test

TESTS = ("auto", "arnoldi", "squaring")


class TorchEvaluator:
    """Evaluates sets of KM as :class:`KineticEvaluator` does, in float64 tensors.

    Every method takes ``ln_km: (models, KM)``, ln mM, and is differentiable unless it says
    otherwise. The arithmetic is written once more, so that each evaluator checks the other.

    Args:
        evaluator: of a network at a steady state.
        device: of the tensors, such as ``"cpu"`` or ``"cuda"``.
    """

    def __init__(self, evaluator: KineticEvaluator, device: str | torch.device = "cpu") -> None:
        self.network = evaluator.network
        self.device = torch.device(device)
        laws, linear = evaluator.laws, evaluator.linear
        self._laws = laws
        self._km = self._tensor(laws.km)
        self._reaction = self._tensor(laws.reaction)
        self._order = self._tensor(laws.order)
        self._log_c = self._tensor(evaluator.log_c[:, 0])
        self._base = self._tensor(evaluator.vmax_base)
        self._constant = self._tensor(linear.constant)
        self._left = self._tensor(linear.left)
        self._right = self._tensor(linear.right)
        c = self._tensor(linear.concentrations)
        self._unscale = c[:, None] / c
        self._pairs = self._tensor(laws.pairs)
        self._pair_reaction = self._tensor(laws.pair_reaction)
        self._sides = (self._tensor(laws.substrate_side), self._tensor(laws.product_side))
        self._sided_reaction = self._tensor(laws.sided_reaction)
        self._turns = self._tensor(np.append(laws.turns, 0).astype(np.float64))

    def ln_vmax(self, ln_km: Tensor) -> Tensor:
        """Return ln Vmax ``(models, reactions)`` in mM/h."""
        ln_km = self._checked(ln_km)
        log_d, _ = self._saturation(ln_km)
        powers = torch.zeros_like(log_d)
        powers = powers.index_add(1, self._reaction, self._order * ln_km[:, self._km])
        return self._base + log_d + powers

    def jacobian(self, ln_km: Tensor, *, scaled: bool = False) -> Tensor:
        """Return the reduced Jacobians ``(models, n, n)`` in 1/h."""
        _, remaining = self._saturation(self._checked(ln_km))
        jacobian = self._constant + (self._left * remaining[:, None, :]) @ self._right
        return jacobian if scaled else jacobian * self._unscale

    def eigenvalues(self, ln_km: Tensor) -> Tensor:
        """Return all eigenvalues ``(models, n)``; not differentiable."""
        return eigenvalues(self.jacobian(ln_km, scaled=True))

    def lambda_max(self, ln_km: Tensor) -> Tensor:
        """Return the largest real part ``(models,)`` in 1/h."""
        return leading_real_part(self.jacobian(ln_km, scaled=True))

    def valid(self, ln_km: Tensor, *, threshold: float = THRESHOLD, test: str = "auto") -> Tensor:
        """Return whether each model is valid ``(models,)``; not differentiable.

        Args:
            ln_km: ``(models, KM)``.
            threshold: largest lambda_max of a valid model, 1/h.
            test: what comes before all eigenvalues of the models that it leaves open, which are
                computed on the CPU. ``"arnoldi"`` rejects models and leaves all valid ones open;
                ``"squaring"`` decides both, but next to the threshold, and is all products on the
                device. ``"auto"``: squaring on a GPU, Arnoldi on the CPU. The answer is the same.

        Raises:
            DataError: an unknown test.
        """
        if test not in TESTS:
            raise DataError(f"test={test!r} is not known; there are {', '.join(TESTS)}.")
        if test == "auto":
            test = "arnoldi" if self.device.type == "cpu" else "squaring"
        with torch.no_grad():
            jacobian = self.jacobian(ln_km, scaled=True)
            if test == "squaring":
                valid, decided = squaring_test(jacobian, threshold)
            else:
                valid = screen(jacobian, threshold).isnan()
                decided = ~valid
            values = eigenvalues(jacobian[~decided])
            valid[~decided] = values.real.amax(dim=-1) <= threshold
        return valid

    def _saturation(self, ln_km: Tensor) -> tuple[Tensor, Tensor]:
        """Return ln D ``(models, reactions)`` and H ``(models, terms)``."""
        x = torch.exp(self._log_c - ln_km[:, self._km])
        x = torch.cat([x, torch.zeros_like(x[:, :1])], dim=1)
        log_d = torch.zeros(len(x), len(self.network.reactions), dtype=x.dtype, device=x.device)
        remaining = torch.zeros_like(x)
        if len(self._pairs):
            s, p = x[:, self._pairs[:, 0]], x[:, self._pairs[:, 1]]
            log_d = log_d.index_add(1, self._pair_reaction, torch.log1p(s + p))
            remaining = remaining.index_add(1, self._pairs[:, 1], -p / (1 + s + p))
            remaining = remaining.index_add(1, self._pairs[:, 0], (1 + p) / (1 + s + p))
        if len(self._sided_reaction):
            log_d, remaining = self._sided(x, log_d, remaining)
        return log_d, remaining[:, :-1]

    def _sided(self, x: Tensor, log_d: Tensor, remaining: Tensor) -> tuple[Tensor, Tensor]:
        total, slope, short = self._polynomials(x)
        substrates, products = self._sides
        s_side, p_side = total[:, substrates].prod(dim=2), total[:, products].prod(dim=2)
        rest = p_side - 1.0
        denominator = s_side + rest
        log_d = log_d.index_add(1, self._sided_reaction, denominator.log())
        for side in substrates.T:
            value = (s_side * short[:, side] + self._turns[side] * rest) / denominator
            remaining = remaining.index_add(1, side, value)
        for side in products.T:
            remaining = remaining.index_add(1, side, -p_side * slope[:, side] / denominator)
        return log_d, remaining

    def _polynomials(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return a, tau and n - tau ``(models, terms + 1)``, a = 1 + ... + x^n."""
        total, slope, power = torch.ones_like(x), torch.zeros_like(x), torch.ones_like(x)
        short = self._turns.expand_as(x)
        for count in range(1, int(self._turns.max()) + 1):
            power = torch.where(self._turns >= count, power * x, 0.0)
            total = total + power
            slope = slope + count * power
            short = short + (self._turns - count) * power
        return total, slope / total, short / total

    def _tensor(self, array: np.ndarray) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(array), device=self.device)

    def _checked(self, ln_km: Tensor) -> Tensor:
        wanted = len(self.network.km_names)
        if ln_km.ndim != 2 or ln_km.shape[1] != wanted or ln_km.dtype != torch.float64:
            raise DataError(
                f"ln_km is a {ln_km.dtype} tensor of the shape {tuple(ln_km.shape)}; it must be "
                f"float64 of (models, {wanted})."
            )
        return ln_km.to(self.device)
