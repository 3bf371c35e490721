"""The scikit-learn way in: an estimator, a splitter by strain, a scorer, and tables for them."""

from __future__ import annotations

from pyscimlode.estimator.forecaster import MetabolicForecaster
from pyscimlode.estimator.scoring import neg_nrmse
from pyscimlode.estimator.splitter import LeaveOneStrainOut
from pyscimlode.estimator.tables import to_Xy

__all__ = [
    "LeaveOneStrainOut",
    "MetabolicForecaster",
    "neg_nrmse",
    "to_Xy",
]
