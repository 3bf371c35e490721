from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, ExperimentError, TimeError, ValueRangeError
from pyscimlode.estimator.series import series_rows
from pyscimlode.estimator.tables import Rows, end_point_rows, is_series, to_Xy


def _replicated(strains: Dataset) -> Dataset:
    first, second, *others = strains.experiments
    made = (replace(first, name="A-1", strain="A"), replace(second, name="A-2", strain="A"))
    return replace(strains, experiments=(*made, *others))


def test_a_table_means_the_data_set_that_it_was_made_of(strains: Dataset) -> None:
    data = replace(_replicated(strains), units={})
    X, y, groups = to_Xy(data)
    assert groups.tolist()[:11] == ["A"] * 10 + ["S3"]
    rows = series_rows(X, y)
    assert rows.dataset.content_hash == data.content_hash
    assert rows.at_start.sum() == len(data)


def test_the_order_of_rows_and_of_targets_does_not_matter(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    shuffled = np.random.default_rng(0).permutation(len(X))
    rows = series_rows(X.iloc[shuffled], y.iloc[shuffled][["Limonene", "Mevalonate"]])
    for experiment in strains:
        np.testing.assert_array_equal(rows.dataset[experiment.name].states, experiment.states)
    places = zip(rows.experiment_of, rows.time_of, strict=True)
    times = [rows.dataset.experiments[i].times[k] for i, k in places]
    np.testing.assert_array_equal(times, X["time"].to_numpy()[shuffled])


def test_starts_come_from_their_columns_where_nothing_is_known_of_the_course(
    strains: Dataset,
) -> None:
    X, _, _ = to_Xy(strains)
    late = X[X["time"] > 6]
    first = series_rows(late).dataset["S2"]
    np.testing.assert_array_equal(first.times, [0, 12, 24, 48])
    np.testing.assert_array_equal(first.states[0], strains["S2"].states[0])
    assert np.isnan(first.states[1:]).all()
    one_row = series_rows(X.iloc[:1]).dataset
    assert len(one_row["S1"].times) == 2


def test_an_id_is_a_strain_where_there_is_one_column_alone(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    assert series_rows(X.drop(columns="experiment"), y).dataset.names == strains.names
    assert series_rows(X.drop(columns="strain"), y).dataset.strains == strains.names


def test_units_of_time_are_those_of_the_training_data(strains: Dataset) -> None:
    minutes = strains.with_units({}, time_unit="min")
    assert series_rows(to_Xy(minutes)[0], like=minutes).dataset.time_unit == "min"


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("time", "no column 'time'"),
        (["strain", "experiment"], "no column 'strain' or 'experiment'"),
        (["Mevalonate@0", "Limonene@0"], "no column '<state>@0'"),
    ],
)
def test_missing_columns_are_named(strains: Dataset, column: str | list[str], text: str) -> None:
    X, _, _ = to_Xy(strains)
    with pytest.raises(ColumnError, match=text):
        series_rows(X.drop(columns=column))


def test_targets_that_do_not_belong_to_the_table(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    with pytest.raises(ColumnError, match=r"name different states: only one of them has GPP, Lim"):
        series_rows(X, y.rename(columns={"Limonene": "GPP"}))
    with pytest.raises(ColumnError, match=r"y has shape \(20, 1\); X has 20 rows and names 2"):
        series_rows(X, y.to_numpy()[:, :1])
    with pytest.raises(ValueRangeError, match="cells of y are not all numbers"):
        series_rows(X, y.astype(object).replace(y.iloc[3, 0], "high"))


def test_series_that_contradict_themselves(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    again = X.assign(time=X["time"].replace(12.0, 6.0))
    with pytest.raises(TimeError, match=r"'S1' has two rows at time 6. Replicates need ids"):
        series_rows(again, y)
    with pytest.raises(TimeError, match="'S1' at time 0 is before its start, 6"):
        series_rows(X.assign(**{"time@0": 6.0}), y)
    other = X.copy()
    other.loc[3, "Limonene@0"] = 9.0
    with pytest.raises(ExperimentError, match=r"Rows of 'S1' have different starts: Limonene is"):
        series_rows(other, y)
    with pytest.raises(ValueRangeError, match=r"columns MK, LS of X are not all numbers"):
        series_rows(X.assign(MK="high"), y)
    with pytest.raises(TimeError, match="A row of 'S1' has no time"):
        series_rows(X.assign(time=X["time"].where(X["time"] > 0)), y)


def test_a_series_that_was_cut_is_noticed(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    late = (X["time"] > 0).to_numpy()
    cut = X[late].drop(columns="time@0")
    with pytest.raises(ExperimentError, match=r"The first row of 'S1' has Mevalonate = .* cut\?"):
        series_rows(cut, y[late])
    assert series_rows(X[late], y[late]).dataset["S1"].times[0] == 0.0


def test_names_that_mean_something_else_are_refused(strains: Dataset) -> None:
    odd = replace(strains, state_names=("time@0", "Limonene"), units={})
    with pytest.raises(ColumnError, match="is named 'time@0', which means something else"):
        to_Xy(odd)


def test_series_are_told_by_their_columns(strains: Dataset) -> None:
    X, _, _ = to_Xy(strains)
    assert is_series(X)
    assert not is_series(X[["MK", "LS"]])
    assert not is_series(X[["MK", "LS"]].to_numpy())
    with pytest.raises(ColumnError, match=r"Column 'Time' of X: .* Rename it to 'time'"):
        is_series(X[["MK"]].assign(Time=1.0))


def test_end_points_are_strains_with_constant_controls() -> None:
    X, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0], [6.0]])
    options = {"state_names": ["y"], "control_names": ["a", "b"]}
    rows = end_point_rows(X, y, horizon=8.0, initial=0.5, groups=["A", "A"], **options)
    assert rows.dataset.strains == ("A",)
    one = rows.dataset["row 1"]
    np.testing.assert_array_equal(one.times, [0.0, 8.0])
    np.testing.assert_array_equal(one.states[:, 0], [0.5, 6.0])
    np.testing.assert_array_equal(one.controls, [[3.0, 4.0]] * 2)
    assert not rows.at_start.any()
    with pytest.raises(TimeError, match=r"horizon=0.0: .* must be positive"):
        end_point_rows(X, y, horizon=0.0, initial=0.0, **options)
    with pytest.raises(ExperimentError, match="strains of 1 rows, and X has 2 rows"):
        end_point_rows(X, y, horizon=1.0, initial=0.0, groups=["A"], **options)
    with pytest.raises(ValueRangeError, match=r"initial=\[0.0, 1.0\]: give one number, or one"):
        end_point_rows(X, y, horizon=1.0, initial=[0.0, 1.0], **options)


def test_rows_of_a_data_set_are_those_of_its_table(strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    of_table, of_data = series_rows(X, y), Rows.of_dataset(strains)
    np.testing.assert_array_equal(of_table.experiment_of, of_data.experiment_of)
    np.testing.assert_array_equal(of_table.time_of, of_data.time_of)
