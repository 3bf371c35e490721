from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.splits import split
from pyscimlode.errors import DataError, ValueRangeError
from pyscimlode.plots import plot_coverage, plot_forecast
from pyscimlode.results import Coverage, FitResult, coverage
from tests.plots.artists import legend_texts


@pytest.fixture(scope="module")
def honest(result: FitResult, strains: tuple[Dataset, Dataset]) -> tuple[FitResult, Dataset]:
    calibration, test = split(strains[1], ["S322"])
    return replace(result, test=None).recalibrated(calibration, level=0.5), test


@pytest.fixture(scope="module")
def both(result: FitResult, honest: tuple[FitResult, Dataset]) -> dict[str, Coverage]:
    fitted, test = honest
    found = {"raw": replace(result, test=None), "calibrated": fitted}
    return {name: coverage(one, test, levels=(0.25, 0.5)) for name, one in found.items()}


def test_points_are_those_of_the_table(both: dict[str, Coverage]) -> None:
    figure = plot_coverage(both, level=0.5)
    left, right = figure.axes
    for name, found in both.items():
        line = next(a for a in left.lines if a.get_gid() == f"covered:{name}")
        np.testing.assert_allclose(line.get_ydata(), found.summary()["covered"])
        (states,) = [a for a in right.lines if a.get_gid() == f"state:{name}"]
        np.testing.assert_allclose(states.get_xdata(), found.by_state()[0.5])
    assert legend_texts(figure) == [
        "raw: ensemble intervals",
        "calibrated: conformal intervals",
        "as promised",
    ]


def test_one_coverage_plots_itself(both: dict[str, Coverage]) -> None:
    figure = both["raw"].plot(level=0.25)
    assert figure.axes[1].get_title() == "nominal 25 %"
    with pytest.raises(ValueRangeError, match=r"level=0.9 was not measured"):
        both["raw"].plot()
    with pytest.raises(DataError, match="no coverage to plot"):
        plot_coverage({})


def test_a_forecast_figure_names_the_conformal_band(honest: tuple[FitResult, Dataset]) -> None:
    fitted, test = honest
    figure = plot_forecast(fitted, test, controls=[])
    assert legend_texts(figure) == [
        "measured",
        "forecast",
        "50 % conformal interval, calibrated on 1 strain",
    ]
