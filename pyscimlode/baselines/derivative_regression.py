"""Derivative regression: learn dz/dt from measured series, then integrate.

Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedBaseline, check_ensemble, initial_states
from pyscimlode.baselines.derivative_tables import (
    DerivativeTable,
    Interpolation,
    Rows,
    derivative_table,
    interval_table,
)
from pyscimlode.baselines.integration import Field, heun
from pyscimlode.baselines.regressors import (
    GAUSSIAN_PROCESS,
    GAUSSIAN_PROCESS_ROWS,
    named_regressor,
    predictor,
    reseeded,
    trainer,
)
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import PUBLISHED_POINTS, controls_at
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import ModelError

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DerivativeRegression:
    """One regressor a metabolite derivative, then integration from the measured start.

    As published, every training strain is interpolated to an even grid, its derivatives are taken
    with a Savitzky-Golay filter, and one regressor for each metabolite learns its derivative from
    all metabolites and proteins. The Gaussian process learns from one row for each interval between
    measurements instead: on the grid, rows between the same two measurements share their noise,
    and it would take that for the shape of the field.

    A forecast integrates from the strain's first measured state, with its measured p(t) as inputs.
    States are not clipped: a forecast may become negative, and one that blows up is NaN with a
    status.

    Args:
        regressor: ``"extra-trees"``, ``"gradient-boosting"``, ``"k-nearest"``,
            ``"gaussian-process"``, or a scikit-learn estimator, of which a clone is trained for
            each metabolite on features in measured units.
        interpolation: ``"time"``; ``"row"`` reproduces the published pipelines.
        rows: ``"grid"`` or ``"intervals"`` (see :func:`interval_table`), which needs
            ``interpolation="time"``; by default intervals for the Gaussian process by name, unless
            interpolated by row, and the grid for others.
        points: of each strain's even grid.
        window: points of the Savitzky-Golay filter.
        order: of its polynomial.
        step: longest step of the integration in time units; by default that of the grid.
        max_rows: rows a regressor is trained on at most, drawn at random; by default 1000 for the
            Gaussian process by name, all for others.
        ensemble: number of members, which differ in their random states and drawn rows.
        seed: of the first member.
    """

    regressor: Any = "extra-trees"
    interpolation: Interpolation = "time"
    rows: Rows | None = None
    points: int = PUBLISHED_POINTS
    window: int = 7
    order: int = 2
    step: float | None = None
    max_rows: int | None = None
    ensemble: int = 1
    seed: int = 0

    @property
    def name(self) -> str:
        """Name in score tables."""
        named = isinstance(self.regressor, str)
        return f"derivatives: {self.regressor if named else type(self.regressor).__name__}"

    def fit(self, train: Dataset) -> FittedDerivativeRegression:
        """Learn the derivatives of the training strains.

        Raises:
            DataError: for data that cannot be trained on, or a window that does not fit.
            ModelError: for an unknown regressor or interpolation.
        """
        check_ensemble(self.ensemble)
        if self.step is not None and not self.step > 0:
            raise ModelError(f"step={self.step!r}: the step of the integration is positive.")
        named = isinstance(self.regressor, str)
        template = named_regressor(self.regressor) if named else self.regressor
        validate_for_training(train)
        table = self._table(train)
        limit = self.max_rows
        if limit is None and named and self.regressor == GAUSSIAN_PROCESS:
            limit = GAUSSIAN_PROCESS_ROWS
        train_one = trainer(self.regressor if named else None)
        members = tuple(
            tuple(
                _fit_column(template, table, column, limit, seed, train_one)
                for column in range(len(train.state_names))
            )
            for seed in range(self.seed, self.seed + self.ensemble)
        )
        return FittedDerivativeRegression(
            self.name, train, members, table.step if self.step is None else self.step
        )

    def _table(self, train: Dataset) -> DerivativeTable:
        rows = self.rows
        if rows is None:
            of_intervals = self.regressor == GAUSSIAN_PROCESS and self.interpolation == "time"
            rows = "intervals" if of_intervals else "grid"
        if rows not in ("grid", "intervals"):
            raise ModelError(f"rows={rows!r}: it is 'grid' or 'intervals'.")
        if rows == "intervals":
            if self.interpolation != "time":
                raise ModelError(
                    f"rows='intervals' with interpolation={self.interpolation!r}: slopes between "
                    "measurements are in time. Use interpolation='time' or rows='grid'."
                )
            return interval_table(train, points=self.points)
        return derivative_table(
            train,
            interpolation=self.interpolation,
            points=self.points,
            window=self.window,
            order=self.order,
        )


@dataclass(frozen=True, eq=False)
class FittedDerivativeRegression(FittedBaseline):
    """Trained derivative regressors.

    Attributes:
        regressors: of each member, one a state.
        step: longest step of the integration, in time units.
    """

    regressors: tuple[tuple[Any, ...], ...]
    step: float

    def field(self, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return the learned dz/dt ``(members, rows, states)``, measured units per time unit.

        Args:
            z: ``(rows, states)``, measured units.
            p: ``(rows, controls)``, measured units.
        """
        return np.stack([_as_field(member)(z, p) for member in self.regressors])

    def _trajectories(self, dataset: Dataset, times: Sequence[FloatArray]) -> list[FloatArray]:
        starts = np.array([e.times[0] for e in dataset])

        def inputs(row: int, grid: FloatArray) -> FloatArray:
            return controls_at(dataset, dataset.names[row], grid)

        members = [
            heun(_as_field(member), initial_states(dataset), inputs, times, starts, self.step)
            for member in self.regressors
        ]
        return [np.stack(of_experiment) for of_experiment in zip(*members, strict=True)]


def _fit_column(
    template: Any,
    table: DerivativeTable,
    column: int,
    limit: int | None,
    seed: int,
    train_one: Callable[[Any, FloatArray, FloatArray], Any],
) -> Any:
    target = table.derivatives[:, column]
    rows = np.flatnonzero(np.isfinite(target))
    if limit is not None and len(rows) > limit:
        rows = np.sort(np.random.default_rng([seed, column]).permutation(rows)[:limit])
    return train_one(reseeded(template, seed), table.features[rows], target[rows])


def _as_field(regressors: tuple[Any, ...]) -> Field:
    predictors = [predictor(regressor) for regressor in regressors]

    def field(z: FloatArray, p: FloatArray) -> FloatArray:
        features = np.column_stack((z, p))
        return np.column_stack([predict(features) for predict in predictors])

    return field
