"""Kinetic models in torch: the same arrays on CPU or CUDA, differentiable in the KM."""

from __future__ import annotations

from pyscimlode.kinetics.torch.eigen import leading_real_part
from pyscimlode.kinetics.torch.evaluator import TorchEvaluator
from pyscimlode.kinetics.torch.training import (
    GradientResult,
    GradientStep,
    GradientTraining,
    train_by_gradient,
)

__all__ = [
    "GradientResult",
    "GradientStep",
    "GradientTraining",
    "TorchEvaluator",
    "leading_real_part",
    "train_by_gradient",
]
