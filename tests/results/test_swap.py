from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression

from pyscimlode.baselines import DerivativeRegression
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import ColumnError, ExperimentError
from pyscimlode.results import FitResult, swap_test

TIMES = np.linspace(0.0, 4.0, 9)


def strain(name: str, level: float) -> Experiment:
    """dx/dt = p from x(0) = 1."""
    return Experiment(name, TIMES, 1.0 + level * TIMES[:, None], np.full((9, 1), level))


def strains(**levels: float) -> Dataset:
    return Dataset(tuple(strain(n, level) for n, level in levels.items()), ("x",), ("E",))


TRAIN = strains(A=1.0, B=3.0)


def test_a_model_that_uses_its_inputs_is_off_by_the_difference() -> None:
    fitted = DerivativeRegression(LinearRegression(), points=9, window=3).fit(TRAIN)
    test = strains(T=2.0, U=5.0)
    found = swap_test(fitted, test, score_scale="test")
    assert list(zip(found.table["strain"], found.table["donor"], strict=True)) == [
        ("T", "U"),
        ("U", "T"),
    ]
    assert found.own == pytest.approx(0.0, abs=1e-9)
    sd = np.concatenate([e.states for e in test]).std()
    off = 3.0 * np.sqrt(np.mean(TIMES[1:] ** 2)) / sd
    np.testing.assert_allclose(found.table["swapped"], off)
    np.testing.assert_allclose(found.table["moved"], off)
    assert "raises the error" in repr(found)


def test_a_model_that_ignores_its_inputs_does_not_move() -> None:
    fitted = DerivativeRegression(DummyRegressor(), points=9, window=3).fit(TRAIN)
    found = swap_test(fitted, strains(T=2.0, U=5.0, V=0.5), donors=2)
    assert len(found.table) == 6
    assert found.moved == 0.0
    assert found.own == found.swapped
    assert "does not depend on p(t)" in repr(found)


def test_training_strains_lend_to_a_single_test_strain() -> None:
    fitted = DerivativeRegression(LinearRegression(), points=9, window=3).fit(TRAIN)
    found = swap_test(fitted, strains(T=2.0), donors=5)
    assert found.table["donor"].tolist() == ["A", "B"]
    assert found.swapped > found.own


def test_a_fit_can_be_tested(result: FitResult) -> None:
    assert result.test is not None
    found = swap_test(result, result.test)
    assert found.name == result.name
    assert sorted(zip(found.table["strain"], found.table["donor"], strict=True)) == [
        ("S5", "S6"),
        ("S6", "S5"),
    ]
    assert found.moved > 0
    assert found.own == pytest.approx(result.scores.value(result.name, clean=False))


def test_wrong_requests() -> None:
    fitted = DerivativeRegression(LinearRegression(), points=9, window=3).fit(TRAIN)
    with pytest.raises(ExperimentError, match="also a training strain"):
        swap_test(fitted, TRAIN)
    with pytest.raises(ExperimentError, match="at least one other strain"):
        swap_test(fitted, strains(T=2.0), donors=0)
    bare = DerivativeRegression(points=9, window=3).fit(TRAIN.keep(controls=[]))
    with pytest.raises(ColumnError, match="no controls"):
        swap_test(bare, strains(T=2.0).keep(controls=[]))
