from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import ColumnError, ExperimentError
from pyscimlode.plots import plot_dataset
from tests.plots.artists import legend_texts, panel

NAN = np.nan


@pytest.fixture
def two_strains() -> Dataset:
    return Dataset(
        (
            Experiment("A", [0, 4, 8], [[1.0, 5], [NAN, 6], [3, 7]], [[10.0], [20], [30]]),
            Experiment("B", [0, 6], [[2.0, 8], [4, 9]], [[40.0], [50]]),
        ),
        ("Limonene", "OD600"),
        ("GPPS",),
        units={"Limonene": "g/L", "OD600": "1", "GPPS": "counts"},
    )


def test_one_panel_a_state_with_units_and_measured_values(two_strains: Dataset) -> None:
    figure = plot_dataset(two_strains)
    assert [axis.get_title() for axis in figure.axes] == ["Limonene", "OD600"]
    assert [axis.get_ylabel() for axis in figure.axes] == ["g/L", ""]
    assert [axis.get_xlabel() for axis in figure.axes] == ["time [h]", "time [h]"]
    first, second = panel(figure, "Limonene").lines
    np.testing.assert_array_equal(first.get_xydata(), [[0, 1], [8, 3]])
    np.testing.assert_array_equal(second.get_xydata(), [[0, 2], [6, 4]])
    assert first.get_color() != second.get_color()
    assert legend_texts(figure) == ["A", "B"]


def test_all_panels_span_the_same_time(two_strains: Dataset) -> None:
    late = two_strains.keep(states=["Limonene", "OD600"])
    limits = {axis.get_xlim() for axis in plot_dataset(late).axes}
    assert len(limits) == 1


def test_controls_and_chosen_strains(two_strains: Dataset) -> None:
    figure = plot_dataset(two_strains, states=["OD600"], strains=["B"], controls=True)
    assert [axis.get_title() for axis in figure.axes] == ["OD600", "GPPS"]
    (line,) = panel(figure, "GPPS").lines
    np.testing.assert_array_equal(line.get_ydata(), [40, 50])
    assert panel(figure, "GPPS").get_ylabel() == "counts"


def test_replicates_share_the_colour_of_their_strain() -> None:
    replicates = Dataset(
        tuple(Experiment(f"A{i}", [0, 1], [[i], [i + 1.0]], np.empty((2, 0)), "A") for i in (1, 2)),
        ("X",),
    )
    figure = plot_dataset(replicates)
    assert len({line.get_color() for line in figure.axes[0].lines}) == 1
    assert legend_texts(figure) == ["A"]


def test_many_strains_are_counted_instead_of_named() -> None:
    figure = plot_dataset(simulate(25, times=[0, 24, 72]), states=["GPP"])
    assert legend_texts(figure) == ["25 strains, S1 (dark) to S25 (light)"]
    assert len({line.get_color() for line in figure.axes[0].lines}) == 25


def test_unknown_names(two_strains: Dataset) -> None:
    with pytest.raises(ColumnError, match="Did you mean 'Limonene'"):
        plot_dataset(two_strains, states=["Limonen"])
    with pytest.raises(ColumnError, match="Did you mean 'GPPS'"):
        plot_dataset(two_strains, controls=["GPP"])
    with pytest.raises(ExperimentError, match="no experiment 'C'"):
        plot_dataset(two_strains, strains=["C"])


def test_names_are_shown_as_they_are() -> None:
    odd = Dataset((Experiment("_s$1$", [0, 1], [[1.0], [2]], np.empty((2, 0))),), ("a$b$",))
    figure = plot_dataset(odd)
    figure.canvas.draw()
    assert figure.axes[0].get_title() == r"a\$b\$"
    assert legend_texts(figure) == [r" _s\$1\$"]
