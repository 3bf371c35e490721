from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.baselines.controls import control_predictions
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, DataError, ExperimentError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.plots import plot_forecast
from pyscimlode.results import FitResult
from tests.plots.artists import legend_texts, line, lines, panel
from tests.plots.stub import stub_fit

TIMES = [0.0, 1.0, 10.0, 72.0]
CONTROLS = ["persistence", "mean", "geometric mean", "nearest strain"]


def test_lines_are_forecast_measured_values_and_controls(result: FitResult) -> None:
    figure = plot_forecast(result, times=TIMES)
    assert [axis.get_title() for axis in figure.axes] == list(result.train.state_names)
    assert {axis.get_ylabel() for axis in figure.axes} == {"mM"}
    assert "S321 (held out)" in figure.get_suptitle()
    assert result.test is not None
    strain = result.test.select(["S321"])
    forecast = result.predict(strain, times=TIMES)
    baselines = control_predictions(result.train, strain, np.array(TIMES))
    for column, axis in enumerate(figure.axes):
        drawn = line(axis, "forecast")
        np.testing.assert_array_equal(drawn.get_xdata(), TIMES)
        np.testing.assert_allclose(drawn.get_ydata(), forecast.median("S321")[:, column])
        np.testing.assert_array_equal(
            line(axis, "measured").get_ydata(), strain["S321"].states[:, column]
        )
        for name in CONTROLS:
            expected = baselines[name]["S321"][:, column]
            np.testing.assert_array_equal(line(axis, f"control:{name}").get_ydata(), expected)
    assert legend_texts(figure) == ["measured", "forecast", "ensemble interval", *CONTROLS]


def test_the_band_is_the_interval_of_the_ensemble(result: FitResult) -> None:
    figure = plot_forecast(result, "S322", states=["GPP"], times=TIMES)
    (band,) = [c for c in figure.axes[0].collections if c.get_gid() == "interval"]
    low, high = result.predict("S322", times=TIMES).interval("S322")
    column = result.train.state_names.index("GPP")
    drawn = band.get_paths()[0].vertices
    for time, below, above in zip(TIMES, low[:, column], high[:, column], strict=True):
        heights = drawn[drawn[:, 0] == time, 1]
        assert heights.min() == pytest.approx(below)
        assert heights.max() == pytest.approx(above)


def test_the_default_grid_is_fine_and_hits_the_measured_times(result: FitResult) -> None:
    grid = line(plot_forecast(result, states=["GPP"]).axes[0], "forecast").get_xdata()
    assert len(grid) >= 200
    assert result.test is not None
    assert set(result.test["S321"].times) <= set(grid)


def test_members_and_no_controls(result: FitResult) -> None:
    figure = plot_forecast(result, states=["GPP"], members=True, controls=[], times=TIMES)
    axis = panel(figure, "GPP")
    assert len(lines(axis, "member")) == 3
    assert not [drawn for drawn in axis.lines if str(drawn.get_gid()).startswith("control")]
    assert legend_texts(figure) == ["measured", "forecast", "ensemble interval", "member"]


def test_one_member_has_no_band(strains: tuple[Dataset, Dataset], result: FitResult) -> None:
    single = stub_fit(*strains, members=1)
    figure = plot_forecast(single, states=["GPP"], times=TIMES)
    assert not [c for c in figure.axes[0].collections if c.get_gid() == "interval"]
    assert "ensemble interval" not in legend_texts(figure)


def test_a_training_strain_says_that_it_is_no_test(result: FitResult) -> None:
    title = plot_forecast(result, result.train.names[0], ["GPP"], times=TIMES).get_suptitle()
    assert "training strain: no test of the forecast" in title


def test_a_runaway_forecast_does_not_flatten_the_measured_points(result: FitResult) -> None:
    assert result.test is not None
    rising = stub_fit(result.train, result.test, model=NeuralODE((5,)))
    theta = np.zeros_like(rising.theta)
    theta[:, -len(result.train.state_names) :] = 1.0  # bias of the last layer: z grows steadily
    axis = plot_forecast(replace(rising, theta=theta), states=["Limonene"], controls=[]).axes[0]
    measured = result.test["S321"].states[:, result.test.state_names.index("Limonene")]
    drawn = line(axis, "forecast").get_ydata()
    assert drawn.max() > 5 * measured.max()
    assert axis.get_ylim()[1] < 2.2 * measured.max()
    assert [text.get_text() for text in axis.texts] == ["off scale"]


def test_bad_requests(result: FitResult, strains: tuple[Dataset, Dataset]) -> None:
    with pytest.raises(ColumnError, match="Did you mean 'Limonene'"):
        plot_forecast(result, states=["limonen"])
    with pytest.raises(ExperimentError, match="no strain 'S320'"):
        plot_forecast(result, "S320")
    with pytest.raises(DataError, match=r"no control 'median'.*Did you mean 'mean'"):
        plot_forecast(result, controls=["median"])
    with pytest.raises(DataError, match="shows one strain; this data set has 2"):
        plot_forecast(result, strains[1])
    with pytest.raises(ExperimentError, match="held no strain out"):
        plot_forecast(replace(result, test=None))


def test_identity_rows_are_drawn_as_what_they_are(
    strains: tuple[Dataset, Dataset], result: FitResult
) -> None:
    train, test = (identity_rows(part, points=5) for part in strains)
    published = stub_fit(
        train,
        test,
        model=NeuralODE.published(),
        members=1,
        protocol="identity",
    )
    figure = plot_forecast(published, "S321")
    assert "this is not a forecast" in figure.get_suptitle()
    assert [axis.get_title() for axis in figure.axes] == list(strains[0].state_names)
    axis = figure.axes[0]
    rows = test.select(["S321"])
    np.testing.assert_array_equal(
        line(axis, "target").get_ydata(), [row.states[0, 0] for row in rows]
    )
    forecast = published.predict(rows)
    np.testing.assert_allclose(
        line(axis, "output").get_ydata(), [forecast.median(name)[-1, 0] for name in rows.names]
    )
    assert axis.get_xlabel() == "interpolated row"
