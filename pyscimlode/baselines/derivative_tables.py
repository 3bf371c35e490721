"""Tables of states, controls and derivatives, made from measured series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import (
    PUBLISHED_POINTS,
    controls_at,
    interpolate_by_row,
    interpolate_by_time,
)
from pyscimlode.errors import DataError, ModelError

FloatArray = npt.NDArray[np.float64]
Interpolation = Literal["time", "row"]
Rows = Literal["grid", "intervals"]


@dataclass(frozen=True, eq=False)
class DerivativeTable:
    """Rows to learn derivatives from.

    Attributes:
        features: ``(rows, states + controls)``, measured units; a state that a strain never has
            is zero.
        derivatives: ``(rows, states)``, per time unit; NaN where there is none to learn from.
        groups: ``(rows,)`` number of the strain, so that splits can keep strains whole.
        step: of the integration: the longest distance of two points of the strains' even grids.
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


def interval_table(dataset: Dataset, *, points: int = PUBLISHED_POINTS) -> DerivativeTable:
    """Take one row for each interval between measurements: its middle and its mean slope.

    Rows have noise of their own, which rows of a dense grid share with their neighbours, so that
    a model that learns how noisy the derivatives are can tell noise from shape. A state that is
    not measured at every time has one row from each of its values to its next, at the middle of
    the first interval of the strain that follows.

    Args:
        dataset: the experiments.
        points: of each experiment's even grid, which says how fine the integration is.

    Raises:
        DataError: for fewer than two points.
    """
    if points < 2:
        raise DataError(f"points={points}: a grid has at least two points.")
    features, derivatives, groups = [], [], []
    for experiment in dataset:
        middles = 0.5 * (experiment.times[1:] + experiment.times[:-1])
        values, slopes = _between_values(experiment)
        p = controls_at(dataset, experiment.name, middles)
        features.append(np.column_stack((values, p)))
        derivatives.append(slopes)
        groups.append(np.full(len(middles), dataset.strains.index(experiment.strain)))
    spans = [e.times[-1] - e.times[0] for e in dataset]
    return DerivativeTable(
        features=np.concatenate(features),
        derivatives=np.concatenate(derivatives),
        groups=np.concatenate(groups).astype(np.int64),
        step=float(max(spans)) / (points - 1),
    )


def _between_values(experiment: Experiment) -> tuple[FloatArray, FloatArray]:
    """Return the states in the middle of each interval and their slopes there."""
    times = experiment.times
    middles = 0.5 * (times[1:] + times[:-1])
    values = np.zeros((len(middles), experiment.states.shape[1]))
    slopes = np.full_like(values, np.nan)
    for column, known in enumerate(experiment.mask.T):
        if known.any():
            t, z = times[known], experiment.states[known, column]
            values[:, column] = np.interp(middles, t, z)
            first = np.flatnonzero(known)[:-1]
            slopes[first, column] = np.diff(z) / np.diff(t)
    return values, slopes
