from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import ExperimentError
from pyscimlode.plots import plot_reproduction
from tests.boards.reproductions import hand_made
from tests.plots.artists import legend_texts, line, panel

IDENTITY = "published protocol: input = target"
FORECAST = "true forecast from the state at t0"


def test_dots_are_means_over_penalties_and_seeds() -> None:
    figure = plot_reproduction(hand_made(), "L2")
    left, right = panel(figure, IDENTITY), panel(figure, FORECAST)
    assert left.get_xscale() == "log"
    assert [label.get_text() for label in left.get_yticklabels()] == ["Acetyl-CoA", "GPP"]
    np.testing.assert_allclose(line(left, "published").get_xdata(), [0.145, 0.78])
    np.testing.assert_allclose(line(left, "ours").get_xdata(), [0.1, 0.3])
    np.testing.assert_allclose(line(left, "untrained").get_xdata(), [0.5, 0.7])
    np.testing.assert_allclose(line(right, "forecast").get_xdata(), [3.0, 5.0])
    np.testing.assert_allclose(line(right, "persistence").get_xdata(), [0.5, 1.5])
    np.testing.assert_allclose(line(right, "tpot").get_xdata(), [0.34, 0.06])


def test_a_zero_has_a_place_on_the_logarithmic_axis() -> None:
    figure = plot_reproduction(hand_made())
    np.testing.assert_allclose(line(panel(figure, IDENTITY), "zero").get_xdata(), [1e-3, 1e-3])
    assert "zero field (less than 0.001)" in legend_texts(figure)


def test_an_unknown_strain_is_named() -> None:
    with pytest.raises(ExperimentError, match=r"no strain 'L3' in this reproduction; there are L2"):
        plot_reproduction(hand_made(), "L3")
