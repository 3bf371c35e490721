"""The estimator, the splitter and the scorer in scikit-learn's tools."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError, ModelError
from pyscimlode.estimator import LeaveOneStrainOut, MetabolicForecaster, neg_nrmse, to_Xy


def test_neg_nrmse_is_in_units_of_the_training_strains(
    fitted: MetabolicForecaster, strains: Dataset
) -> None:
    test = strains.select(["S4"])
    X, y, _ = to_Xy(test)
    scores = fitted.result_.score(test)
    rmse = scores.table[scores.table["model"] == fitted.result_.name]["rmse"].to_numpy()
    trained = np.concatenate([e.states for e in strains.drop(["S4"])])
    expected = -np.mean(rmse / np.nanstd(trained, axis=0))
    assert neg_nrmse(fitted, X, y) == pytest.approx(expected)
    assert neg_nrmse(fitted, test) == pytest.approx(expected)
    with pytest.raises(DataError, match="measured after the start"):
        neg_nrmse(fitted, X, y * np.nan)
    with pytest.raises(ModelError, match="this is a DummyRegressor"):
        neg_nrmse(DummyRegressor(), X, y)


def test_grid_search_holds_strains_out(quick: MetabolicForecaster, strains: Dataset) -> None:
    X, y, _ = to_Xy(strains.drop(["S4"]))
    grid = {"model__widths": [(2,), (4,)], "stages": [(pyscimlode.Adam(1),)]}
    search = GridSearchCV(quick, grid, cv=LeaveOneStrainOut(), scoring=neg_nrmse)
    search.fit(X, y)
    assert search.n_splits_ == 3
    best = search.best_estimator_
    assert best.result_.model.widths == search.best_params_["model__widths"]
    assert best.result_.train.names == ("S1", "S2", "S3")
    held = strains.drop(["S4"]).select(["S2"])
    others = strains.select(["S1", "S3"])
    alone = quick.set_params(**search.best_params_).fit(others)
    place = search.cv_results_["params"].index(search.best_params_)
    assert search.cv_results_["split1_test_score"][place] == pytest.approx(neg_nrmse(alone, held))


def test_groups_are_routed_to_the_splitter(quick: MetabolicForecaster, strains: Dataset) -> None:
    X, y, groups = to_Xy(strains)
    halves = np.where(np.isin(groups, ["S1", "S2"]), "a", "b")
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(quick, {"pir": [0.1, 1.0]}, cv=LeaveOneStrainOut())
        search.fit(X, y, groups=halves)
    assert search.n_splits_ == 2


def test_controls_may_be_transformed_before(quick: MetabolicForecaster, strains: Dataset) -> None:
    X, y, _ = to_Xy(strains)
    relative = ColumnTransformer(
        [("log", FunctionTransformer(np.log1p), list(strains.control_names))],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    pipeline = make_pipeline(relative, quick)
    scores = cross_val_score(pipeline, X, y, cv=LeaveOneStrainOut(["S1", "S2"]), scoring=neg_nrmse)
    assert (scores < 0).all()
    pipeline.fit(X, y)
    assert neg_nrmse(pipeline, X, y) == neg_nrmse(pipeline[-1], relative.transform(X), y)
    inside = pipeline[-1].result_.train["S2"].controls
    order = list(pipeline[-1].result_.train.control_names)
    logged = np.log1p(strains.keep(controls=order)["S2"].controls)
    np.testing.assert_allclose(inside, logged)
