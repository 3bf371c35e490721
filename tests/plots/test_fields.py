from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import controls_at
from pyscimlode.errors import ColumnError, DataError, ExperimentError, TimeError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.plots import plot_field
from pyscimlode.plots.fields import field_slice
from pyscimlode.results import FitResult
from tests.plots.artists import legend_texts, line
from tests.plots.stub import stub_fit


def test_the_slice_is_the_models_field_with_the_rest_held(result: FitResult) -> None:
    assert result.test is not None
    strain = result.test.select(["S321"])
    values = field_slice(result, strain, "GPP", "Limonene", 24.0)
    experiment = strain["S321"]
    row = list(experiment.times).index(24.0)
    z = experiment.states[[row]].copy()
    z[0, strain.state_names.index("GPP")] = values.x[7]
    z[0, strain.state_names.index("Limonene")] = values.y[3]
    expected = np.median(result.field(z, controls_at(strain, "S321", [24.0])), axis=0)[0]
    assert values.dx[3, 7] == pytest.approx(expected[strain.state_names.index("GPP")])
    assert values.dy[3, 7] == pytest.approx(expected[strain.state_names.index("Limonene")])


def test_one_members_field(result: FitResult) -> None:
    assert result.test is not None
    strain = result.test.select(["S321"])
    every = [field_slice(result, strain, "GPP", "Limonene", 24.0, m).dx for m in range(3)]
    median = field_slice(result, strain, "GPP", "Limonene", 24.0).dx
    np.testing.assert_allclose(np.median(every, axis=0), median)
    assert not np.allclose(every[0], every[1])


def test_axes_stream_lines_and_measured_trajectory(result: FitResult) -> None:
    figure = plot_field(result, "GPP", "Limonene", at=24)
    axis, colour_bar = figure.axes
    assert axis.get_xlabel() == "GPP [mM]"
    assert axis.get_ylabel() == "Limonene [mM]"
    assert colour_bar.get_ylabel() == "size of the rate [mM/h]"
    assert figure.get_suptitle() == "Learned median field; the rest as in S321 at 24 h"
    (streams,) = [c for c in axis.collections if isinstance(c, LineCollection)]
    assert len(streams.get_segments()) > 100
    assert result.test is not None
    columns = [result.test.state_names.index(name) for name in ("GPP", "Limonene")]
    np.testing.assert_array_equal(
        line(axis, "measured").get_xydata(), result.test["S321"].states[:, columns]
    )
    assert legend_texts(figure) == ["measured, S321", "at 24 h"]


def test_the_window_holds_the_trajectory_and_stays_positive(result: FitResult) -> None:
    axis = plot_field(result, "GPP", "Limonene").axes[0]
    for (low, high), values in zip(
        (axis.get_xlim(), axis.get_ylim()), line(axis, "measured").get_xydata().T, strict=True
    ):
        assert 0 <= low <= values.min()
        assert values.max() < high


def test_different_units_are_compared_by_axis_widths(strains: tuple[Dataset, Dataset]) -> None:
    units = {"GPP": "mM", "Limonene": "g/L"}
    train, test = (replace(part, units=units) for part in strains)
    figure = plot_field(stub_fit(train, test), "GPP", "Limonene")
    assert figure.axes[1].get_ylabel() == "size of the rate [axis widths/h]"


def test_endogenous_models_have_proteins_on_an_axis(
    strains: tuple[Dataset, Dataset], result: FitResult
) -> None:
    endogenous = stub_fit(*strains, model=NeuralODE((5,), controls="endogenous"))
    figure = plot_field(endogenous, "GPP", "GPPS")
    assert figure.axes[0].get_ylabel() == "GPPS [counts]"
    with pytest.raises(ColumnError, match="It is a control, which this model reads"):
        plot_field(result, "GPP", "GPPS")


def test_rows_of_the_identity_protocol_make_one_trajectory(
    strains: tuple[Dataset, Dataset],
) -> None:
    train, test = (identity_rows(part, points=7) for part in strains)
    published = stub_fit(train, test, model=NeuralODE.published(), protocol="identity")
    figure = plot_field(published, "GPP", "Limonene", at=36)
    assert len(line(figure.axes[0], "measured").get_xdata()) == 7


def test_a_zero_field_says_so(result: FitResult, strains: tuple[Dataset, Dataset]) -> None:
    still = stub_fit(*strains, model=NeuralODE((5,)))
    still = replace(still, theta=np.zeros_like(still.theta))
    axis = plot_field(still, "GPP", "Limonene").axes[0]
    assert [text.get_text() for text in axis.texts] == ["the field is zero here"]


def test_bad_requests(result: FitResult) -> None:
    with pytest.raises(ColumnError, match=r"no state 'Limonen'.*Did you mean 'Limonene'"):
        plot_field(result, "GPP", "Limonen")
    with pytest.raises(ColumnError, match="Both axes show 'GPP'"):
        plot_field(result, "GPP", "GPP")
    with pytest.raises(ExperimentError, match="no strain 'L2'"):
        plot_field(result, "GPP", "Limonene", strain="L2")
    with pytest.raises(TimeError, match="at=80 lies outside the measurements of 'S321', 0 to 72 h"):
        plot_field(result, "GPP", "Limonene", at=80)
    with pytest.raises(DataError, match="member=3; this fit has members 0 to 2"):
        plot_field(result, "GPP", "Limonene", member=3)
