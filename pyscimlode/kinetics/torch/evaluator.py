"""KM -> Vmax -> Jacobian -> largest eigenvalue in torch, on any device, differentiable."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from pyscimlode.backends.torch.saturation import TorchSaturation
from pyscimlode.errors import DataError
from pyscimlode.kinetics.evaluation.evaluator import THRESHOLD, KineticEvaluator
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
        self._km = self._tensor(laws.km)
        self._reaction = self._tensor(laws.reaction)
        self._order = self._tensor(laws.order)
        self._log_c = self._tensor(evaluator.log_c[:, 0])
        self._base = self._tensor(evaluator.vmax_base)
        self._constant = self._tensor(linear.constant)
        moved = linear.matrix.tocoo()
        self._entry = self._tensor(linear.entries[moved.coords[0]])
        self._term = self._tensor(moved.coords[1].astype(np.int64))
        self._weight = self._tensor(moved.data)
        c = self._tensor(linear.concentrations)
        self._unscale = c[:, None] / c
        self._saturated = TorchSaturation(laws, self.device)

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
        flat = self._constant.reshape(1, -1).repeat(len(remaining), 1)
        flat = flat.index_add(1, self._entry, self._weight * remaining[:, self._term])
        jacobian = flat.reshape(-1, *self._constant.shape)
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
        log_d, remaining = self._saturated(x.T)
        return log_d.T, remaining.T

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
