from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import pyscimlode
from pyscimlode.backends.status import Status
from pyscimlode.baselines import DerivativeRegression
from pyscimlode.baselines.derivative_tables import derivative_table, interval_table
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import (
    ColumnError,
    DataError,
    ExperimentError,
    ModelError,
    TimeError,
    TrainingError,
)


def altered(dataset: Dataset, **parts: Any) -> Dataset:
    rows = tuple(
        replace(e, **{name: change(getattr(e, name)) for name, change in parts.items()})
        for e in dataset
    )
    return replace(dataset, experiments=rows)


@pytest.fixture(scope="module")
def linear(linear_train: Dataset) -> Any:
    return DerivativeRegression(LinearRegression(), points=401, window=3, step=0.02).fit(
        linear_train
    )


def test_a_linear_system_is_learned_and_forecast(
    linear: Any, linear_train: Dataset, linear_test: Dataset
) -> None:
    z, p = np.array([[1.0, 2.0]]), np.array([[3.0]])
    np.testing.assert_allclose(linear.field(z, p)[0, 0], [1.3, -0.1], rtol=0.01, atol=2e-3)
    forecast = linear.predict(linear_test)
    for experiment in linear_test:
        np.testing.assert_allclose(forecast[experiment.name], experiment.states, atol=5e-3)
        assert forecast.status[experiment.name].tolist() == [Status.SUCCESS]
        assert forecast.members[experiment.name].shape == (1, 5, 2)
    scores = linear.score(linear_test)
    assert scores.value("derivatives: LinearRegression") < 0.01
    assert scores.models[1:] == ("persistence", "mean", "geometric mean", "nearest strain")
    assert scores.value("persistence") > 0.5


def test_accumulation_of_an_input_is_exact() -> None:
    times = np.linspace(0.0, 4.0, 9)

    def strain(name: str, rate: float) -> Experiment:
        course = rate * times[:, None]
        return Experiment(name, times, 1.0 + 0.5 * rate * times[:, None] ** 2, course)

    train = Dataset((strain("A", 1.0), strain("B", 3.0)), ("x",), ("E",))
    test = Dataset((strain("C", 2.0),), ("x",), ("E",))
    fitted = DerivativeRegression(LinearRegression(), points=9, window=3).fit(train)
    np.testing.assert_allclose(fitted.predict(test)["C"], test["C"].states, rtol=1e-12)
    asked = [0.0, 1.1, 3.3]
    np.testing.assert_allclose(
        fitted.predict(test, asked)["C"][:, 0], 1.0 + np.square(asked), rtol=1e-12
    )


def test_forecast_sees_nothing_of_the_test_strain_but_start_and_inputs(
    linear: Any, linear_test: Dataset
) -> None:
    def spoil(states: np.ndarray) -> np.ndarray:
        other = states * -7.0 + 100.0
        other[0] = states[0]
        return other

    spoiled = altered(linear_test, states=spoil)
    fed = altered(linear_test, controls=lambda p: 2.0 * p)
    moved = altered(linear_test, states=lambda z: z + 1.0)
    for name in linear_test.names:
        own = linear.predict(linear_test)[name]
        np.testing.assert_array_equal(linear.predict(spoiled)[name], own)
        assert np.abs(linear.predict(fed)[name] - own)[1:].min() > 1e-3
        assert np.abs(linear.predict(moved)[name] - own)[1:].min() > 1e-3


def test_a_strain_alone_has_the_same_forecast_as_in_company(
    linear_train: Dataset, linear_test: Dataset
) -> None:
    fitted = DerivativeRegression("extra-trees", points=30, step=0.1).fit(linear_train)
    together = fitted.predict(linear_test)
    alone = fitted.predict(linear_test.select(["U"]))
    np.testing.assert_array_equal(together["U"], alone["U"])


@pytest.mark.parametrize(
    "regressor", ["extra-trees", "gradient-boosting", "k-nearest", "gaussian-process"]
)
def test_named_regressors_beat_persistence(
    regressor: str, linear_train: Dataset, linear_test: Dataset
) -> None:
    fitted = DerivativeRegression(regressor, points=60, max_rows=150, step=0.2).fit(linear_train)
    scores = fitted.score(linear_test)
    assert fitted.name == f"derivatives: {regressor}"
    assert scores.value(fitted.name) < 0.8 * scores.value("persistence")


