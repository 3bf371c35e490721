"""Regressors by name, each with settings that suit derivatives of strains."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import ModelError, did_you_mean

FloatArray = npt.NDArray[np.float64]

GAUSSIAN_PROCESS = "gaussian-process"
REGRESSORS = ("extra-trees", "gradient-boosting", "k-nearest", GAUSSIAN_PROCESS)
"""Names that ``DerivativeRegression(regressor=...)`` takes."""

GAUSSIAN_PROCESS_ROWS = 1000
"""Rows a Gaussian process is trained on at most: its cost grows with the third power."""
SCALE_ROWS = 300
"""Rows its scales are learned from at most, which takes some hundred times as long as training."""
LOG_OFFSET = 0.05
"""Added to shares of the training maximum before the logarithm."""


def named_regressor(name: str) -> Any:
    """Return an untrained scikit-learn regressor.

    Extra trees and gradient boosting take the features as they are. Neighbours and the Gaussian
    process measure distances, so their features are standardised logarithms: log1p (of what is
    positive) for neighbours; for the Gaussian process the logarithm of the share of the training
    maximum plus 0.05, in which rates saturate as smoothly at small as at large values.

    Raises:
        ModelError: for an unknown name.
    """
    if name == "extra-trees":
        from sklearn.ensemble import ExtraTreesRegressor

        return ExtraTreesRegressor(n_estimators=100, n_jobs=1)
    if name == "gradient-boosting":
        from sklearn.ensemble import HistGradientBoostingRegressor

        # Its own early stopping would hold out rows between their neighbours in time.
        return HistGradientBoostingRegressor(early_stopping=False)
    if name == "k-nearest":
        from sklearn.neighbors import KNeighborsRegressor

        return _standardised(
            KNeighborsRegressor(10, weights="distance", algorithm="brute", n_jobs=1)
        )
    if name == GAUSSIAN_PROCESS:
        return _process_of_shares()
    raise ModelError(
        f"There is no regressor {name!r}; there are {', '.join(REGRESSORS)}, or give a "
        "scikit-learn estimator." + did_you_mean(name, REGRESSORS)
    )


def gaussian_process(length_scales: int = 1, nu: float | None = None) -> Any:
    """Return a Gaussian process with noise, its scales learned.

    Args:
        length_scales: 1 for a common one, else one for each feature.
        nu: smoothness of a Matern kernel; None: the squared exponential.
    """
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

    scales = np.full(length_scales, 3.0) if length_scales > 1 else 3.0
    bounds = (1e-1, 1e3)
    shape = RBF(scales, bounds) if nu is None else Matern(scales, bounds, nu)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * shape + WhiteKernel(0.1, (1e-6, 1e1))
    return GaussianProcessRegressor(kernel, normalize_y=True)


def reseeded(estimator: Any, seed: int) -> Any:
    """Return an untrained copy, with all its random states set."""
    from sklearn.base import clone

    copy = clone(estimator)
    states = [name for name in copy.get_params() if name.split("__")[-1] == "random_state"]
    return copy.set_params(**dict.fromkeys(states, seed))


def trainer(name: str | None) -> Callable[[Any, FloatArray, FloatArray], Any]:
    """Return what trains a regressor of this name and returns it; None: a given estimator."""
    if name is None:
        return lambda estimator, x, y: estimator.fit(x, y)
    return fit_process if name == GAUSSIAN_PROCESS else fit_quietly


def fit_quietly(estimator: Any, x: FloatArray, y: FloatArray) -> Any:
    """Train one of the named regressors, and return it.

    A scale of a Gaussian process at its bound is no news to whoever asked for a baseline.
    """
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(x, y)


def fit_process(pipeline: Any, x: FloatArray, y: FloatArray) -> Any:
    """Train a pipeline that ends in a Gaussian process, its scales on some rows, and return it."""
    from sklearn.base import clone

    if len(x) <= SCALE_ROWS:
        return fit_quietly(pipeline, x, y)
    few = np.linspace(0, len(x) - 1, SCALE_ROWS).astype(np.intp)
    learned = fit_quietly(clone(pipeline), x[few], y[few])
    pipeline[-1].set_params(kernel=learned[-1].kernel_, optimizer=None)
    return pipeline.fit(x, y)


def predictor(regressor: Any) -> Callable[[FloatArray], FloatArray]:
    """Return the regressor's ``predict``, faster for forests.

    An integration asks for a few rows thousands of times, and nearly all of a forest's time then
    goes into checking the same rows again for every tree.
    """
    from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

    if type(regressor) not in (ExtraTreesRegressor, RandomForestRegressor):
        return cast(Callable[[FloatArray], FloatArray], regressor.predict)
    trees = [tree.tree_ for tree in regressor.estimators_]

    def mean_over_trees(x: FloatArray) -> FloatArray:
        rows = np.ascontiguousarray(x, dtype=np.float32)
        return np.asarray(sum(tree.predict(rows)[:, 0] for tree in trees) / len(trees))

    return mean_over_trees


def log1p_of_positive(values: FloatArray) -> FloatArray:
    """Return log(1 + max(x, 0))."""
    return np.asarray(np.log1p(np.maximum(values, 0.0)))


def log_share(shares: FloatArray) -> FloatArray:
    """Return log(max(x, 0) + 0.05) of shares of the training maximum."""
    return np.asarray(np.log(np.maximum(shares, 0.0) + LOG_OFFSET))


def _process_of_shares() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

    return make_pipeline(
        MaxAbsScaler(), FunctionTransformer(log_share), StandardScaler(), gaussian_process(nu=2.5)
    )


def _standardised(regressor: Any) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    return make_pipeline(FunctionTransformer(log1p_of_positive), StandardScaler(), regressor)
