from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.objectives.losses import data_term, huber, pir_term


def test_huber_by_hand() -> None:
    np.testing.assert_allclose(huber(np.array([0.5, -1.0, 3.0]), 1.0), [0.125, 0.5, 2.5])


def test_data_term_ignores_masked_cells() -> None:
    z = np.array([[[[1.0, 2.0]]]])
    observed = np.array([[[0.0, np.nan]]])
    weights = np.array([[[[1.0, 0.0]]]])
    value = data_term(z, observed, weights, np.array([[2.0, 1.0]]), kind="mse", huber_delta=1.0)
    assert value[0] == pytest.approx(0.25)


def test_pir_is_the_mean_of_squared_negative_parts() -> None:
    z = np.array([[[[-2.0, 1.0], [3.0, -4.0]]]])
    weights = np.full((1, 1, 2), 1.0 / 4.0)
    value = pir_term(z, weights, np.array([[2.0, 4.0]]), np.array([10.0]))
    assert value[0] == pytest.approx(10.0 * (1.0 + 1.0) / 4.0)
