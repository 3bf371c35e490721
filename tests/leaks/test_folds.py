from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold, KFold

from pyscimlode.errors import DataError
from pyscimlode.estimator import LeaveOneStrainOut
from pyscimlode.leaks import audit_folds
from tests.leaks.workflows import strains


def test_shuffled_rows_are_found_and_whole_strains_are_not() -> None:
    table = strains(5).to_frame()
    groups = table["strain"]
    shuffled = KFold(4, shuffle=True, random_state=0).split(table)
    report = audit_folds(groups, shuffled)
    (finding,) = report.findings
    assert finding.kind == "shuffled folds"
    assert finding.strains == ("S1", "S2", "S3", "S4", "S5")
    assert "of 4 folds" in finding.message
    assert "LeaveOneStrainOut" in finding.fix
    assert not audit_folds(groups, GroupKFold(5).split(table, groups=groups))
    assert not audit_folds(groups, LeaveOneStrainOut().split(table))


def test_a_data_set_has_rows_or_experiments() -> None:
    data = strains(5)
    rows = KFold(5, shuffle=True, random_state=0).split(data.to_frame())
    assert audit_folds(data, rows).kinds == ("shuffled folds",)
    assert not audit_folds(data, LeaveOneStrainOut().split(data))


def test_a_row_on_both_sides() -> None:
    report = audit_folds(["S1", "S2", "S3"], [([0, 1], [1, 2])])
    assert report.kinds == ("shuffled folds", "same content")


@pytest.mark.parametrize(
    ("folds", "text"),
    [
        ([], r"There are no folds"),
        ([([0], [9])], r"The folds name row 9, but groups has the strains of 3 rows"),
        ([([0], [-1])], r"groups has the strains of 3 rows"),
    ],
)
def test_mistakes(folds: list[tuple[list[int], list[int]]], text: str) -> None:
    with pytest.raises(DataError, match=text):
        audit_folds(["S1", "S2", "S3"], folds)


def test_folds_of_another_table() -> None:
    with pytest.raises(DataError, match=r"The folds number 4 rows; the data set has 40 rows and 5"):
        audit_folds(strains(5), [(np.arange(3), np.array([3]))])
