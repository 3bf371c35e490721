"""``MetabolicForecaster``: a fit as a scikit-learn regressor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from pyscimlode.api import fit
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, DataError
from pyscimlode.estimator.parameters import fields_of, with_fields
from pyscimlode.estimator.series import series_rows
from pyscimlode.estimator.tables import (
    Rows,
    end_point_rows,
    is_series,
    target_table,
    to_Xy,
)
from pyscimlode.models.base import Model
from pyscimlode.objectives.metrics import reference_sd
from pyscimlode.predictions import Prediction
from pyscimlode.problem import Objective
from pyscimlode.results import FitResult
from pyscimlode.training import Stage

FloatArray = npt.NDArray[np.float64]
Groups = Sequence[Any] | npt.NDArray[Any]
MODEL = "model__"


class MetabolicForecaster(RegressorMixin, BaseEstimator):
    """Forecasts states of strains; everything that scikit-learn does with a regressor works.

    ``X`` and ``y`` are time series or end points, see :mod:`pyscimlode.estimator.tables`;
    ``to_Xy`` makes them of a data set. ``fit`` and ``predict`` take a
    :class:`~pyscimlode.data.Dataset` as well; predictions are then in the rows of ``to_Xy``.

    Args:
        model: as for :func:`pyscimlode.fit`. Fields of a model are parameters too, such as
            ``model__widths``.
        backend: the training engine.
        solver: a name or a :class:`SolverSpec`.
        pir: factor of the penalty on negative states.
        lipschitz: factor of the Lipschitz penalty; see :func:`pyscimlode.fit`.
        stages: of training; None for a recipe that depends on the number of strains.
        ensemble: number of members, whose median is predicted.
        loss: ``"huber"``, ``"mse"`` or an :class:`Objective`.
        weighting: ``"state"`` or ``"cell"``.
        horizon: of end points, the time at which ``y`` was measured; all begin at time 0.
        initial: of end points, the state at time 0: one number, or one a state.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``.
        dtype: ``"auto"``, ``"float64"``, ``"float32"``.
        random_state: the first member's seed; the others follow.
        progress: show progress.

    Attributes:
        result_: the :class:`~pyscimlode.results.FitResult`.
        state_names_: the columns of predictions.
        state_sd_: ``(states,)`` over the measured points of the training strains, NaN for a state
            that does not vary; the unit of :func:`~pyscimlode.estimator.neg_nrmse`.
        layout_: ``"series"`` or ``"end points"``.
        n_features_in_: number of columns of ``X``.
        feature_names_in_: their names, where they have any.

    >>> import pyscimlode
    >>> from pyscimlode.estimator import MetabolicForecaster, to_Xy
    >>> train, test = pyscimlode.datasets.benchmark("sim-sparse", n=2)
    >>> X, y, groups = to_Xy(train)
    >>> forecaster = MetabolicForecaster(ensemble=1, stages=[pyscimlode.Adam(2)])
    >>> forecaster.fit(X, y).predict(to_Xy(test)[0]).shape
    (1460, 10)
    """

    __metadata_request__fit: ClassVar[dict[str, bool]] = {"groups": False}

    def __init__(
        self,
        model: str | Model | None = None,
        backend: str = "torch",
        *,
        solver: str | SolverSpec = "auto",
        pir: float = 1.0,
        lipschitz: float = 0.0,
        stages: Sequence[Stage] | None = None,
        ensemble: int = 3,
        loss: Literal["huber", "mse"] | Objective | None = None,
        weighting: Literal["state", "cell"] = "state",
        horizon: float = 1.0,
        initial: float | Sequence[float] = 0.0,
        device: str = "auto",
        dtype: str = "auto",
        random_state: int | np.random.RandomState | None = 0,
        progress: bool = False,
    ) -> None:
        self.model = model
        self.backend = backend
        self.solver = solver
        self.pir = pir
        self.lipschitz = lipschitz
        self.stages = stages
        self.ensemble = ensemble
        self.loss = loss
        self.weighting = weighting
        self.horizon = horizon
        self.initial = initial
        self.device = device
        self.dtype = dtype
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any = None, groups: Groups | None = None) -> MetabolicForecaster:
        """Train on strains.

        Args:
            X: a data set, or a table of time series or end points.
            y: states of the rows of a table.
            groups: the strain of each row of end points, where a strain has several; time series
                have a column for it.

        Raises:
            DataError: for data that cannot be used; also as :func:`pyscimlode.fit`.
            ValueError: from scikit-learn, for end points that are no finite, non-negative numbers.
        """
        self.layout_ = "series" if isinstance(X, Dataset) or is_series(X) else "end points"
        rows = self._training_rows(X, y, groups)
        self.result_: FitResult = fit(
            rows.dataset,
            backend=self.backend,
            model=self.model,
            solver=self.solver,
            pir=self.pir,
            lipschitz=self.lipschitz,
            stages=self.stages,
            ensemble=self.ensemble,
            seed=self._seed(),
            loss=self.loss,
            weighting=self.weighting,
            device=self.device,
            dtype=self.dtype,
            progress=self.progress,
        )
        self.state_names_ = rows.dataset.state_names
        self.state_sd_ = reference_sd(rows.dataset)
        return self

    def predict(self, X: Any) -> FloatArray:
        """Return the forecast of each row, ``(rows, states)``; ``(rows,)`` if ``y`` had one axis.

        NaN where every member's solve failed.
        """
        rows = self._rows(X)
        forecast = self.result_.predict(rows.dataset)
        values = [forecast.median(name) for name in rows.dataset.names]
        table = np.stack(
            [values[i][k] for i, k in zip(rows.experiment_of, rows.time_of, strict=True)]
        )
        return table[:, 0] if self._one_axis else table

    def forecast(self, X: Any, times: npt.ArrayLike | None = None) -> Prediction:
        """Return whole trajectories with their intervals, by series; see ``FitResult.predict``."""
        return self.result_.predict(self._rows(X).dataset, times)

    def score(self, X: Any, y: Any = None) -> float:
        """Return R^2 over the measured cells after the start, the mean over states.

        Its unit is the variance of the scored rows, so it differs from strain to strain; choose
        models by :func:`~pyscimlode.estimator.neg_nrmse`.
        """
        predicted, measured, counted = self.cells(X, y)
        scores = [
            r2_score(measured[rows, column], predicted[rows, column])
            for column, rows in enumerate(counted.T)
            if rows.sum() > 1
        ]
        if not scores:
            raise DataError("R^2 needs two measured values of a state after the start at least.")
        return float(np.mean(scores))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, with the fields of the model if ``deep``."""
        params: dict[str, Any] = super().get_params(deep)
        if deep and isinstance(self.model, Model):
            params |= {MODEL + name: getattr(self.model, name) for name in fields_of(self.model)}
        return params

    def set_params(self, **params: Any) -> MetabolicForecaster:
        """Set parameters; ``model__<field>`` replaces a field of the model.

        Raises:
            ModelError: for a field of a model that is None, or that the model does not have.
        """
        nested = {key: value for key, value in params.items() if key.startswith(MODEL)}
        super().set_params(**{k: v for k, v in params.items() if k not in nested})
        if nested:
            self.model = with_fields(
                self.model, {key.removeprefix(MODEL): value for key, value in nested.items()}
            )
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.target_tags.positive_only = True
        tags.target_tags.multi_output = True
        tags.non_deterministic = False
        return tags

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _training_rows(self, X: Any, y: Any, groups: Groups | None) -> Rows:
        if self.layout_ == "series":
            if groups is not None:
                raise DataError(
                    "Time series say in their column 'strain' which strain a row is of; leave "
                    "groups out of fit."
                )
            return self._training_series(X, y)
        columns = getattr(y, "columns", None)
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        check_non_negative(X, "MetabolicForecaster")
        self._one_axis = y.ndim == 1
        table = np.reshape(y, (len(X), -1)).astype(np.float64)
        numbered = [f"y{i}" for i in range(table.shape[1])]
        self._y_names = numbered if columns is None else [str(name) for name in columns]
        return self._end_points(X, table, groups)

    def _training_series(self, X: Any, y: Any) -> Rows:
        if isinstance(X, Dataset):
            if y is not None:
                raise DataError("A Dataset has its states in itself; leave y out.")
            self._one_axis = False
            validate_data(self, X=to_Xy(X)[0], skip_check_array=True)
            return Rows.of_dataset(X)
        if y is None:
            raise ColumnError(
                "MetabolicForecaster requires y to be passed, but the target y is None: a table "
                "of time series has the states of its rows in y; see to_Xy(dataset)."
            )
        self._one_axis = np.asarray(y).ndim == 1
        validate_data(self, X=X, skip_check_array=True)
        return series_rows(X, y)

    def _rows(self, X: Any) -> Rows:
        """Return what is to be forecast."""
        check_is_fitted(self)
        if isinstance(X, Dataset):
            return Rows.of_dataset(X)
        if self.layout_ == "series":
            if not is_series(X):
                raise ColumnError(
                    "This forecaster was trained on time series, and X has none of their columns "
                    f"({', '.join(map(str, self.feature_names_in_[:8]))}, ...). Give a DataFrame "
                    "with them, as to_Xy(dataset) returns."
                )
            validate_data(self, X=X, skip_check_array=True, reset=False)
            return series_rows(X, like=self.result_.train)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        check_non_negative(X, "MetabolicForecaster")
        return self._end_points(X, None, None)

    def _end_points(self, X: FloatArray, y: FloatArray | None, groups: Groups | None) -> Rows:
        width = X.shape[1]
        return end_point_rows(
            X,
            y,
            state_names=self._y_names,
            control_names=getattr(self, "feature_names_in_", [f"x{i}" for i in range(width)]),
            horizon=self.horizon,
            initial=self.initial,
            groups=groups,
        )

    def cells(self, X: Any, y: Any) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        """Return forecasts, measured values, and which cells a score counts.

        Each is ``(rows, states)``. Cells at a start, which are given, do not count, nor cells
        that were not measured.
        """
        if isinstance(X, Dataset):
            y = to_Xy(X)[1] if y is None else y
        rows = self._rows(X)
        predicted = np.reshape(self.predict(X), (len(rows.time_of), -1))
        measured = target_table(y, self.state_names_, len(predicted))
        counted = np.isfinite(measured)
        if self.layout_ == "series":
            counted[rows.at_start] = False
        return predicted, measured, counted
