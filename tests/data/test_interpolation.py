from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscimlode import datasets
from pyscimlode.data import (
    Dataset,
    Experiment,
    controls_at,
    interpolate_by_row,
    interpolate_by_time,
    knots,
)

NAN = np.nan


def dataset(interpolation: str = "linear") -> Dataset:
    long = Experiment(
        "long",
        [0, 2, 5, 9],
        [[1.0], [2.0], [NAN], [4.0]],
        [[NAN, 1.0], [10.0, NAN], [NAN, 7.0], [24.0, NAN]],
    )
    short = Experiment("short", [1, 3], [[1.0], [2.0]], [[5.0, 6.0], [NAN, 8.0]])
    return Dataset((long, short), ("X",), ("E", "F"), control_interpolation=interpolation)


def test_linear_controls_by_hand() -> None:
    values = controls_at(dataset(), "long", [0, 2, 3, 5.5, 9, 100])
    np.testing.assert_allclose(values[:, 0], [10, 10, 12, 17, 24, 24])
    np.testing.assert_allclose(values[:, 1], [1, 3.4, 4.6, 7, 7, 7])


def test_step_controls_hold_until_the_next_value() -> None:
    values = controls_at(dataset("step"), "long", [0, 2, 4.999, 5, 8.999, 9, 100])
    assert values[:, 0].tolist() == [10, 10, 10, 10, 10, 24, 24]
    assert values[:, 1].tolist() == [1, 1, 1, 7, 7, 7, 7]


def test_interpolation_can_be_chosen_in_the_call() -> None:
    chosen = controls_at(dataset(), "long", [4.0], interpolation="step")
    assert chosen.tolist() == [[10.0, 1.0]]


def test_knots_are_all_measured_times_and_padded_by_the_last() -> None:
    found = knots(dataset())
    assert found.counts.tolist() == [4, 2]
    assert found.times.tolist() == [[0, 2, 5, 9], [1, 3, 3, 3]]
    np.testing.assert_allclose(found.values[0], [[10, 1], [10, 3.4], [16, 7], [24, 7]])
    assert found.values[1].tolist() == [[5, 6], [5, 8], [5, 8], [5, 8]]


@pytest.mark.parametrize("interpolation", ["linear", "step"])
@given(times=st.lists(st.floats(0, 12), min_size=1, max_size=8))
def test_knots_carry_the_same_controls(interpolation: str, times: list[float]) -> None:
    data = dataset(interpolation)
    found = knots(data)
    count = found.counts[0]
    again = Dataset(
        (Experiment("k", found.times[0, :count], np.zeros((count, 1)), found.values[0, :count]),),
        ("X",),
        ("E", "F"),
        control_interpolation=interpolation,
    )
    np.testing.assert_allclose(
        controls_at(again, "k", times), controls_at(data, "long", times), rtol=1e-12
    )


def test_knots_without_controls_are_the_ends() -> None:
    found = knots(dataset().keep(controls=[]))
    assert found.times.tolist() == [[0, 9], [1, 3]]
    assert found.values.shape == (2, 2, 0)


def test_by_time_is_linear_between_the_measured_cells() -> None:
    grid = interpolate_by_time(dataset()["long"], 10)
    assert grid.times.tolist() == list(range(10))
    np.testing.assert_allclose(grid.states[:, 0], np.interp(range(10), [0, 2, 9], [1, 2, 4]))


def pandas_by_row(experiment: Experiment, points: int) -> pd.DataFrame:
    table = pd.DataFrame(
        np.hstack([experiment.states, experiment.controls]), index=experiment.times
    ).interpolate()
    grid = np.linspace(experiment.times[0], experiment.times[-1], points)
    return table.reindex(table.index.union(grid)).interpolate().loc[grid]


@pytest.mark.parametrize("name", ["limonene", "isopentenol"])
def test_by_row_is_what_pandas_does(measured_data: Path, name: str) -> None:
    for experiment in datasets.load(name):
        ours = interpolate_by_row(experiment)
        assert len(ours.times) == 200
        expected = pandas_by_row(experiment, 200).to_numpy()
        np.testing.assert_allclose(np.hstack([ours.states, ours.controls]), expected, rtol=1e-9)


def test_by_row_is_far_from_by_time_on_measured_data(measured_data: Path) -> None:
    for experiment in datasets.load("limonene"):
        difference = np.abs(
            interpolate_by_row(experiment).states - interpolate_by_time(experiment).states
        ).max(axis=0)
        spread = np.nanmax(experiment.states, axis=0) - np.nanmin(experiment.states, axis=0)
        assert 0.05 < (difference / spread).max() < 0.2


def test_both_are_equal_where_nothing_is_missing_and_times_are_even() -> None:
    even = Experiment("E", [0, 1, 2, 3], [[1.0], [3.0], [2.0], [5.0]], np.empty((4, 0)))
    np.testing.assert_allclose(
        interpolate_by_row(even, 13).states, interpolate_by_time(even, 13).states
    )


def test_empty_columns_stay_empty() -> None:
    empty = Experiment("E", [0, 1], [[1.0, NAN], [3.0, NAN]], np.empty((2, 0)))
    for grid in (interpolate_by_row(empty, 3), interpolate_by_time(empty, 3)):
        assert np.isnan(grid.states[:, 1]).all()
        assert grid.states[:, 0].tolist() == [1, 2, 3]
