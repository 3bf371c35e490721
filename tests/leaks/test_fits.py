from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data import Dataset
from pyscimlode.leaks import audit_fit
from pyscimlode.models.scaling import Scaling
from pyscimlode.results import FitResult
from tests.leaks.workflows import joined, split, strains


def fit(train: Dataset, test: Dataset | None, **options: object) -> FitResult:
    return pyscimlode.fit(
        train,
        test=test,
        **{
            "model": pyscimlode.NeuralODE(widths=(4,)),
            "stages": [pyscimlode.Adam(2)],
            "ensemble": 2,
            "progress": False,
            **options,
        },  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def result() -> FitResult:
    return fit(*split())


def test_a_fit_is_not_accused(result: FitResult, tmp_path: Path) -> None:
    report = audit_fit(result)
    assert not report, report
    assert "scales against those of the training strains" in report.checks
    assert not audit_fit(FitResult.load(result.save(tmp_path / "fit")))


@pytest.mark.parametrize("options", [{"early_stopping": "S1"}, {"test": None}])
def test_other_honest_fits_are_not_accused(options: dict[str, object]) -> None:
    train, test = split()
    assert not audit_fit(fit(train, **{"test": test, **options}))  # type: ignore[arg-type]


def test_scales_of_all_strains_are_found(result: FitResult) -> None:
    train, test = split()
    everything = fit(joined(train, test), None)
    (finding,) = audit_fit(replace(result, scaling=everything.scaling)).findings
    assert finding.kind == "scaler"
    assert "fitted on the held-out strains as well" in finding.message


def test_scales_of_whatever_else_are_found(result: FitResult) -> None:
    scaling: Scaling = replace(result.scaling, state_scale=2.0 * result.scaling.state_scale)
    (finding,) = audit_fit(replace(result, scaling=scaling)).findings
    assert finding.message == "state_scale: not those of the training strains."


def test_stopping_on_a_held_out_strain_under_another_name_is_found() -> None:
    train, test = split()
    copy = replace(test.experiments[0], name="V", strain="V")
    cheated = fit(replace(train, experiments=(*train.experiments, copy)), test, early_stopping="V")
    report = audit_fit(cheated)
    assert "early stopping" in report.kinds
    assert "same content" in report.kinds


def test_a_fit_is_audited_for_other_held_out_strains(result: FitResult) -> None:
    report = audit_fit(result, strains().select(["S1", "S7"]))
    assert report.kinds == ("same strain", "same content")


def test_members_that_were_trained_on_the_test_strain(result: FitResult) -> None:
    members = tuple(replace(m, train=(*m.train, "S7")) for m in result.members)
    report = audit_fit(replace(result, members=members))
    assert report.kinds == ("trained on test",)
    assert report.findings[0].strains == ("S7",)


def test_intervals_that_were_calibrated_on_the_test_strains(result: FitResult) -> None:
    _, test = split()
    calibrated = replace(result, test=test.select("S7")).recalibrated(
        test.select(["S5", "S6"]), level=0.5
    )
    assert not audit_fit(calibrated).leaks
    report = audit_fit(calibrated, test)
    assert report.kinds[0] == "calibration"
    assert {finding.strains for finding in report.leaks} == {("S5",), ("S6",)}


def test_other_data_than_those_of_the_fit(result: FitResult) -> None:
    changed = tuple(replace(e, states=1.5 * e.states) for e in result.test or ())
    test = replace(split()[1], experiments=changed)
    (finding,) = audit_fit(replace(result, test=test)).findings
    assert (finding.kind, finding.severity) == ("provenance", "warning")
    assert "The held-out strains are not those of the fit" in finding.message


def test_the_identity_protocol_is_a_leak_by_design() -> None:
    data = strains(3)
    result = pyscimlode.fit(
        data.select(["S1", "S2"]),
        test=data.select(["S3"]),
        protocol="identity",
        stages=[pyscimlode.Adam(1)],
        ensemble=1,
        progress=False,
    )
    report = audit_fit(result)
    assert report.kinds == ("target as input",)
    assert np.isfinite(result.theta).all()
