"""What torch says of a batch of models, as arrays: to be compared with what others say."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from pyscimlode.kinetics.evaluation.evaluator import CHUNK, KineticEvaluator
from pyscimlode.kinetics.torch.evaluator import TorchEvaluator

FloatArray = npt.NDArray[np.float64]


def torch_eigenvalues(evaluator: KineticEvaluator, ln_km: FloatArray) -> npt.NDArray[np.complex128]:
    """Return all eigenvalues ``(models, n)`` in 1/h, from torch's own Jacobians, on the CPU."""
    own = TorchEvaluator(evaluator)
    with torch.no_grad():
        parts = [own.eigenvalues(part).numpy() for part in torch.from_numpy(ln_km).split(CHUNK)]
    return np.concatenate(parts)


def torch_gradient(evaluator: KineticEvaluator, ln_km: FloatArray) -> FloatArray:
    """Return the derivative of lambda_max to ln KM ``(models, KM)``."""
    own = TorchEvaluator(evaluator)
    parts = []
    for part in torch.from_numpy(ln_km).split(CHUNK):
        leaf = part.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(own.lambda_max(leaf).sum(), leaf)
        parts.append(gradient.numpy())
    return np.concatenate(parts)
