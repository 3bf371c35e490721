from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.baselines import DirectGaussianProcess
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import ModelError

TIMES = np.linspace(0.0, 5.0, 8)


def strain(name: str, enzyme: float, times: np.ndarray = TIMES) -> Experiment:
    """x grows with the logarithm of the enzyme; the idle enzyme says nothing."""
    x = 1.0 + np.log1p(enzyme) * np.sin(times / 3.0)
    return Experiment(
        name, times, x[:, None], np.column_stack((np.full(len(times), enzyme), times + 1.0))
    )


@pytest.fixture(scope="module")
def train() -> Dataset:
    rows = [strain(f"S{i}", enzyme) for i, enzyme in enumerate(np.expm1(np.linspace(0.5, 5, 8)))]
    return Dataset(tuple(rows), ("x",), ("E", "idle"))


@pytest.fixture(scope="module")
def test_set() -> Dataset:
    return Dataset(
        (strain("T", float(np.expm1(3.4)), np.array([0.0, 1.3, 4.4])),), ("x",), ("E", "idle")
    )


def test_a_smooth_map_from_enzyme_and_time_is_learned(train: Dataset, test_set: Dataset) -> None:
    fitted = DirectGaussianProcess().fit(train)
    np.testing.assert_allclose(fitted.predict(test_set)["T"], test_set["T"].states, atol=0.05)
    scores = fitted.score(test_set)
    assert scores.value("direct Gaussian process") < 0.05
    assert scores.value("nearest strain") > 0.1


def test_features_that_do_not_vary_are_left_out(train: Dataset) -> None:
    fitted = DirectGaussianProcess().fit(train)
    assert fitted.inputs.columns.tolist() == [1]


def test_forecast_sees_nothing_of_the_test_strain_but_start_and_inputs(
    train: Dataset, test_set: Dataset
) -> None:
    fitted = DirectGaussianProcess().fit(train)
    own = test_set["T"]
    spoiled = replace(own, states=np.concatenate((own.states[:1], 50.0 - own.states[1:])))
    fed = replace(own, controls=own.controls * [3.0, 1.0])
    forecast = fitted.predict(test_set)["T"]
    for changed, same in ((spoiled, True), (fed, False)):
        other = fitted.predict(replace(test_set, experiments=(changed,)))["T"]
        assert np.array_equal(other, forecast) is same


def test_empty_cells_are_not_learned_from(train: Dataset, test_set: Dataset) -> None:
    holes = tuple(
        replace(e, states=np.where(np.arange(8)[:, None] % 3 == 2, np.nan, e.states)) for e in train
    )
    fitted = DirectGaussianProcess(max_rows=30).fit(replace(train, experiments=holes))
    np.testing.assert_allclose(fitted.predict(test_set)["T"], test_set["T"].states, atol=0.2)
    assert fitted.processes[0].X_train_.shape[0] == 30


def test_scales_are_learned_from_few_rows_and_used_with_all(
    train: Dataset, test_set: Dataset
) -> None:
    fitted = DirectGaussianProcess(scale_rows=25).fit(train)
    (process,) = fitted.processes
    assert process.X_train_.shape[0] == 64
    assert process.kernel_ == process.kernel
    np.testing.assert_allclose(fitted.predict(test_set)["T"], test_set["T"].states, atol=0.1)


def test_too_few_rows(train: Dataset) -> None:
    with pytest.raises(ModelError, match="needs two rows"):
        DirectGaussianProcess(max_rows=1).fit(train)
