"""Derivative regression: learn dz/dt from interpolated series, then integrate.

Costello & Garcia Martin, npj Syst. Biol. Appl. 4:19 (2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedBaseline, check_ensemble, initial_states
from pyscimlode.baselines.integration import Field, heun
from pyscimlode.baselines.regressors import (
    GAUSSIAN_PROCESS_ROWS,
    fit_quietly,
    named_regressor,
    predictor,
    reseeded,
)
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import (
    PUBLISHED_POINTS,
    controls_at,
    interpolate_by_row,
    interpolate_by_time,
)
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import DataError, ModelError

FloatArray = npt.NDArray[np.float64]
Interpolation = Literal["time", "row"]


@dataclass(frozen=True, eq=False)
class DerivativeTable:
    """Rows to learn derivatives from, on an even time grid of each strain.

    Attributes:
        features: ``(rows, states + controls)``, measured units; a state that a strain never has
            is zero.
        derivatives: ``(rows, states)``, per time unit; NaN for a state that a strain never has.
        groups: ``(rows,)`` number of the strain, so that splits can keep strains whole.
        step: longest distance of two rows in time.
    """

    features: FloatArray
    derivatives: FloatArray
    groups: npt.NDArray[np.int64]
    step: float


def derivative_table(
    dataset: Dataset,
    *,
    interpolation: Interpolation = "time",
    points: int = PUBLISHED_POINTS,
    window: int = 7,
    order: int = 2,
) -> DerivativeTable:
    """Interpolate every experiment and take its Savitzky-Golay derivative.

    Args:
        dataset: the experiments.
        interpolation: ``"time"``, or ``"row"`` to reproduce published numbers.
        points: of each experiment's even grid.
        window: points of the Savitzky-Golay filter, odd.
        order: of its polynomial.

    Raises:
        DataError: for a window that does not fit.
        ModelError: for an unknown interpolation.
    """
    from scipy.signal import savgol_filter

    if interpolation not in ("time", "row"):
        raise ModelError(f"interpolation={interpolation!r}: it is 'time' or 'row'.")
    if not (window % 2 == 1 and 1 <= order < window <= points):
        raise DataError(
            f"A Savitzky-Golay window of {window} points with order {order} does not fit {points} "
            "points: 1 <= order < window <= points, and window odd."
        )
    on_grid = interpolate_by_time if interpolation == "time" else interpolate_by_row
    dense = [on_grid(e, points) for e in dataset]
    steps = [float(e.times[1] - e.times[0]) for e in dense]
    states = [np.nan_to_num(e.states, nan=0.0) for e in dense]
    slopes = [
        savgol_filter(z, window, order, deriv=1, delta=step, axis=0)
        for z, step in zip(states, steps, strict=True)
    ]
    controls = np.concatenate([e.controls for e in dense])
    has_state = np.concatenate([e.mask for e in dense])
    strain_numbers = [dataset.strains.index(e.strain) for e in dense]
    return DerivativeTable(
        features=np.column_stack((np.concatenate(states), controls)),
        derivatives=np.where(has_state, np.concatenate(slopes), np.nan),
        groups=np.repeat(np.array(strain_numbers, dtype=np.int64), points),
        step=max(steps),
    )


@dataclass(frozen=True)
class DerivativeRegression:
    """One regressor a metabolite derivative, then integration from the measured start.

    Every training strain is interpolated to an even grid, its derivatives are taken with a
    Savitzky-Golay filter, and one regressor for each metabolite learns its derivative from all
    metabolites and proteins. A forecast integrates these from the strain's first measured state,
    with its measured p(t) as inputs. States are not clipped: a forecast may become negative, and
    one that blows up is NaN with a status.

    Args:
        regressor: ``"extra-trees"``, ``"gradient-boosting"``, ``"k-nearest"``,
            ``"gaussian-process"``, or a scikit-learn estimator, of which a clone is trained for
            each metabolite on features in measured units.
        interpolation: ``"time"``; ``"row"`` reproduces the published pipelines.
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
        table = derivative_table(
            train,
            interpolation=self.interpolation,
            points=self.points,
            window=self.window,
            order=self.order,
        )
        limit = self.max_rows
        if limit is None and named and self.regressor == "gaussian-process":
            limit = GAUSSIAN_PROCESS_ROWS
        members = tuple(
            tuple(
                _fit_column(template, table, column, limit, seed, quiet=named)
                for column in range(len(train.state_names))
            )
            for seed in range(self.seed, self.seed + self.ensemble)
        )
        return FittedDerivativeRegression(
            self.name, train, members, table.step if self.step is None else self.step
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
    template: Any, table: DerivativeTable, column: int, limit: int | None, seed: int, *, quiet: bool
) -> Any:
    target = table.derivatives[:, column]
    rows = np.flatnonzero(np.isfinite(target))
    if limit is not None and len(rows) > limit:
        rows = np.sort(np.random.default_rng([seed, column]).permutation(rows)[:limit])
    estimator = reseeded(template, seed)
    if quiet:
        return fit_quietly(estimator, table.features[rows], target[rows])
    return estimator.fit(table.features[rows], target[rows])


def _as_field(regressors: tuple[Any, ...]) -> Field:
    predictors = [predictor(regressor) for regressor in regressors]

    def field(z: FloatArray, p: FloatArray) -> FloatArray:
        features = np.column_stack((z, p))
        return np.column_stack([predict(features) for predict in predictors])

    return field
