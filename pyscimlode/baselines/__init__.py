"""What any model must beat: controls that need no training, and simpler models."""

from __future__ import annotations

from pyscimlode.baselines.base import FittedBaseline, FittedForecaster, Forecaster
from pyscimlode.baselines.controls import CONTROLS, Control, control_predictions
from pyscimlode.baselines.derivative_regression import (
    DerivativeRegression,
    FittedDerivativeRegression,
)
from pyscimlode.baselines.fitted_tpot import FittedTPOT
from pyscimlode.baselines.gaussian_process import (
    DirectGaussianProcess,
    FittedDirectGaussianProcess,
)
from pyscimlode.baselines.tpot import TPOTBaseline

__all__ = [
    "CONTROLS",
    "Control",
    "DerivativeRegression",
    "DirectGaussianProcess",
    "FittedBaseline",
    "FittedDerivativeRegression",
    "FittedDirectGaussianProcess",
    "FittedForecaster",
    "FittedTPOT",
    "Forecaster",
    "TPOTBaseline",
    "control_predictions",
]
