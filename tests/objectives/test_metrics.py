from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.objectives.metrics import reference_sd, rmse, score_rows


def experiment(name: str, values: list[list[float]]) -> Experiment:
    states = np.array(values)
    return Experiment(name, np.arange(len(states), dtype=float), states, np.empty((len(states), 0)))


def test_rmse_leaves_out_the_start_and_unmeasured_cells() -> None:
    one = experiment("A", [[9.0, 9.0], [1.0, np.nan], [3.0, np.nan]])
    errors, counts = rmse(np.array([[0.0, 0.0], [2.0, 5.0], [5.0, 5.0]]), one)
    assert errors[0] == pytest.approx(np.sqrt((1.0 + 4.0) / 2.0))
    assert np.isnan(errors[1])
    assert counts.tolist() == [2, 0]


def test_a_failed_forecast_is_not_left_out() -> None:
    one = experiment("A", [[1.0], [1.0], [3.0]])
    errors, _ = rmse(np.array([[1.0], [1.0], [np.nan]]), one)
    assert np.isnan(errors[0])


def test_reference_sd_is_over_all_measured_points() -> None:
    both = Dataset(
        (experiment("A", [[0.0, 1.0], [2.0, np.nan]]), experiment("B", [[4.0, 1.0], [6.0, 1.0]])),
        ("x", "constant"),
    )
    sd = reference_sd(both)
    assert sd[0] == pytest.approx(np.std([0.0, 2.0, 4.0, 6.0]))
    assert np.isnan(sd[1])


def test_rows_mark_excluded_states() -> None:
    data = Dataset((experiment("A", [[0.0, 1.0], [2.0, 5.0]]),), ("x", "y"))
    rows = list(score_rows("m", {"A": np.zeros((2, 2))}, data, np.array([1.0, 2.0]), {"A": ("y",)}))
    assert rows == [("m", "A", "x", 1, 2.0, 2.0, False), ("m", "A", "y", 1, 5.0, 2.5, True)]
