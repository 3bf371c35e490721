from __future__ import annotations

import sys

import numpy as np
import pytest

from pyscimlode.data import Dataset, Experiment, from_frame, simulate
from pyscimlode.errors import ColumnError, MissingDependencyError


def ragged() -> Dataset:
    a = Experiment("A1", [0, 2], [[1.0], [np.nan]], [[3.0], [4.0]], "A")
    b = Experiment("A2", [0, 3], [[5.0], [6.0]], [[7.0], [np.nan]], "A")
    return Dataset((a, b), ("X",), ("E",), units={"X": "mM"})


def test_frame_has_a_row_per_experiment_and_time() -> None:
    frame = ragged().to_frame()
    assert list(frame.columns) == ["experiment", "strain", "time", "X", "E"]
    assert frame["time"].tolist() == [0, 2, 0, 3]
    assert frame["strain"].tolist() == ["A"] * 4
    np.testing.assert_array_equal(frame["X"], [1, np.nan, 5, 6])


@pytest.mark.parametrize("data", [ragged(), simulate(2, times=[0, 24, 72])], ids=["ragged", "sim"])
def test_frame_and_back(data: Dataset) -> None:
    back = from_frame(
        data.to_frame(), states=data.state_names, controls=data.control_names, units=data.units
    )
    assert back.content_hash == data.content_hash


def test_frame_with_a_state_named_time() -> None:
    part = Experiment("A", [0, 1], [[1.0], [2.0]], np.empty((2, 0)))
    with pytest.raises(ColumnError, match="named 'time', as the table's index column"):
        Dataset((part,), ("time",)).to_frame()


def test_xarray_is_on_the_union_of_times() -> None:
    pytest.importorskip("xarray")
    grid = ragged().to_xarray()
    assert grid["time"].values.tolist() == [0, 2, 3]
    np.testing.assert_array_equal(
        grid["states"].sel(state="X").values, [[1, np.nan, np.nan], [5, np.nan, 6]]
    )
    np.testing.assert_array_equal(
        grid["controls"].sel(control="E").values, [[3, 4, np.nan], [7, np.nan, np.nan]]
    )
    assert grid["strain"].values.tolist() == ["A", "A"]
    assert grid["state_unit"].values.tolist() == ["mM"]


def test_without_xarray_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[xarray\]'"):
        ragged().to_xarray()