def test_members_differ_by_seed_and_repeat(linear_train: Dataset, linear_test: Dataset) -> None:
    def members(seed: int) -> np.ndarray:
        model = DerivativeRegression(points=20, ensemble=2, seed=seed, step=0.5)
        return model.fit(linear_train).predict(linear_test).members["T"]

    first = members(0)
    np.testing.assert_array_equal(first, members(0))
    np.testing.assert_array_equal(first[1], members(1)[0])
    assert np.abs(first[0] - first[1]).max() > 0


def test_a_blow_up_is_a_status_and_not_an_error(linear_train: Dataset) -> None:
    class Explosive(LinearRegression):
        def predict(self, X: np.ndarray) -> np.ndarray:
            return 1e3 * X[:, 0]

    test = linear_train.select(["A"])
    fitted = DerivativeRegression(Explosive(), points=20, step=0.1).fit(linear_train.drop(["A"]))
    forecast = fitted.predict(test)
    assert forecast.status["A"].tolist() == [Status.NON_FINITE]
    assert np.isfinite(forecast["A"][0]).all()
    assert np.isnan(forecast["A"][-1]).all()
    assert "not finite on A at" in forecast.notes[0]
    assert np.isnan(fitted.score(test).value(fitted.name))


def test_the_table_takes_derivatives_in_time(linear_train: Dataset) -> None:
    times = np.array([0.0, 1.0, 4.0, 10.0])
    ramp = Experiment("A", times, 3.0 * times[:, None], 5.0 - times[:, None])
    table = derivative_table(Dataset((ramp,), ("x",), ("E",)), points=21)
    assert table.step == pytest.approx(0.5)
    np.testing.assert_allclose(table.derivatives, 3.0)
    np.testing.assert_allclose(table.features[:, 1], 5.0 - np.linspace(0, 10, 21))
    gap = replace(ramp, states=np.array([[0.0], [3.0], [np.nan], [30.0]]))
    in_time = derivative_table(Dataset((gap,), ("x",), ("E",)), points=21)
    by_row = derivative_table(Dataset((gap,), ("x",), ("E",)), points=21, interpolation="row")
    np.testing.assert_allclose(in_time.derivatives, 3.0)
    assert in_time.features[8, 0] == pytest.approx(12.0)
    assert by_row.features[8, 0] == pytest.approx((3.0 + 30.0) / 2)
    both = derivative_table(linear_train, points=10)
    assert both.groups.tolist() == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10


def test_the_table_of_intervals_has_a_row_a_measurement(linear_train: Dataset) -> None:
    times = np.array([0.0, 1.0, 4.0, 10.0])
    z = np.column_stack((times**2, [1.0, np.nan, 9.0, np.nan], np.full(4, np.nan)))
    strain = Experiment("A", times, z, 5.0 - times[:, None])
    table = interval_table(Dataset((strain,), ("x", "y", "w"), ("E",)), points=11)
    assert table.step == 1.0
    np.testing.assert_allclose(table.features[:, 0], [0.5, 8.5, 58.0])
    np.testing.assert_allclose(table.features[:, 1], [2.0, 6.0, 9.0])
    np.testing.assert_allclose(table.features[:, 2:], [[0.0, 4.5], [0.0, 2.5], [0.0, -2.0]])
    np.testing.assert_allclose(table.derivatives[:, 0], [1.0, 5.0, 14.0])
    np.testing.assert_allclose(table.derivatives[:, 1], [2.0, np.nan, np.nan])
    assert np.isnan(table.derivatives[:, 2]).all()
    both = interval_table(linear_train)
    assert both.groups.tolist() == [n for n in range(4) for _ in range(400)]
    assert both.step == pytest.approx(10.0 / 199)


def noisy(dataset: Dataset, size: float) -> Dataset:
    """The data as measured seldom and with noise."""
    rng = np.random.default_rng(0)
    rows = []
    for e in dataset:
        states = e.states[::40] * np.exp(size * rng.normal(size=e.states[::40].shape))
        states[0] = e.states[0]
        rows.append(replace(e, times=e.times[::40], states=states, controls=e.controls[::40]))
    return replace(dataset, experiments=tuple(rows))


