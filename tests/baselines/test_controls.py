from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.baselines import control_predictions
from pyscimlode.data.dataset import Dataset, Experiment


def strain(name: str, x: list[float], enzyme: float) -> Experiment:
    times = np.array([0.0, 2.0, 4.0])
    states = np.array(x)[:, None]
    return Experiment(name, times, states, np.full((3, 1), enzyme))


@pytest.fixture
def train() -> Dataset:
    rows = (strain("A", [1.0, np.nan, 5.0], 1e3), strain("B", [1.0, 4.0, 9.0], 1e6))
    return Dataset(rows, ("x",), ("E",))


@pytest.fixture
def test_set() -> Dataset:
    return Dataset((strain("C", [2.0, 0.0, 0.0], 5e5),), ("x",), ("E",))


def test_controls_by_hand(train: Dataset, test_set: Dataset) -> None:
    found = {name: by["C"][:, 0] for name, by in control_predictions(train, test_set).items()}
    np.testing.assert_allclose(found["persistence"], [2.0, 2.0, 2.0])
    np.testing.assert_allclose(found["mean"], [1.0, 3.5, 7.0])
    geometric = np.sqrt((np.array([1.0, 3.0, 5.0]) + 1e-3) * (np.array([1.0, 4.0, 9.0]) + 1e-3))
    np.testing.assert_allclose(found["geometric mean"], geometric - 1e-3)
    np.testing.assert_allclose(found["nearest strain"], [1.0, 4.0, 9.0])


def test_controls_see_nothing_of_the_test_strain_but_start_and_inputs(
    train: Dataset, test_set: Dataset
) -> None:
    other = Dataset((strain("C", [2.0, 77.0, -3.0], 5e5),), ("x",), ("E",))
    for name, by in control_predictions(train, test_set).items():
        np.testing.assert_array_equal(by["C"], control_predictions(train, other)[name]["C"])


def test_nearest_strain_needs_controls(train: Dataset, test_set: Dataset) -> None:
    names = control_predictions(train.keep(controls=[]), test_set.keep(controls=[]))
    assert list(names) == ["persistence", "mean", "geometric mean"]


def test_a_state_that_nobody_measured_is_nan(test_set: Dataset) -> None:
    train = Dataset((strain("A", [np.nan] * 3, 1.0),), ("x",), ("E",))
    for name in ("mean", "geometric mean"):
        assert np.isnan(control_predictions(train, test_set)[name]["C"]).all()
