"""What a fit returns: trained members, predictions, scores, and their files."""

from __future__ import annotations

from pyscimlode.predictions import Prediction
from pyscimlode.results.calibration import Calibration
from pyscimlode.results.conformal import ConformalForecaster, recalibrate
from pyscimlode.results.coverage_table import Coverage
from pyscimlode.results.fit_result import FitResult
from pyscimlode.results.interval_coverage import coverage
from pyscimlode.results.scores import Scores
from pyscimlode.results.scoring import score_forecasters
from pyscimlode.results.swap import SwapTest, swap_test
from pyscimlode.results.sweep import SweepResult

__all__ = [
    "Calibration",
    "ConformalForecaster",
    "Coverage",
    "FitResult",
    "Prediction",
    "Scores",
    "SwapTest",
    "SweepResult",
    "coverage",
    "recalibrate",
    "score_forecasters",
    "swap_test",
]
