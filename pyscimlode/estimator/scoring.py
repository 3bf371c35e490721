"""A scorer in a unit that does not change with the held-out strain."""

from __future__ import annotations

from typing import Any

import numpy as np

from pyscimlode.errors import DataError, ModelError
from pyscimlode.estimator.forecaster import MetabolicForecaster


def neg_nrmse(estimator: Any, X: Any, y: Any = None) -> float:
    """Return minus the NRMSE, the mean over states: a scorer, greater is better.

    The root mean squared error of each state over its measured cells after the start, in units of
    the standard deviation of that state over the training strains. NaN if a forecast failed.

    Args:
        estimator: a fitted :class:`MetabolicForecaster`, or a Pipeline that ends in one.
        X: rows of held-out strains, before the Pipeline's other steps.
        y: their states.

    Raises:
        ModelError: for another estimator.
        DataError: when nothing was measured after the start.
    """
    steps = getattr(estimator, "steps", None)
    forecaster = estimator if steps is None else steps[-1][1]
    if not isinstance(forecaster, MetabolicForecaster):
        raise ModelError(
            f"neg_nrmse scores a MetabolicForecaster, alone or at the end of a Pipeline; this is a "
            f"{type(forecaster).__name__}."
        )
    for _, step in (steps or ())[:-1]:
        X = X if step in (None, "passthrough") else step.transform(X)
    predicted, measured, counted = forecaster.cells(X, y)
    errors = [
        np.sqrt(((predicted[rows, column] - measured[rows, column]) ** 2).mean()) / sd
        for column, (rows, sd) in enumerate(zip(counted.T, forecaster.state_sd_, strict=True))
        if rows.any() and np.isfinite(sd)
    ]
    if not errors:
        raise DataError("No state that varies was measured after the start, so nothing is scored.")
    return -float(np.mean(errors))
