"""Regressions of derivatives beside the published baseline, and the time that things take."""

from __future__ import annotations

import os
import time

from pyscimlode.baselines.base import FittedForecaster, Forecaster
from pyscimlode.baselines.fitted_tpot import FittedTPOT
from pyscimlode.boards.reproduction_parts import Part
from pyscimlode.boards.reproduction_scores import Question, Row, forecast_rows


class Clock:
    """Wall and CPU seconds (of this process and those it waited for) since it was last asked."""

    def __init__(self) -> None:
        self._at = self._now()

    def lap(self) -> tuple[float, float]:
        """Return wall and CPU seconds, and begin anew."""
        before, self._at = self._at, self._now()
        return self._at[0] - before[0], self._at[1] - before[1]

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), sum(os.times()[:4])


def baseline_part(question: Question, baseline: Forecaster) -> Part:
    """Fit a regression of derivatives, score and time it."""
    clock = Clock()
    fitted: FittedForecaster = baseline.fit(question.train)
    training = clock.lap()
    forecast = fitted.predict(question.test)
    inference = clock.lap()
    name = shown_name(fitted)
    labels = {"kind": "baseline", "model": name}
    values = {strain: forecast.median(strain) for strain in forecast.names}
    return Part.of(
        scores=list(forecast_rows(question, forecast.state_names, values, labels)),
        times=[
            time_row(question, "training", name, 0, training),
            time_row(question, "inference", name, 0, inference),
        ],
    )


def shown_name(fitted: FittedForecaster) -> str:
    """Return the name of a baseline, which says for how many states TPOT found nothing."""
    if not isinstance(fitted, FittedTPOT):
        return fitted.name
    stand_ins = sum(found.stand_in for found in fitted.found.values())
    if not stand_ins:
        return fitted.name
    return f"{fitted.name} (ridge for {stand_ins} of {len(fitted.found)})"


def time_row(
    question: Question, step: str, what: str, nets: int, spent: tuple[float, float]
) -> Row:
    """Return a row of the table of times; ``spent``: wall and CPU seconds."""
    return {
        "strain": question.strain,
        "step": step,
        "what": what,
        "nets": nets,
        "seconds": spent[0],
        "cpu": spent[1],
    }
