"""Scores of the reproduction: every net under both protocols, and the controls beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.controls import control_predictions
from pyscimlode.boards.published import PENALTIES, SCORES
from pyscimlode.boards.reproduction_parts import Part
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.splits import split
from pyscimlode.objectives.metrics import reference_sd, score_rows
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.predictions import Prediction
from pyscimlode.results import FitResult
from pyscimlode.results.identity_forecast import identity_fit_as_forecast
from pyscimlode.results.scoring import ZERO_FIELD

FloatArray = npt.NDArray[np.float64]
Row = dict[str, Any]

NET = "neural-ode"
UNTRAINED = "untrained net"
PUBLISHED_NET = "published net"
PUBLISHED_TPOT = "published TPOT"


@dataclass(frozen=True, eq=False)
class Question:
    """A pathway with its held-out strain.

    Attributes:
        pathway: name of the data set.
        strain: the held-out strain.
        data: all strains of the pathway, as measured.
    """

    pathway: str
    strain: str
    data: Dataset

    @cached_property
    def train(self) -> Dataset:
        """The training strains."""
        return split(self.data, self.strain)[0]

    @cached_property
    def test(self) -> Dataset:
        """The held-out strain, with the states that can be scored."""
        return split(self.data, self.strain)[1]

    @cached_property
    def excluded(self) -> Mapping[str, tuple[str, ...]]:
        """States of the held-out strain whose score means nothing; see ``Dataset.audit``."""
        return {self.strain: self.data.audit().flagged_columns(self.strain)}


def net_rows(question: Question, labels: Mapping[str, Any], result: FitResult) -> Iterator[Row]:
    """Yield the scores of every net: under the identity protocol, and as a true forecast.

    Args:
        question: pathway and held-out strain.
        labels: of the rows, without the seed.
        result: the nets.
    """
    if result.test is None:
        return
    identity = identity_errors(result.predict(result.test), result.test)
    forecast = identity_fit_as_forecast(result, question.test)
    for index, member in enumerate(result.members):
        own = {**labels, "seed": str(member.seed)}
        for state, (points, error) in identity[index].items():
            yield _row(question, "identity", own, state, points, error)
        values = {question.strain: forecast.members[question.strain][index]}
        yield from forecast_rows(question, forecast.state_names, values, own)


def identity_errors(prediction: Prediction, rows: Dataset) -> list[dict[str, tuple[int, float]]]:
    """Return for every member: state -> number of rows, RMSE over the rows in raw units.

    Args:
        prediction: what the nets make of the rows.
        rows: of one strain, under the identity protocol; the target is each row's last state.
    """
    states = [str(name) for name in rows.provenance.details["reported_states"]]
    columns = [rows.state_names.index(name) for name in states]
    target = np.stack([e.states[-1, columns] for e in rows])
    ends = np.stack([prediction.members[e.name][:, -1][:, columns] for e in rows], axis=1)
    errors = np.sqrt(((ends - target) ** 2).mean(axis=1))
    return [
        {state: (len(rows), float(error)) for state, error in zip(states, member, strict=True)}
        for member in errors
    ]


def forecast_rows(
    question: Question,
    states: Sequence[str],
    values: Mapping[str, FloatArray],
    labels: Mapping[str, Any],
) -> Iterator[Row]:
    """Yield the scores of one forecast at measured points after t0."""
    test = question.test.keep(states=states)
    sd = reference_sd(question.data.keep(states=states))
    for _, _, state, points, rmse, nrmse, left_out in score_rows(
        "", values, test, sd, question.excluded
    ):
        yield _row(question, "forecast", labels, state, points, rmse, nrmse, left_out)


def controls_part(question: Question) -> Part:
    """Score the controls: a zero field under the identity protocol, the others as forecasts."""
    rows = identity_rows(question.test)
    states = [str(name) for name in rows.provenance.details["reported_states"]]
    columns = [rows.state_names.index(name) for name in states]
    moved = np.stack([e.states[-1, columns] - e.states[0, columns] for e in rows])
    errors = np.sqrt((moved**2).mean(axis=0))
    zero = {"kind": "control", "model": ZERO_FIELD}
    scores = [
        _row(question, "identity", zero, state, len(rows), float(error))
        for state, error in zip(states, errors, strict=True)
    ]
    for name, values in control_predictions(question.train, question.test).items():
        labels = {"kind": "control", "model": name}
        scores += list(forecast_rows(question, question.test.state_names, values, labels))
    return Part.of(scores=[*scores, *published_rows(question)])


def published_rows(question: Question) -> Iterator[Row]:
    """Yield the published numbers; over how many points they were taken is not known: 0."""
    printed = SCORES[question.pathway]
    for column, pir in enumerate(PENALTIES):
        net = {"kind": "published", "model": PUBLISHED_NET, "pir": pir}
        for state, errors in printed.rmse.items():
            yield _row(question, "identity", net, state, 0, errors[column])
    for state, error in printed.tpot.items():
        baseline = {"kind": "published", "model": PUBLISHED_TPOT}
        yield _row(question, "forecast", baseline, state, 0, error)


def _row(
    question: Question,
    task: str,
    labels: Mapping[str, Any],
    state: str,
    points: int,
    rmse: float,
    nrmse: float = float("nan"),
    excluded: bool = False,
) -> Row:
    blank = {"variant": "", "pir": float("nan"), "seed": ""}
    return {
        "strain": question.strain,
        "task": task,
        **blank,
        **labels,
        "state": state,
        "points": points,
        "rmse": rmse,
        "nrmse": nrmse,
        "excluded": excluded,
    }
