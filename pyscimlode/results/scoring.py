"""Scores of fitted models and baselines beside the controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.baselines.controls import control_predictions
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.splits import check_disjoint
from pyscimlode.data.validation import check_same_layout
from pyscimlode.errors import ExperimentError, ValueRangeError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import identity_scaling, stack
from pyscimlode.objectives.metrics import reference_sd, score_rows
from pyscimlode.results.scores import Scores

if TYPE_CHECKING:
    from pyscimlode.results.fit_result import FitResult

FloatArray = npt.NDArray[np.float64]
ScoreScale = Literal["all", "test"]
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
    scale: ScoreScale = "test" if result.score_scale == "test" else "all"
    return score_forecasters({result.name: result}, result.train, result.test, score_scale=scale)


def joined(train: Dataset, test: Dataset) -> Dataset:
    """Return training and test experiments as one data set."""
    return replace(train, experiments=(*train.experiments, *test.experiments))


def score_forecasters(
    forecasters: Mapping[str, FittedForecaster],
    train: Dataset,
    test: Dataset,
    *,
    score_scale: ScoreScale = "all",
    unit_of: Dataset | None = None,
) -> Scores:
    """Score fitted models and baselines on the same held-out strains, beside the controls.

    Args:
        forecasters: name in the table -> a :class:`~pyscimlode.results.FitResult`, a fitted
            baseline, or anything that predicts like them.
        train: what the controls may know: the strains that the forecasters were trained on.
        test: the held-out strains.
        score_scale: the unit of NRMSE: the standard deviation over all strains (``"all"``) or
            the held-out strains (``"test"``).
        unit_of: strains, the held-out ones among them, whose standard deviation is the unit and
            whose audit says which states are left out of the clean mean, instead of what
            ``score_scale`` says; for scores that are to be compared with those of another
            training set.

    Raises:
        ExperimentError: when a strain of ``test`` was trained on or is not in ``unit_of``, or a
            forecaster bears the name of a control.
        ColumnError: when the columns of ``train``, ``test`` and ``unit_of`` differ.
        ValueRangeError: for an unknown ``score_scale``.
    """
    if score_scale not in ("all", "test"):
        raise ValueRangeError(f"score_scale={score_scale!r}: it is 'all' or 'test'.")
    check_disjoint(train, test)
    check_same_layout(train, test)
    controls = control_predictions(train, test)
    everything = joined(train, test)
    excluded = excluded_states(everything if unit_of is None else unit_of, test)
    predictions: dict[str, dict[str, FloatArray]] = {}
    notes = _notes_of_exclusions(excluded)
    for name, forecaster in forecasters.items():
        if name in controls:
            raise ExperimentError(f"{name!r} is the name of a control; call the model otherwise.")
        check_disjoint(forecaster.train, test)
        forecast = forecaster.predict(test)
        predictions[name] = {e: forecast.median(e) for e in forecast.names}
        notes += forecast.notes[:5]
    scaled_by, of = _unit(score_scale, everything, test, unit_of)
    sd = reference_sd(scaled_by)
    rows = [
        row
        for model, by_experiment in (predictions | controls).items()
        for row in score_rows(model, by_experiment, test, sd, excluded)
    ]
    return Scores.from_rows(
        rows,
        unit=f"standard deviation of the state over all measured points of {of}",
        notes=notes,
    )


def excluded_states(unit_of: Dataset, test: Dataset) -> dict[str, tuple[str, ...]]:
    """Return held-out strain -> states whose scores mean nothing, by the audit of ``unit_of``.

    Raises:
        ExperimentError, ColumnError: see :func:`check_unit`.
    """
    check_unit(unit_of, test)
    report = unit_of.audit()
    return {strain: report.flagged_columns(strain) for strain in test.strains}


def check_unit(unit_of: Dataset, test: Dataset) -> None:
    """Check that held-out strains are among those that the unit of NRMSE is taken over.

    Raises:
        ExperimentError: naming the strain that is not.
        ColumnError: the two have different columns.
    """
    check_same_layout(test, unit_of)
    missing = [strain for strain in test.strains if strain not in unit_of.strains]
    if missing:
        raise ExperimentError(
            f"unit_of lacks the held-out strain(s) {', '.join(missing)}: the unit of NRMSE is "
            "taken over the held-out strains and those like them."
        )


def _unit(
    score_scale: ScoreScale, everything: Dataset, test: Dataset, unit_of: Dataset | None
) -> tuple[Dataset, str]:
    """Return whose standard deviation is the unit of NRMSE, and these strains in words."""
    if unit_of is not None:
        return unit_of, f"the strains {', '.join(unit_of.strains)}"
    return (test, "the held-out strains") if score_scale == "test" else (everything, "all strains")


def _notes_of_exclusions(excluded: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(
        f"Not in the clean mean of {strain}: {', '.join(columns)} (copied from another strain or "
        "at the detection limit)."
        for strain, columns in excluded.items()
        if columns
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
