from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode import datasets
from pyscimlode.data import Dataset, Experiment
from pyscimlode.errors import ExperimentError

NAN = np.nan
TIMES = [0, 1, 2, 3, 4, 5]
RISING = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
OTHER = [1.5, 2.5, 3.5, 4.5, 5.5, 6.5]


def strains(strain: str = "", **series: list[float]) -> Dataset:
    parts = [
        Experiment(name, TIMES, np.array([values]).T, np.empty((6, 0)), strain)
        for name, values in series.items()
    ]
    return Dataset(tuple(parts), ("X",))


def found(data: Dataset) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.kind, f.strains) for f in data.audit() if f.kind != "single replicate"]


def test_clean_exclusions_of_the_measured_strains(measured_data: Path) -> None:
    expected = {
        "L1": {"GPP"},
        "L2": {"GPP"},
        "L3": set(),
        "I1": {"GPP"},
        "I2": {"Mev-P", "GPP"},
        "I3": {"Mev-P", "GPP"},
    }
    pooled = datasets.load("costello2018-all").audit()
    for name in ("limonene", "isopentenol"):
        report = datasets.load(name).audit()
        for strain in report.strains:
            assert set(report.flagged_columns(strain)) == expected[strain]
            assert set(pooled.flagged_columns(strain)) == expected[strain]


def test_copies_of_the_measured_strains_are_counted(measured_data: Path) -> None:
    (copy,) = datasets.load("limonene").audit().of_kind("copied")
    assert (copy.column, copy.strains, copy.role) == ("GPP", ("L1", "L2"), "state")
    assert copy.detail == "the same value at 9 of 9 shared times"


def test_sparse_columns_of_the_measured_strains_end_early(measured_data: Path) -> None:
    early = datasets.load("limonene").audit().of_kind("ends early")
    assert {f.column for f in early} == {"Acetyl-CoA", "HMG-CoA", "NAD", "NADP", "citrate"}
    assert all(f.strains == ("L1", "L2", "L3") and not f.excludes for f in early)


def test_simulated_strains_have_nothing_but_single_replicates() -> None:
    train, _ = datasets.benchmark("sim-sparse", n=30)
    report = train.audit()
    assert [finding.kind for finding in report] == ["single replicate"]
    assert report.flagged_columns(train.strains[0]) == ()


def test_copy_between_two_of_three() -> None:
    data = strains(A=RISING, B=OTHER, C=RISING)
    assert found(data) == [("copied", ("A", "C"))]
    report = data.audit()
    assert report.flagged_columns("A") == report.flagged_columns("C") == ("X",)
    assert report.flagged_columns("B") == ()


@pytest.mark.parametrize(
    ("second", "copied"),
    [
        ([1, 2, 3, 4, NAN, NAN], True),
        ([1, 2, 3, NAN, NAN, NAN], False),
        ([1, 2, 3, 4, 9, 9], False),
        ([1, 2, 3, 4, 5, NAN], True),
    ],
)
def test_how_much_equality_is_a_copy(second: list[float], copied: bool) -> None:
    kinds = {kind for kind, _ in found(strains(A=RISING, B=second))}
    assert ("copied" in kinds) is copied


def test_shared_zeros_are_no_copy() -> None:
    data = strains(A=[0, 0, 0, 0, 0, 7], B=[0, 0, 0, 0, 0, 8])
    assert not data.audit().of_kind("copied")


def test_copies_are_compared_at_shared_times_alone() -> None:
    first = Experiment("A", [0, 1, 2, 3, 4], np.c_[[1.0, 2, 3, 4, 5]], np.empty((5, 0)))
    second = Experiment("B", [1, 2, 3, 4, 9], np.c_[[2.0, 3, 4, 5, 6]], np.empty((5, 0)))
    (copy,) = Dataset((first, second), ("X",)).audit().of_kind("copied")
    assert copy.detail == "the same value at 4 of 4 shared times"


def test_equal_replicates_of_one_strain_are_no_copy_between_strains() -> None:
    assert found(strains("S", A=RISING, B=RISING)) == []


def test_copied_controls_are_reported_and_exclude_nothing() -> None:
    parts = tuple(
        Experiment(name, TIMES, np.c_[states], np.c_[RISING])
        for name, states in (("A", RISING), ("B", OTHER))
    )
    report = Dataset(parts, ("X",), ("E",)).audit()
    (copy,) = report.of_kind("copied")
    assert (copy.column, copy.role, copy.excludes) == ("E", "control", False)
    assert report.flagged_columns("A") == ()


def test_a_control_without_values_is_reported() -> None:
    part = Experiment("A", TIMES, np.c_[RISING], np.full((6, 1), NAN))
    (finding,) = Dataset((part,), ("X",), ("E",)).audit().of_kind("never measured")
    assert (finding.column, finding.role) == ("E", "control")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([0, 0.002, 0, 0.003, 0.005, 0.002], "detection limit"),
        ([0, 0.002, 0, 0.003, 0.05, 0.002], None),
        ([0, 0.002, 0.003, 0.003, 0.005, 0.002], None),
        ([0, 0.002, 0, 0.003, 0, 0], "almost always zero"),
        ([0, 0, 0, 0, 0, 0], "almost always zero"),
        ([NAN] * 6, "never measured"),
        ([1, 2, 3, 4, NAN, NAN], "ends early"),
        ([1, NAN, 3, NAN, NAN, 4], None),
    ],
)
def test_kinds_of_one_series(values: list[float], kind: str | None) -> None:
    expected = [] if kind is None else [(kind, ("A",))]
    assert found(strains(A=values)) == expected


def test_replicates_are_not_single() -> None:
    assert not strains("S", A=RISING, B=OTHER).audit().findings
    assert str(strains("S", A=RISING, B=OTHER).audit()) == "Audit: nothing found."


def test_report_as_text_and_table() -> None:
    report = strains(A=RISING, B=RISING).audit()
    lines = str(report).splitlines()
    assert lines[0] == "Audit: 2 finding(s), 1 of them (marked !) spoil scores."
    assert lines[2].startswith("! copied")
    assert lines[2].endswith("A, B     the same value at 6 of 6 shared times")
    frame = report.to_frame()
    assert list(frame.columns) == ["kind", "role", "column", "strains", "excludes", "detail"]
    assert frame["excludes"].tolist() == [True, False]
    assert len(report) == 2


def test_unknown_strain() -> None:
    with pytest.raises(ExperimentError, match="no strain 'C' in this audit; there are A, B"):
        strains(A=RISING, B=OTHER).audit().flagged_columns("C")
