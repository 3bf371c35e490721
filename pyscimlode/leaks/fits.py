"""The audit of a fit: were its scales, members and stopping decided by training strains alone?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.leaks.report import LeakFinding, LeakReport
from pyscimlode.leaks.split import audit_split
from pyscimlode.models.scaling import Scaling
from pyscimlode.problem import build_problem
from pyscimlode.results import FitResult

FIT_CHECKS = (
    "scales against those of the training strains",
    "the strains of members, early stopping and calibration",
    "the protocol, and hashes of the data",
)
SCALES = ("state_scale", "control_shift", "control_scale", "time_scale", "control_max")


def audit_fit(result: FitResult, test: Dataset | None = None) -> LeakReport:
    """Look for held-out strains in a fit.

    Args:
        result: the fit; of one that was loaded, the data must have been saved with it.
        test: the held-out strains; None: those that the fit held out, if any.

    Raises:
        ColumnError: when ``test`` has other columns than the training strains.
    """
    held_out = result.test if test is None else test
    findings = [*_protocol(result), *_scales(result, held_out), *_hashes(result)]
    report = LeakReport(tuple(findings), FIT_CHECKS)
    if held_out is None:
        return report
    report += LeakReport((*_members(result, held_out), *_calibration(result, held_out)))
    if result.protocol == "identity":
        return report
    names = _stopping(result)
    return report + audit_split(
        result.train, held_out, validation=result.train.select(names) if names else None
    )


def _protocol(result: FitResult) -> Iterator[LeakFinding]:
    if result.protocol == "identity":
        yield LeakFinding(
            "target as input",
            "leak",
            "Under the identity protocol each row is input and target, so a field that is zero "
            "everywhere is perfect.",
            "Fit with protocol='forecast'.",
        )


def _scales(result: FitResult, test: Dataset | None) -> Iterator[LeakFinding]:
    expected = _fitted_on(result, result.train)
    wrong = [part for part in SCALES if not _same(result.scaling, expected, part)]
    if not wrong:
        return
    listed = ", ".join(wrong)
    everything = None if test is None else _joined(result.train, test)
    if everything is not None:
        names = everything.names[len(result.train) :]
        on_all = _fitted_on(result, everything, names)
        if all(_same(result.scaling, on_all, part) for part in wrong):
            message = f"{listed}: fitted on the held-out strains as well."
            yield _scaler(message)
            return
    yield _scaler(f"{listed}: not those of the training strains.")


def _scaler(message: str) -> LeakFinding:
    fix = "Fit scales on the training strains alone, as pyscimlode.fit does."
    return LeakFinding("scaler", "leak", message, fix)


def _fitted_on(result: FitResult, data: Dataset, further: tuple[str, ...] = ()) -> Scaling:
    members = [
        replace(member, train=(*(n for n in member.train if n in data.names), *further))
        for member in result.members
    ]
    return build_problem(data, result.model, members, objective=result.objective).scaling


def _same(one: Scaling, other: Scaling, part: str) -> bool:
    values, expected = np.asarray(getattr(one, part)), np.asarray(getattr(other, part))
    return bool(np.allclose(values, expected, rtol=1e-9, atol=0.0))


def _joined(train: Dataset, test: Dataset) -> Dataset | None:
    """Return both, or None where they share experiments (which is said elsewhere)."""
    try:
        return replace(train, experiments=(*train.experiments, *test.experiments))
    except ExperimentError:
        return None


def _members(result: FitResult, test: Dataset) -> Iterator[LeakFinding]:
    trained = {name for member in result.members for name in member.train}
    for name in sorted(trained & {*test.names}):
        if name not in result.train.names:
            yield LeakFinding(
                "trained on test",
                "leak",
                "Members were trained on it, and it is held out.",
                "Fit again without it.",
                strains=(name,),
            )


def _stopping(result: FitResult) -> tuple[str, ...]:
    """Return the training experiments that no member was trained on: they decided when to stop."""
    trained = {name for member in result.members for name in member.train}
    return tuple(name for name in result.train.names if name not in trained)


def _calibration(result: FitResult, test: Dataset) -> Iterator[LeakFinding]:
    if result.calibration is None:
        return
    for strain in result.calibration.strains:
        if strain in test.strains:
            yield LeakFinding(
                "calibration",
                "leak",
                "The intervals were calibrated on this held-out strain, so they cover it by "
                "construction.",
                "Calibrate on strains that are neither trained on nor tested.",
                strains=(strain,),
            )


def _hashes(result: FitResult) -> Iterator[LeakFinding]:
    for side, data in (("train", result.train), ("test", result.test)):
        noted = result.provenance.get(f"{side}_hash")
        if noted is not None and data is not None and noted != data.content_hash:
            what = "training" if side == "train" else "held-out"
            yield LeakFinding(
                "provenance",
                "warning",
                f"The {what} strains are not those of the fit: their hash differs from the noted "
                f"{side}_hash.",
                "Fit again on these data, or load the ones that were fitted.",
            )
