"""Scores of a fit beside the controls, under the fit's protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.controls import control_predictions
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.objectives.metrics import reference_sd, score_rows
from pyscimlode.results.scores import Scores

if TYPE_CHECKING:
    from pyscimlode.results.fit_result import FitResult

FloatArray = npt.NDArray[np.float64]
ZERO_FIELD = "zero field"


def score_result(result: FitResult) -> Scores:
    """Return the scores of a fit on its held-out strains.

    Raises:
        ExperimentError: when no strain was held out.
    """
    if result.test is None:
        raise ExperimentError(
            "This fit held no strain out (test=None), and a score on training strains says "
            "nothing about forecasts. Fit with test='STRAIN', or call score(test_dataset)."
        )
    if result.protocol == "identity":
        return _identity_scores(result, result.test)
    return _forecast_scores(result, result.test)


def joined(train: Dataset, test: Dataset) -> Dataset:
    """Return training and test experiments as one data set."""
    return replace(train, experiments=(*train.experiments, *test.experiments))


def _forecast_scores(result: FitResult, test: Dataset) -> Scores:
    everything = joined(result.train, test)
    sd = reference_sd(test if result.score_scale == "test" else everything)
    report = everything.audit()
    excluded = {strain: report.flagged_columns(strain) for strain in test.strains}
    forecast = result.predict(test)
    predictions: dict[str, dict[str, FloatArray]] = {
        result.name: {name: forecast.median(name) for name in forecast.names}
    }
    predictions |= control_predictions(result.train, test)
    rows = [
        row
        for model, by_experiment in predictions.items()
        for row in score_rows(model, by_experiment, test, sd, excluded)
    ]
    notes = [
        f"Not in the clean mean of {strain}: {', '.join(columns)} (copied from another strain or "
        "at the detection limit)."
        for strain, columns in excluded.items()
        if columns
    ]
    of = "the held-out strains" if result.score_scale == "test" else "all strains"
    return Scores.from_rows(
        rows,
        unit=f"standard deviation of the state over all measured points of {of}",
        notes=(*notes, *forecast.notes[:5]),
    )


def _identity_scores(result: FitResult, test: Dataset) -> Scores:
    """RMSE over the rows of each strain, as published, beside a field that is zero everywhere."""
    reported = test.keep(states=test.provenance.details.get("reported_states"))
    columns = [test.state_names.index(state) for state in reported.state_names]
    rows = []
    for name, fitted in ((result.name, result), (ZERO_FIELD, _zero_field(result))):
        forecast = fitted.predict(test)
        for strain in reported.strains:
            members = [e for e in reported if e.strain == strain]
            target = np.stack([e.states[-1] for e in members])
            ends = np.stack([forecast.median(e.name)[-1, columns] for e in members])
            errors = np.sqrt(((ends - target) ** 2).mean(axis=0))
            rows += [
                (name, strain, state, len(members), float(error), float("nan"), False)
                for state, error in zip(reported.state_names, errors, strict=True)
            ]
    return Scores.from_rows(
        rows,
        protocol="identity",
        unit="1 (raw units)",
        notes=(
            "Input and target are the same row: a field that is zero everywhere is perfect here, "
            "so these scores say nothing about forecasts. Use protocol='forecast'.",
        ),
    )


def _zero_field(result: FitResult) -> FitResult:
    """Return a fit of the same problem whose field is zero: a network with parameters zero."""
    model = NeuralODE(widths=(1,), controls="endogenous", features="linear", scaling="none")
    n_states = len(result.train.state_names)
    size = model.layout(n_states, 0).size
    return replace(
        result,
        model=model,
        theta=np.zeros((1, size)),
        scaling=stack([identity_scaling(n_states, 0)]),
        members=result.members[:1],
    )
