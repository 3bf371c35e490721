"""What scikit-learn checks of any regressor; its arrays are end points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import check_regressors_train, parametrize_with_checks

import pyscimlode
from pyscimlode.estimator import MetabolicForecaster

NEEDS_TRAINING = {"check_regressors_train": "R^2 > 0.5 needs more than one step; it is below"}
pytestmark = pytest.mark.filterwarnings("ignore::pyscimlode.errors.DataWarning")


@parametrize_with_checks(
    [MetabolicForecaster(ensemble=1, stages=(pyscimlode.Adam(1),))],
    expected_failed_checks=lambda estimator: NEEDS_TRAINING,
)
def test_estimator(estimator: MetabolicForecaster, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.slow
def test_a_trained_estimator_explains_its_training_data() -> None:
    estimator = MetabolicForecaster(ensemble=1, stages=(pyscimlode.Adam(40, lr=5e-2),))
    check_regressors_train("MetabolicForecaster", estimator)
