"""The six classic leaks, each planted, and each beside the honest way to do the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold

import pyscimlode
from pyscimlode.data import Dataset, interpolate_by_time
from pyscimlode.leaks import LeakReport
from pyscimlode.leaks.report import LeakKind
from tests.leaks import workflows
from tests.leaks.workflows import split, strains

Audit = Callable[[bool], LeakReport]
"""An audit of a leaking way to do something (True), or of its honest twin (False)."""


def scaler(leaking: bool) -> LeakReport:
    workflow = workflows.scaler_on_all_strains if leaking else workflows.honest
    return pyscimlode.audit_leaks(*split(), workflow=workflow)


def interpolation(leaking: bool) -> LeakReport:
    data = strains()
    if leaking:
        data = replace(data, experiments=tuple(interpolate_by_time(e, 73) for e in data))
    return pyscimlode.audit_leaks(data.drop(["S7"]), data.select(["S7"]))


def filling(leaking: bool) -> LeakReport:
    train, test = split()
    workflow = (
        workflows.filled_over_the_joined_table if leaking else workflows.filled_within_strains
    )
    return pyscimlode.audit_leaks(workflows.with_gaps(train), test, workflow=workflow)


def folds(leaking: bool) -> LeakReport:
    data = strains()
    table = data.to_frame()
    rows = (
        KFold(5, shuffle=True, random_state=0).split(table)
        if leaking
        else GroupKFold(5).split(table, groups=table["strain"])
    )
    return pyscimlode.audit_leaks(data, folds=rows)


def same_strain(leaking: bool) -> LeakReport:
    data = strains()
    replicate = replace(data["S7"], name="S7b", strain="S7", states=1.05 * data["S7"].states)
    both = replace(data, experiments=(*data.experiments, replicate))
    tested = ["S7b"] if leaking else ["S7", "S7b"]
    held_out = replace(both, experiments=tuple(e for e in both if e.name in tested))
    rest = replace(both, experiments=tuple(e for e in both if e.name not in tested))
    return pyscimlode.audit_leaks(rest, held_out)


def renamed_strain(leaking: bool) -> LeakReport:
    train, test = split()
    if leaking:
        copy = replace(train["S1"], name="new", strain="new")
        test = replace(test, experiments=(*test.experiments, copy))
    return pyscimlode.audit_leaks(train, test)


def target_as_column(leaking: bool) -> LeakReport:
    def with_reporter(data: Dataset) -> Dataset:
        rng = np.random.default_rng(0)
        experiments = []
        for e in data:
            signal = e.states[:, :1] if leaking else rng.random((len(e.times), 1))
            experiments.append(replace(e, controls=np.hstack([e.controls, 1e3 * signal])))
        names = (*data.control_names, "reporter")
        return replace(data, experiments=tuple(experiments), control_names=names)

    train, test = split()
    return pyscimlode.audit_leaks(with_reporter(train), with_reporter(test))


def target_as_input(leaking: bool) -> LeakReport:
    workflow = workflows.teacher_forcing if leaking else workflows.honest
    return pyscimlode.audit_leaks(*split(), workflow=workflow)


def early_stopping(leaking: bool) -> LeakReport:
    workflow = workflows.selected_on_test if leaking else workflows.selected_on_a_training_strain
    return pyscimlode.audit_leaks(*split(), workflow=workflow)


def named_for_early_stopping(leaking: bool) -> LeakReport:
    train, test = split()
    judge = test.select(["S7"]) if leaking else train.select(["S1"])
    return pyscimlode.audit_leaks(train, test, validation=judge)


PLANTED: list[tuple[Audit, LeakKind]] = [
    (scaler, "scaler"),
    (interpolation, "interpolated"),
    (filling, "interpolated"),
    (folds, "shuffled folds"),
    (same_strain, "same strain"),
    (renamed_strain, "same content"),
    (target_as_column, "target as input"),
    (target_as_input, "target as input"),
    (early_stopping, "early stopping"),
    (named_for_early_stopping, "early stopping"),
]


@pytest.mark.parametrize(("audit", "kind"), PLANTED, ids=lambda x: getattr(x, "__name__", x))
def test_found_by_its_name(audit: Audit, kind: LeakKind) -> None:
    report = audit(True)
    assert kind in [finding.kind for finding in report.leaks]
    with pytest.raises(pyscimlode.errors.LeakError, match=kind):
        report.raise_if_any()


@pytest.mark.parametrize("audit", [audit for audit, _ in PLANTED], ids=lambda x: x.__name__)
def test_the_honest_way_is_not_accused(audit: Audit) -> None:
    report = audit(False)
    assert not report, report
