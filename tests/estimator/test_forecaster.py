from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, DataError, ModelError
from pyscimlode.estimator import MetabolicForecaster, to_Xy


def test_predictions_are_the_forecasts_of_the_fit(
    fitted: MetabolicForecaster, strains: Dataset
) -> None:
    test = strains.select(["S4"])
    X, _, _ = to_Xy(test)
    expected = fitted.result_.predict(test)["S4"]
    np.testing.assert_array_equal(fitted.predict(test), expected)
    np.testing.assert_array_equal(fitted.predict(X), expected)
    backwards = X.iloc[::-1]
    np.testing.assert_array_equal(fitted.predict(backwards), expected[::-1])
    np.testing.assert_allclose(fitted.predict(X)[0], test["S4"].states[0])


def test_a_table_is_as_good_as_a_data_set(
    fitted: MetabolicForecaster, quick: MetabolicForecaster, strains: Dataset
) -> None:
    X, y, _ = to_Xy(strains.drop(["S4"]))
    again = quick.fit(X, y)
    np.testing.assert_allclose(again.result_.theta, fitted.result_.theta)
    assert again.state_names_ == ("Mevalonate", "Limonene")
    assert again.n_features_in_ == fitted.n_features_in_ == 8
    assert again.feature_names_in_.tolist() == list(X.columns)


def test_units_of_the_training_data_hold_for_tables(
    quick: MetabolicForecaster, strains: Dataset
) -> None:
    minutes = strains.with_units({}, time_unit="min")
    forecaster = quick.fit(minutes)
    forecast = forecaster.forecast(to_Xy(minutes)[0], times=[0.0, 90.0])
    assert forecast.time_unit == "min"
    assert forecast["S1"].shape == (2, 2)


def test_one_state_may_be_one_axis(quick: MetabolicForecaster, strains: Dataset) -> None:
    X, y, _ = to_Xy(strains.keep(states=["Limonene"]))
    assert quick.fit(X, y["Limonene"]).predict(X).shape == (20,)
    assert quick.fit(X, y).predict(X).shape == (20, 1)


def test_score_is_the_mean_coefficient_of_determination_after_the_start(
    fitted: MetabolicForecaster, strains: Dataset
) -> None:
    train = strains.drop(["S4"])
    X, y, _ = to_Xy(train)
    predicted, measured = fitted.predict(X), y.to_numpy()
    counted = np.isfinite(measured) & (X["time"] > 0).to_numpy()[:, None]
    scores = []
    for column in range(2):
        rows = counted[:, column]
        truth = measured[rows, column]
        residual = ((predicted[rows, column] - truth) ** 2).sum()
        scores.append(1 - residual / ((truth - truth.mean()) ** 2).sum())
    assert fitted.score(X, y) == pytest.approx(np.mean(scores))
    assert fitted.score(train) == pytest.approx(np.mean(scores))
    with pytest.raises(DataError, match=r"R\^2 needs two measured values"):
        fitted.score(X.iloc[:1], y.iloc[:1])


def test_end_points_need_no_series(quick: MetabolicForecaster) -> None:
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.uniform(1, 2, (6, 2)), columns=["MK", "LS"])
    y = pd.DataFrame({"Limonene": X["LS"] * 2, "GPP": X["MK"]})
    quick.set_params(horizon=24.0)
    assert quick.fit(X, y).predict(X.iloc[:2]).shape == (2, 2)
    assert quick.result_.train.state_names == ("Limonene", "GPP")
    assert quick.result_.train["row 0"].times[-1] == 24.0
    assert quick.fit(X, y, groups=["A", "A", "B", "B", "C", "C"]).result_.train.strains == (
        *("A", "B", "C"),
    )
    with pytest.raises(ValueError, match="Negative values in data"):
        quick.fit(X - 5.0, y)
    with pytest.raises(ValueError, match="Negative values in data"):
        quick.fit(X, y).predict(X - 5.0)


def test_parameters_of_the_model_are_parameters(quick: MetabolicForecaster) -> None:
    assert quick.get_params()["model__widths"] == (4,)
    quick.set_params(model__widths=(3, 3), pir=0.5, lipschitz=0.1)
    assert (quick.model.widths, quick.pir) == ((3, 3), 0.5)  # type: ignore[union-attr]
    assert quick.lipschitz == 0.1
    named = MetabolicForecaster("neural-ode").set_params(model__activation="silu")
    assert named.model == pyscimlode.NeuralODE(activation="silu")
    assert clone(quick).get_params() == quick.get_params()
    with pytest.raises(ModelError, match=r"no field 'width'; it has widths, activation"):
        quick.set_params(model__width=(3,))
    with pytest.raises(ModelError, match="model__widths is a field of a model, and model is None"):
        MetabolicForecaster().set_params(model__widths=(3,))
    with pytest.raises(ValueError, match="Invalid parameter 'lambda_'"):
        quick.set_params(lambda_=1.0)


def test_random_state_decides(quick: MetabolicForecaster, strains: Dataset) -> None:
    def theta(state: Any) -> np.ndarray:
        return clone(quick).set_params(random_state=state).fit(strains).result_.theta

    np.testing.assert_array_equal(theta(3), theta(np.int64(3)))
    assert not np.array_equal(theta(3), theta(4))
    np.testing.assert_array_equal(
        theta(np.random.RandomState(5)),
        theta(np.random.RandomState(5)),
    )


def test_input_that_does_not_fit(
    quick: MetabolicForecaster, fitted: MetabolicForecaster, strains: Dataset
) -> None:
    X, y, groups = to_Xy(strains)
    with pytest.raises(NotFittedError):
        quick.predict(X)
    with pytest.raises(ColumnError, match="requires y to be passed"):
        quick.fit(X)
    with pytest.raises(DataError, match="A Dataset has its states in itself"):
        quick.fit(strains, y)
    with pytest.raises(DataError, match="leave groups out of fit"):
        quick.fit(X, y, groups=groups)
    with pytest.raises(ColumnError, match=r"trained on time series, and X has none"):
        fitted.predict(X[["MK", "LS"]].to_numpy())
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(X.drop(columns="MK"))
