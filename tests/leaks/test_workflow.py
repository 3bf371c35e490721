from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.leaks import audit_workflow
from pyscimlode.leaks.report import LeakKind
from pyscimlode.leaks.runs import Workflow
from pyscimlode.predictions import Prediction
from tests.leaks import workflows
from tests.leaks.workflows import Ridge, split

LEAKING: list[tuple[Workflow, LeakKind]] = [
    (workflows.scaler_on_all_strains, "scaler"),
    (workflows.rescaled_by_all_strains, "scaler"),
    (workflows.filled_over_the_joined_table, "interpolated"),
    (workflows.teacher_forcing, "target as input"),
    (workflows.selected_on_test, "early stopping"),
    (workflows.trained_on_test, "trained on test"),
]
HONEST: list[Workflow] = [
    workflows.honest,
    workflows.selected_on_a_training_strain,
    workflows.filled_within_strains,
]


def data_for(workflow: Workflow) -> tuple[Dataset, Dataset]:
    train, test = split()
    if "filled" in workflow.__name__:
        return workflows.with_gaps(train), test
    return train, test


def as_forecast(workflow: Workflow) -> Workflow:
    """The same workflow, which returns the forecast instead of the fitted model."""

    def forecast(train: Dataset, test: Dataset) -> Prediction:
        return workflow(train, test).predict(test)  # type: ignore[union-attr]

    return forecast


@pytest.mark.parametrize(("workflow", "kind"), LEAKING, ids=lambda x: getattr(x, "__name__", x))
def test_planted_leaks_are_found_and_named(workflow: Workflow, kind: LeakKind) -> None:
    report = audit_workflow(workflow, *data_for(workflow))
    assert report
    assert kind in report.kinds
    assert {finding.kind for finding in report.leaks} <= {kind, "other test strains"}


@pytest.mark.parametrize(("workflow", "kind"), LEAKING, ids=lambda x: getattr(x, "__name__", x))
def test_quick_audits_find_them_too(workflow: Workflow, kind: LeakKind) -> None:
    assert audit_workflow(workflow, *data_for(workflow), quick=True).kinds == (kind,)


@pytest.mark.parametrize("workflow", HONEST, ids=lambda x: x.__name__)
def test_honest_twins_are_not_accused(workflow: Workflow) -> None:
    report = audit_workflow(workflow, *data_for(workflow))
    assert not report, report
    assert report.checks == (
        "9 runs of the workflow, held-out strains as it is, repeated, scaled, shrunk, replaced by "
        "noise, hidden, in another order, without one of them, with one more",
    )


