"""Coverage: how many measured points of held-out strains lie inside the intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.splits import check_disjoint
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import DataError, ExperimentError, ValueRangeError
from pyscimlode.objectives.metrics import reference_sd
from pyscimlode.predictions import Prediction
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


@dataclass(frozen=True, eq=False)
class Coverage:
    """Measured points inside and outside of intervals, at several nominal levels.

    Attributes:
        name: of the model.
        intervals: what the intervals are, in words.
        table: one row a level and measured point after the start; columns ``level, strain, state,
            time, inside, width, interval_score, failed, excluded``. ``width`` and
            ``interval_score`` are in units of the state's standard deviation (NaN for a state
            that does not vary). A point whose forecast ``failed`` counts as outside. ``excluded``
            marks states that the clean mean leaves out (copied, or at the detection limit).
        kind: ``"ensemble"`` or ``"conformal"``.
        unit: what widths are divided by, in words.
        time_unit: of the times.
        notes: what must be known to read the table.
    """

    name: str
    intervals: str
    table: pd.DataFrame
    kind: str = "ensemble"
    unit: str = ""
    time_unit: str = "h"
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[float, ...]:
        """The nominal levels."""
        return tuple(dict.fromkeys(self.table["level"]))

    def summary(self, *, clean: bool = True) -> pd.DataFrame:
        """Return one row a nominal level.

        ``covered``: share of points inside, each strain weighing the same; ``standard error``: of
        that mean over strains; ``whole courses`` and ``whole strains``: share of courses (a state
        of a strain) and strains of which every point is inside; ``mean width``; ``interval
        score``: width + 2 / (1 - level) * distance of points outside (Gneiting & Raftery, JASA
        102:359 (2007), Eq. 43), lower is better. The last two are means over points, in units of
        the state's standard deviation. NaN where no state is left for the clean mean.
        """
        import pandas as pd

        counted = self._rows(clean)
        rows = []
        for level in self.levels:
            part = counted[counted["level"] == level]
            by_strain = part.groupby("strain", sort=False)["inside"].mean().to_numpy(np.float64)
            n = len(by_strain)
            error = by_strain.std(ddof=1) / np.sqrt(n) if n > 1 else float("nan")
            rows.append(
                {
                    "nominal": level,
                    "covered": by_strain.mean() if n else float("nan"),
                    "standard error": error,
                    "whole courses": part.groupby(["strain", "state"])["inside"].all().mean(),
                    "whole strains": part.groupby("strain")["inside"].all().mean(),
                    "mean width": _mean(part, "width"),
                    "interval score": _mean(part, "interval_score"),
                }
            )
        return pd.DataFrame(rows).set_index("nominal")

    def covered(self, level: float, *, clean: bool = True) -> float:
        """Return the share of points inside at a nominal level.

        Raises:
            ValueRangeError: for a level that was not asked for.
        """
        self._check_level(level)
        return float(self.summary(clean=clean)["covered"].to_dict()[level])

    def by_state(self) -> pd.DataFrame:
        """Return states x levels, the share of points inside."""
        return self._by("state")

    def by_strain(self) -> pd.DataFrame:
        """Return strains x levels, the share of points inside."""
        return self._by("strain")

    def by_time(self) -> pd.DataFrame:
        """Return times x levels, the share of points inside."""
        return self._by("time").sort_index()

    def to_csv(self, path: str | Path) -> None:
        """Write the long table."""
        from pyscimlode.artifacts import atomic_write_text

        atomic_write_text(Path(path), self.table.to_csv(index=False))

    def plot(self, **options: Any) -> Any:
        """Plot nominal against measured coverage; see ``pyscimlode.plots.plot_coverage``."""
        from pyscimlode import plots

        return plots.plot_coverage(self, **options)

    def __repr__(self) -> str:
        n_strains = self.table["strain"].nunique()
        points = len(self.table) // max(1, len(self.levels))
        head = (
            f"Coverage of {self.name}: {self.intervals}; {points} measured points of {n_strains} "
            f"held-out strain(s).\nWidths and scores in units of the {self.unit}."
        )
        body = self.summary().to_string(float_format=lambda value: f"{value:.3f}")
        return "\n".join([head, body, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{note}</p>" for note in (self.intervals, *self.notes))
        return str(self.summary().to_html(float_format=lambda value: f"{value:.3f}")) + notes

    def _rows(self, clean: bool) -> pd.DataFrame:
        return self.table[~self.table["excluded"]] if clean else self.table

    def _by(self, column: str) -> pd.DataFrame:
        means = self.table.groupby([column, "level"], sort=False)["inside"].mean()
        return means.unstack("level")[list(self.levels)]

    def _check_level(self, level: float) -> None:
        if level not in self.levels:
            raise ValueRangeError(
                f"level={level!r} was not measured; there are "
                f"{', '.join(f'{known:g}' for known in self.levels)}."
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


def _mean(part: pd.DataFrame, column: str) -> float:
    """Return the mean over states with a unit; NaN if a forecast failed."""
    values = part[column].to_numpy(dtype=np.float64)
    without_unit = np.isnan(values) & ~part["failed"].to_numpy(dtype=bool)
    return float(values[~without_unit].mean()) if (~without_unit).any() else float("nan")


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