def test_a_gaussian_process_tells_noise_from_shape(
    linear_train: Dataset, linear_test: Dataset
) -> None:
    train = noisy(linear_train, 0.1)
    of_intervals = DerivativeRegression("gaussian-process", points=50).fit(train)
    on_grid = DerivativeRegression("gaussian-process", points=50, rows="grid").fit(train)
    scores = [model.score(linear_test).value(model.name) for model in (of_intervals, on_grid)]
    assert scores[0] < 0.7 * scores[1]
    noise = [model.regressors[0][0][-1].kernel_.k2.noise_level for model in (of_intervals, on_grid)]
    assert noise[0] > 10.0 * noise[1]


def test_rows_by_row_number_are_on_the_grid(linear_train: Dataset) -> None:
    model = DerivativeRegression("gaussian-process", interpolation="row", points=20)
    assert model._table(linear_train).derivatives.shape == (80, 2)
    timed = replace(model, interpolation="time")
    assert timed._table(linear_train).derivatives.shape == (1600, 2)


def test_a_state_that_one_strain_never_has_is_learned_from_the_others(
    linear_train: Dataset, linear_test: Dataset
) -> None:
    def without_y(states: np.ndarray) -> np.ndarray:
        return np.column_stack((states[:, 0], np.full(len(states), np.nan)))

    lacking = altered(linear_train.select(["A"]), states=without_y)
    train = replace(
        linear_train, experiments=(*lacking.experiments, *linear_train.drop(["A"]).experiments)
    )
    fitted = DerivativeRegression("extra-trees", points=20, step=0.2).fit(train)
    assert np.isfinite(fitted.predict(linear_test)["T"]).all()


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"regressor": "extra-tree"}, ModelError, "Did you mean 'extra-trees'"),
        ({"interpolation": "rows"}, ModelError, "it is 'time' or 'row'"),
        ({"rows": "interval"}, ModelError, "it is 'grid' or 'intervals'"),
        ({"rows": "intervals", "interpolation": "row"}, ModelError, "slopes between measurements"),
        ({"rows": "intervals", "points": 1}, DataError, "at least two points"),
        ({"window": 6}, DataError, "window odd"),
        ({"points": 5}, DataError, "window of 7 points with order 2 does not fit 5 points"),
        ({"step": 0.0}, ModelError, "step of the integration is positive"),
        ({"ensemble": 0}, TrainingError, "at least one member"),
    ],
)
def test_wrong_settings_say_what_is_wrong(
    settings: dict[str, Any], error: type[Exception], message: str, linear_train: Dataset
) -> None:
    with pytest.raises(error, match=message):
        DerivativeRegression(**settings).fit(linear_train)


def test_wrong_requests_say_what_is_wrong(linear: Any, linear_test: Dataset) -> None:
    with pytest.raises(ExperimentError, match="give held-out strains as a Dataset"):
        linear.predict("T")
    with pytest.raises(ColumnError, match="only one has E"):
        linear.predict(linear_test.keep(controls=[]))
    with pytest.raises(TimeError, match="strictly increasing"):
        linear.predict(linear_test, [1.0, 1.0])
    with pytest.raises(ExperimentError, match="also a training strain"):
        linear.score(linear.train.select(["A"]))
    assert linear.predict("A").names == ("A",)


def test_measured_strains_are_forecast(measured_data: Any) -> None:
    train, test = pyscimlode.data.split(pyscimlode.datasets.load("limonene"), "L2")
    fitted = DerivativeRegression("k-nearest").fit(train)
    scores = fitted.score(test)
    assert np.isfinite(scores.value(fitted.name))
    assert set(scores.table[scores.table["excluded"]]["state"]) == {"GPP"}


def test_forests_predict_the_same_in_the_integration(linear_train: Dataset) -> None:
    fitted = DerivativeRegression(points=30, window=5).fit(linear_train)
    rng = np.random.default_rng(0)
    z, p = rng.uniform(0, 3, (7, 2)), rng.uniform(0, 3, (7, 1))
    for column, forest in enumerate(fitted.regressors[0]):
        expected = forest.predict(np.column_stack((z, p)))
        np.testing.assert_allclose(fitted.field(z, p)[0, :, column], expected, rtol=1e-12)
