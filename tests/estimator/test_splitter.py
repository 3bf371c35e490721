from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import check_cv

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError
from pyscimlode.estimator import LeaveOneStrainOut, to_Xy


def test_every_strain_is_held_out_once_with_all_its_replicates(strains: Dataset) -> None:
    first, second, *others = strains.experiments
    made = (replace(first, name="A-1", strain="A"), replace(second, name="A-2", strain="A"))
    data = replace(strains, experiments=(*made, *others))
    X, y, groups = to_Xy(data)
    folds = list(LeaveOneStrainOut().split(X, y))
    assert [sorted(set(groups[test])) for _, test in folds] == [["A"], ["S3"], ["S4"]]
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        assert len(train) + len(test) == len(X)
    assert LeaveOneStrainOut().get_n_splits(X) == 3


def test_groups_come_before_columns(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    halves = np.repeat(["left", "right"], len(X) // 2)
    assert LeaveOneStrainOut().get_n_splits(X, y, halves) == 2
    assert len(list(LeaveOneStrainOut().split(X.to_numpy(), y, halves))) == 2


def test_a_data_set_is_split_into_experiments(strains: Dataset) -> None:
    folds = list(LeaveOneStrainOut().split(strains))
    assert [test.tolist() for _, test in folds] == [[0], [1], [2], [3]]


def test_strains_that_are_held_out_may_be_named(strains: Dataset) -> None:
    X, _, groups = to_Xy(strains)
    cv = LeaveOneStrainOut(strains=["S2", "S4"])
    assert [set(groups[test]) for _, test in cv.split(X)] == [{"S2"}, {"S4"}]
    assert cv.get_n_splits() == 2
    assert clone(check_cv(cv), safe=False).strains == ["S2", "S4"]
    assert repr(cv) == "LeaveOneStrainOut(strains=['S2', 'S4'])"


def test_rows_whose_strains_are_not_known(strains: Dataset) -> None:
    X, _, groups = to_Xy(strains)
    with pytest.raises(ExperimentError, match=r"X has no column 'strain'. Pass groups="):
        next(LeaveOneStrainOut().split(X.to_numpy()))
    with pytest.raises(ExperimentError, match="All rows are of one strain, 'S1'"):
        next(LeaveOneStrainOut().split(X[groups == "S1"]))
    with pytest.raises(ExperimentError, match="there is no strain 'S9' in X; there are S1, S2"):
        next(LeaveOneStrainOut(["S9"]).split(X))
