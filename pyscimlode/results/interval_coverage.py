"""Coverage: how many measured points of held-out strains lie inside the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.splits import check_disjoint
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import DataError, ExperimentError, ValueRangeError
from pyscimlode.objectives.metrics import reference_sd
from pyscimlode.predictions import Prediction
from pyscimlode.results.coverage_table import Coverage
from pyscimlode.results.scoring import joined

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

LEVELS = (0.5, 0.8, 0.9, 0.95)
COLUMNS = (
    "level",
    "strain",
    "state",
    "time",
    "inside",
    "width",
    "interval_score",
    "failed",
    "excluded",
)
ENSEMBLE = (
    "An ensemble interval spans what the members forecast. It says how far retraining moves the "
    "forecast, not how far the truth may lie, and with few members it is their range at most: "
    "expect it to cover too little. Strains held out for it give honest ones: recalibrated(...)."
)


def coverage(
    forecast: FittedForecaster | Prediction,
    test: Dataset,
    levels: Sequence[float] = LEVELS,
) -> Coverage:
    """Count the measured points of held-out strains that lie inside the forecast's intervals.

    Args:
        forecast: a ``FitResult``, recalibrated or not, a fitted baseline, or their forecast of
            ``test`` at its own times.
        test: held-out strains. Their first points, from which forecasts start, do not count.
        levels: nominal levels.

    Returns:
        the share of points inside beside each nominal level. Widths are in units of a state's
        standard deviation over all strains, or over the test strains where a forecast is given.

    Raises:
        ExperimentError: when a strain of ``test`` was trained on, calibrated on, or has no
            forecast.
        ColumnError: when the columns differ.
        DataError: for forecasts of the identity protocol, or at other times than the measured.
        ValueRangeError: for levels that are no probabilities.
    """
    import pandas as pd

    asked = tuple(dict.fromkeys(float(level) for level in levels))
    if not asked:
        raise ValueRangeError("levels is empty: name nominal levels, such as (0.5, 0.9).")
    known, unit = (
        test,
        "standard deviation of the state over the measured points of the test strains",
    )
    if isinstance(forecast, Prediction):
        prediction, name = forecast, "a forecast"
    else:
        _check_forecaster(forecast, test)
        prediction, name = forecast.predict(test), forecast.name
        known = joined(forecast.train, test)
        unit = "standard deviation of the state over the measured points of all strains"
    _check_prediction(prediction, test)
    sd = reference_sd(known)
    report = known.audit()
    excluded = {strain: report.flagged_columns(strain) for strain in test.strains}
    parts = [
        _points(prediction, experiment, sd, level, excluded[experiment.strain])
        for level in asked
        for experiment in test
    ]
    return Coverage(
        name=name,
        intervals=_words(prediction),
        table=pd.concat(parts, ignore_index=True),
        kind=prediction.interval_kind,
        unit=unit,
        time_unit=test.time_unit,
        notes=_notes(prediction, excluded),
    )


def _points(
    prediction: Prediction,
    experiment: Experiment,
    sd: FloatArray,
    level: float,
    excluded: Sequence[str],
) -> pd.DataFrame:
    import pandas as pd

    low, high = prediction.interval(experiment.name, level)
    known = experiment.mask.copy()
    known[0] = False
    rows, columns = np.nonzero(known)
    low, high, measured = low[rows, columns], high[rows, columns], experiment.states[rows, columns]
    outside = np.maximum(np.maximum(low - measured, measured - high), 0.0)
    unit = sd[columns]
    penalty = outside * 2.0 / (1.0 - level) if level < 1.0 else np.where(outside > 0, np.inf, 0.0)
    names = np.array(prediction.state_names, dtype=object)[columns]
    values = (
        level,
        experiment.strain,
        names,
        experiment.times[rows],
        (low <= measured) & (measured <= high),
        (high - low) / unit,
        (high - low + penalty) / unit,
        np.isnan(high - low),
        np.isin(names.astype(str), list(excluded)),
    )
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _words(prediction: Prediction) -> str:
    if prediction.rule is not None:
        return prediction.interval_words()
    members = max(len(values) for values in prediction.members.values())
    return f"ensemble interval of {members} member(s)"


def _notes(prediction: Prediction, excluded: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    notes = [ENSEMBLE] if prediction.rule is None else []
    flagged = sorted({column for columns in excluded.values() for column in columns})
    if flagged:
        notes.append(
            f"Without {', '.join(flagged)} in strains where they are copied from another strain "
            "or at the detection limit; summary(clean=False) counts them."
        )
    return (*notes, *prediction.notes)


def _check_forecaster(forecaster: FittedForecaster, test: Dataset) -> None:
    if getattr(forecaster, "protocol", "forecast") == "identity":
        raise DataError(
            "Under the identity protocol input and target are the same row; there is no forecast "
            "whose intervals could cover anything. Fit with protocol='forecast'."
        )
    check_disjoint(forecaster.train, test)
    check_same_layout(forecaster.train, test)


def _check_prediction(prediction: Prediction, test: Dataset) -> None:
    learned = () if prediction.rule is None else prediction.rule.strains
    for strain in test.strains:
        if strain in learned:
            raise ExperimentError(
                f"The intervals were calibrated on strain {strain!r}, so it cannot test them. "
                "Test them on strains that were neither trained nor calibrated on."
            )
    for experiment in test:
        if experiment.name not in prediction.names:
            raise ExperimentError(
                f"There is no forecast of {experiment.name!r}; there are "
                f"{', '.join(prediction.names[:20])}. Forecast the test strains: predict(test)."
            )
        if not np.array_equal(prediction.times[experiment.name], experiment.times):
            raise DataError(
                f"The forecast of {experiment.name!r} is at other times than its measured points. "
                "Forecast at the measured times: predict(test), without times."
            )
