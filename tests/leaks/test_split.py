from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.data import Dataset, benchmark, interpolate_by_time, leave_one_strain_out, load
from pyscimlode.errors import ColumnError
from pyscimlode.leaks import audit_split
from tests.leaks.workflows import split, strains


def renamed(data: Dataset, name: str, factor: float = 1.0, column: int | None = None) -> Dataset:
    """The first strain under another name, its states (or one of them) times a factor."""
    e = data.experiments[0]
    states = e.states.copy()
    if column is None:
        states *= factor
    else:
        others = np.arange(states.shape[1]) != column
        states[:, others] *= factor
    copy = replace(e, name=name, strain=name, states=states)
    return replace(data, experiments=(copy,))


def rows_of(data: Dataset, rows: slice) -> Dataset:
    """Some rows of every strain, as shuffled rows fall."""
    return replace(
        data,
        experiments=tuple(
            replace(e, times=e.times[rows], states=e.states[rows], controls=e.controls[rows])
            for e in data
        ),
    )


def test_a_split_by_strain_is_not_accused() -> None:
    train, test = split()
    report = audit_split(train, test, validation=train.select(train.names[0]))
    assert not report, report
    assert len(report.checks) == 4


def test_replicates_of_one_strain_on_both_sides() -> None:
    data = strains()
    again = replace(data["S7"], name="S7 again", strain="S7", states=1.1 * data["S7"].states)
    train = replace(data, experiments=(*data.experiments[:6], again))
    report = audit_split(train, data.select("S7"))
    (finding,) = report.findings
    assert (finding.kind, finding.severity, finding.where) == ("same strain", "leak", "S7")
    assert finding.message == "It is trained on (S7 again) and tested (S7)."
    honest = replace(data, experiments=(*data.experiments[:5], data["S7"], again))
    assert not audit_split(data.select(["S1", "S2"]), honest.select("S7"))


def test_shuffled_rows_of_one_strain_on_both_sides() -> None:
    data = strains(3)
    report = audit_split(rows_of(data, slice(0, None, 2)), rows_of(data, slice(1, None, 2)))
    assert report.kinds == ("same strain",)
    assert [finding.strains for finding in report] == [("S1",), ("S2",), ("S3",)]
    assert "Its times are mixed" in report.findings[0].message
    early, late = rows_of(data, slice(0, 4)), rows_of(data, slice(4, None))
    assert "mixed" not in audit_split(early, late).findings[0].message


@pytest.mark.parametrize("factor", [1.0, 1.0 + 1e-5])
def test_a_strain_under_another_name_is_found(factor: float) -> None:
    train, _ = split()
    (finding,) = audit_split(train, renamed(train, "new", factor)).findings
    assert finding.kind == "same content"
    assert finding.strains == ("new", "S1")
    assert "one strain under two names" in finding.message


def test_a_strain_that_is_alike_is_not_accused() -> None:
    train, _ = split()
    assert not audit_split(train, renamed(train, "new", 1.1))


def test_a_single_copied_column_is_a_warning() -> None:
    train, _ = split()
    (finding,) = audit_split(train, renamed(train, "new", 1.5, column=1)).findings
    assert (finding.kind, finding.severity) == ("copied column", "warning")
    assert finding.column == train.state_names[1]
    assert "are those of S1" in finding.message


def test_interpolation_before_the_split_is_found() -> None:
    data = strains()
    even = replace(data, experiments=tuple(interpolate_by_time(e, 73) for e in data))
    report = audit_split(even.select(["S1", "S2"]), even.select(["S3"]))
    assert report.kinds == ("interpolated",)
    held_out, training = report.findings
    assert (held_out.severity, held_out.strains) == ("leak", ("S3",))
    assert (training.severity, training.strains) == ("warning", ("S1", "S2"))
    assert "held-out states lie on straight lines between others" in held_out.message
    after = audit_split(even.select(["S1", "S2"]), data.select(["S3"]))
    assert not after.leaks


def test_a_control_that_is_the_state_is_found() -> None:
    train, test = split()

    def with_image(data: Dataset) -> Dataset:
        return replace(
            data,
            experiments=tuple(
                replace(e, controls=np.hstack([e.controls, 1e4 * e.states[:, 1:2] + 7.0]))
                for e in data
            ),
            control_names=(*data.control_names, "reporter"),
            units={},
        )

    report = audit_split(with_image(train), with_image(test))
    (finding,) = report.findings
    assert finding.kind == "target as input"
    assert finding.column == train.state_names[1]
    assert "The control 'reporter' is an affine image" in finding.message


def test_a_held_out_strain_must_not_decide_when_training_stops() -> None:
    train, test = split()
    named = audit_split(train, test, validation=test.select("S7"))
    assert [(f.kind, f.strains) for f in named] == [("early stopping", ("S7",))]
    hidden = audit_split(train, test, validation=renamed(test, "V"))
    assert hidden.kinds == ("early stopping",)
    assert "renamed" in hidden.findings[0].message


def test_data_sets_with_other_columns_are_refused() -> None:
    train, test = split()
    with pytest.raises(ColumnError):
        audit_split(train, test.keep(states=test.state_names[:2]))


@pytest.mark.parametrize("name", ["sim-sparse", "sim-dense"])
@pytest.mark.parametrize("n", [1, 2, 5])
def test_benchmarks_are_not_accused(name: str, n: int) -> None:
    train, test = benchmark(name, n=n)
    report = audit_split(train, test)
    assert not report, report


@pytest.mark.parametrize("name", ["limonene", "isopentenol", "costello2018-all"])
def test_of_measured_strains_only_copied_columns_are_found(name: str, measured_data: Path) -> None:
    """The audit of the data set finds the same copies."""
    data = load(name)
    copied = {
        (finding.column, *sorted(finding.strains))
        for finding in data.audit().of_kind("copied")
        if finding.role == "state"
    }
    found = set()
    for _, train, test in leave_one_strain_out(data):
        report = audit_split(train, test)
        assert set(report.kinds) <= {"copied column"}, report
        found |= {
            (f.column, *sorted((f.strains[0], other)))
            for f in report
            for other in train.strains
            if f"are those of {other}," in f.message
        }
    assert found == copied