@pytest.mark.parametrize(
    ("workflow", "kind"),
    [
        (workflows.scaler_on_all_strains, "scaler"),
        (workflows.teacher_forcing, "target as input"),
        (workflows.selected_on_test, "early stopping"),
        (workflows.trained_on_test, "trained on test"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_a_forecast_alone_tells_as_much(workflow: Workflow, kind: LeakKind) -> None:
    report = audit_workflow(as_forecast(workflow), *split(), quick=True)
    assert report.kinds == (kind,)


@pytest.mark.parametrize(
    ("workflow", "kind"),
    [
        (workflows.scaler_on_all_strains, "scaler"),
        (workflows.teacher_forcing, "test targets"),
        (workflows.selected_on_test, "early stopping"),
        (workflows.trained_on_test, "test targets"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_of_a_single_strain_a_forecast_tells_less(workflow: Workflow, kind: LeakKind) -> None:
    report = audit_workflow(as_forecast(workflow), *split(1), quick=True)
    assert report.kinds == (kind,)


def test_an_honest_forecast_is_not_accused() -> None:
    assert not audit_workflow(as_forecast(workflows.honest), *split())


def test_findings_name_strains_and_the_fix() -> None:
    report = audit_workflow(workflows.scaler_on_all_strains, *split(), quick=True)
    (finding,) = report.findings
    assert finding.strains == ("S5", "S6", "S7")
    assert "3 of 3 forecasts move, by up to" in finding.message
    assert finding.fix.startswith("Fit every scale on the training strains alone")
    assert report.checks == (
        "5 runs of the workflow, held-out strains as it is, repeated, scaled, nudged, turned round",
    )


def test_what_moves_by_rounding_alone_is_a_warning() -> None:
    def rescaled(train: Dataset, test: Dataset) -> Prediction:
        scale = workflows.largest(workflows.joined(train, test))
        forecast = workflows.honest(train, test).predict(test)
        members = {name: values / scale * scale for name, values in forecast.members.items()}
        return Prediction(forecast.state_names, forecast.times, members, forecast.status)

    report = audit_workflow(rescaled, *split(), quick=True)
    assert report
    assert not report.leaks
    assert "by rounding alone, so this one does no harm" in report.findings[0].message


def test_a_workflow_that_is_not_repeatable_is_not_judged() -> None:
    counter = itertools.count()

    def unseeded(train: Dataset, test: Dataset) -> Ridge:
        return Ridge(train, workflows.largest(train), penalty=1.0 + next(counter))

    report = audit_workflow(unseeded, *split())
    assert report.kinds == ("not repeatable",)
    assert not report.leaks
    assert "Fix every seed" in report.findings[0].fix


def test_a_workflow_that_scores_needs_one_value() -> None:
    def scoring(train: Dataset, test: Dataset) -> Ridge:
        fitted = workflows.honest(train, test)
        if not all(np.isfinite(e.states[1:]).any(axis=0).all() for e in test):
            raise ValueError("nothing to score")
        return fitted

    report = audit_workflow(scoring, *split())
    assert not report
    assert "hidden but for one value" in report.checks[0]


def test_a_workflow_that_needs_targets_is_said_to_read_them() -> None:
    def needs_targets(train: Dataset, test: Dataset) -> Ridge:
        if not all(e.mask.all() for e in test):
            raise ValueError("NaN in y_true")
        return workflows.honest(train, test)

    report = audit_workflow(needs_targets, *split())
    assert report.kinds == ("test targets",)
    assert "does not run when held-out states after the start are hidden (ValueError: NaN in" in (
        report.findings[0].message
    )


def test_statistics_over_test_controls_are_found_by_company() -> None:
    def centred(train: Dataset, test: Dataset) -> Prediction:
        mean = np.mean([e.controls.mean() for e in test])
        forecast = workflows.honest(train, test).predict(test)
        members = {name: values * mean for name, values in forecast.members.items()}
        return Prediction(forecast.state_names, forecast.times, members, forecast.status)

    report = audit_workflow(centred, *split())
    assert report.kinds == ("other test strains",)
    assert "without one of them" in report.findings[0].message


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        (lambda train, test: 3.0, r"The workflow returned a float; it must return a fitted model"),
        (
            lambda train, test: workflows.honest(train, test).predict(test.select(["S5"])),
            r"The workflow does not forecast the held-out strain 'S6'; it forecasts S5\.",
        ),
    ],
)
def test_workflows_that_forecast_nothing(
    returned: Callable[[Dataset, Dataset], Prediction], text: str
) -> None:
    with pytest.raises(ExperimentError, match=text):
        audit_workflow(returned, *split())


def test_fit_is_not_accused() -> None:
    def fit(train: Dataset, test: Dataset) -> pyscimlode.FitResult:
        return pyscimlode.fit(
            train,
            test=test,
            model=pyscimlode.NeuralODE(widths=(4,)),
            stages=[pyscimlode.Collocation(2), pyscimlode.Adam(2)],
            ensemble=1,
            early_stopping=train.names[0],
            progress=False,
        )

    report = audit_workflow(fit, *split())
    assert not report, report


def test_stopping_neural_training_on_the_test_strains_is_found() -> None:
    """The best of several lengths of training, by the score on the held-out strains."""

    def stopped(train: Dataset, test: Dataset) -> pyscimlode.FitResult:
        fits = [
            pyscimlode.fit(
                train,
                test=test,
                model=pyscimlode.NeuralODE(widths=(4,)),
                stages=[pyscimlode.Adam(steps, lr=0.05)],
                ensemble=1,
                progress=False,
            )
            for steps in (1, 20)
        ]

        def error(fit: pyscimlode.FitResult) -> float:
            forecast = fit.predict(test)
            return sum(float(np.nansum((forecast[e.name] - e.states) ** 2)) for e in test)

        return min(fits, key=error)

    report = audit_workflow(stopped, *split(), quick=True)
    assert report.kinds == ("early stopping",)
