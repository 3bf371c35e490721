"""Recalibration: intervals as wide as a forecaster's errors on strains that it never saw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import DataError, ExperimentError, ValueRangeError, did_you_mean
from pyscimlode.objectives.metrics import reference_sd
from pyscimlode.predictions import Prediction
from pyscimlode.results.calibration import Calibration, Guarantee, IntArray, needed, scales_of

FloatArray = npt.NDArray[np.float64]
Scale = Literal["auto", "sd", "ensemble"]


@dataclass(frozen=True, eq=False)
class ConformalForecaster:
    """A forecaster whose intervals are calibrated; the forecasts themselves are the same.

    Attributes:
        forecaster: a ``FitResult``, a fitted baseline, or anything that predicts like them.
        calibration: what its intervals are made from.
    """

    forecaster: FittedForecaster
    calibration: Calibration

    @property
    def name(self) -> str:
        """As it stands in score tables."""
        return self.forecaster.name

    @property
    def train(self) -> Dataset:
        """The experiments that the forecaster was trained on; calibration strains are others."""
        return self.forecaster.train

    def predict(self, what: Dataset, times: npt.ArrayLike | None = None) -> Prediction:
        """Forecast experiments as the forecaster does, with calibrated intervals."""
        return self.calibration.applied(self.forecaster.predict(what, times))

    def __repr__(self) -> str:
        words = self.calibration.words(self.calibration.level)
        return f"ConformalForecaster: {self.name}, {words}"


def recalibrate(
    forecaster: FittedForecaster,
    calibration: Dataset,
    level: float = 0.9,
    *,
    guarantee: Guarantee = "point",
    scale: Scale = "auto",
) -> ConformalForecaster:
    """Give a forecaster intervals that are as wide as its errors on strains that it never saw.

    Hold the calibration strains out before training::

        train, calibration = split(data, ["S3", "S7", ...])  # pyscimlode.data.split
        fitted = pyscimlode.DirectGaussianProcess().fit(train)
        honest = pyscimlode.recalibrate(fitted, calibration, level=0.8)

    A ``FitResult`` has :meth:`~pyscimlode.results.FitResult.recalibrated`, whose result can be
    plotted and saved as any fit.

    Args:
        forecaster: a ``FitResult`` or a fitted baseline.
        calibration: strains that were neither trained on nor will be tested; 1 / (1 - level) - 1
            of them at least: 9 for 0.9, 19 for 0.95.
        level: probability that the intervals aim at.
        guarantee: what lies inside with that probability: a ``"point"``, the whole ``"course"``
            of a state, the whole ``"strain"``; see :class:`Calibration`.
        scale: how widths vary: ``"sd"``, a width for each state; ``"ensemble"``, with the members'
            spread too; ``"auto"``, ``"ensemble"`` where there are three members or more.

    Raises:
        ExperimentError: for calibration strains that were trained on or held out to test, or too
            few for the level.
        ColumnError: for data with other columns.
        ValueRangeError: for a level outside (0, 1), or an unknown ``guarantee`` or ``scale``.
        DataError: under the identity protocol, which forecasts nothing.
    """
    fitted = calibrate(forecaster, calibration, level, guarantee=guarantee, scale=scale)
    return ConformalForecaster(forecaster, fitted)


def calibrate(
    forecaster: FittedForecaster,
    calibration: Dataset,
    level: float = 0.9,
    *,
    guarantee: Guarantee = "point",
    scale: Scale = "auto",
) -> Calibration:
    """Return the errors of a forecaster on calibration strains; see :func:`recalibrate`."""
    _check_options(level, guarantee, scale)
    _check_strains(forecaster, calibration, level)
    prediction = replace(forecaster.predict(calibration), rule=None)
    members = min(len(values) for values in prediction.members.values())
    if scale == "ensemble" and members < 2:
        raise ValueRangeError(
            "scale='ensemble' needs two members at least, and this forecaster has one. Use "
            "scale='sd'."
        )
    chosen = ("ensemble" if members > 2 else "sd") if scale == "auto" else scale
    sd = _usable_sd(forecaster.train)
    scores, strain_of, state_of = _scores(prediction, calibration, sd, chosen)
    everything = [*forecaster.train, *calibration]
    lowest = np.stack([np.nan_to_num(e.states, nan=0.0).min(axis=0) for e in everything])
    return Calibration(
        level=float(level),
        guarantee=guarantee,
        scale=chosen,
        strains=calibration.strains,
        sd=sd,
        non_negative=lowest.min(axis=0) >= 0.0,
        scores=scores,
        strain_of=strain_of,
        state_of=state_of,
    )


def _scores(
    prediction: Prediction, calibration: Dataset, sd: FloatArray, scale: str
) -> tuple[FloatArray, IntArray, IntArray]:
    """Return errors at measured points after the start, infinite where a forecast failed."""
    scores, strains, states = [], [], []
    for experiment in calibration:
        units = scales_of(prediction, experiment.name, sd, scale)
        errors = np.abs(experiment.states - prediction.median(experiment.name)) / units
        known = experiment.mask.copy()
        known[0] = False
        rows, columns = np.nonzero(known)
        scores.append(np.nan_to_num(errors[rows, columns], nan=np.inf))
        strains.append(np.full(len(rows), calibration.strains.index(experiment.strain)))
        states.append(columns)
    return (
        np.concatenate(scores),
        np.concatenate(strains).astype(np.int64),
        np.concatenate(states).astype(np.int64),
    )


def _usable_sd(train: Dataset) -> FloatArray:
    """Return the training sd; the largest magnitude, or 1, for a state that does not vary."""
    sd = reference_sd(train)
    largest = np.nan_to_num(np.abs(np.concatenate([e.states for e in train]))).max(axis=0)
    return np.asarray(np.where(np.isfinite(sd), sd, np.where(largest > 0, largest, 1.0)))


def _check_options(level: float, guarantee: str, scale: str) -> None:
    if not 0.0 < level < 1.0:
        raise ValueRangeError(
            f"level={level!r}: the level of an interval lies between 0 and 1, such as 0.9."
        )
    for name, value, known in (
        ("guarantee", guarantee, get_args(Guarantee)),
        ("scale", scale, get_args(Scale)),
    ):
        if value not in known:
            raise ValueRangeError(
                f"{name}={value!r}: choose one of {', '.join(known)}."
                + did_you_mean(str(value), known)
            )


def _check_strains(forecaster: FittedForecaster, calibration: Dataset, level: float) -> None:
    if getattr(forecaster, "protocol", "forecast") == "identity":
        raise DataError(
            "Under the identity protocol input and target are the same row, so its errors say "
            "nothing about forecasts. Fit with protocol='forecast' to calibrate intervals."
        )
    check_same_layout(forecaster.train, calibration)
    for role, known in (
        ("trained on", forecaster.train),
        ("held out to test", getattr(forecaster, "test", None)),
    ):
        shared = [s for s in calibration.strains if known is not None and s in known.strains]
        if shared:
            raise ExperimentError(
                f"Calibration strain {shared[0]!r} was {role}. Calibration strains are strains of "
                "their own: train, calibration = pyscimlode.data.split(data, [...]) before the fit."
            )
    n = len(calibration.strains)
    if n < needed(level):
        raise ExperimentError(
            f"A level of {level:g} needs {needed(level)} calibration strains, and there are {n}: "
            f"the highest level of {n} strain(s) is {n / (n + 1):.3g}. Hold more strains out, or "
            "ask for a lower level."
        )
