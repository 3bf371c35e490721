"""Measured series of every strain: one panel a metabolite, one colour a strain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from pyscimlode.data.dataset import Dataset
from pyscimlode.plots.style import (
    GREY,
    MARKERS,
    PALETTE,
    figure_legend,
    label_times,
    panels,
    plain,
    styled,
    unit_label,
)

if TYPE_CHECKING:
    from pyscimlode.plots.style import Figure

MOST_NAMED = 21
"""With more strains than this a legend of names helps nobody."""

MOST_MARKED = 30
"""With more times than this marks on a line run into each other."""


@styled
def plot_dataset(
    dataset: Dataset,
    states: Sequence[str] | None = None,
    strains: Sequence[str] | None = None,
    controls: bool | Sequence[str] = False,
) -> Figure:
    """Plot the measured series (Figure 1 of Habaraduwa & Lixandru).

    Lines join measured points; a gap in the measurements is bridged, not filled. Replicates share
    the colour of their strain.

    Args:
        dataset: the data set.
        states: the states to show, one panel each; all by default.
        strains: the strains (or experiments) to show; all by default.
        controls: True for a panel of every control as well, or the names of some.

    Raises:
        ColumnError: for an unknown state or control.
        ExperimentError: for an unknown strain.
    """
    shown = dataset if strains is None else dataset.select(strains)
    wanted: Sequence[str] | None = controls if not isinstance(controls, bool) else None
    if isinstance(controls, bool) and not controls:
        wanted = []
    shown = shown.keep(states=states, controls=wanted)
    names = (*shown.state_names, *shown.control_names)
    figure, axes = panels(len(names))
    looks = _looks(shown.strains)
    if max(len(experiment.times) for experiment in shown) > MOST_MARKED:
        looks = {strain: {**look, "marker": ""} for strain, look in looks.items()}
    for experiment in shown:
        values = np.hstack([experiment.states, experiment.controls])
        for column, axis in enumerate(axes):
            _series(axis.plot, experiment.times, values[:, column], looks[experiment.strain])
    for name, axis in zip(names, axes, strict=True):
        axis.set_title(plain(name))
        axis.set_ylabel(unit_label(shown.units.get(name, "")))
    label_times(axes, shown.time_unit)
    figure_legend(figure, _entries(looks), most=8)
    return figure


def _looks(strains: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return colour and marker of each strain."""
    if len(strains) <= MOST_NAMED:
        return {
            strain: {
                "color": PALETTE[index % len(PALETTE)],
                "marker": MARKERS[(index // len(PALETTE)) % len(MARKERS)],
                "linestyle": ("-", "--", ":")[index // len(PALETTE)],
                "alpha": 1.0,
            }
            for index, strain in enumerate(strains)
        }
    shades = mpl.colormaps["cividis"](np.linspace(0.0, 0.95, len(strains)))
    return {
        strain: {"color": tuple(shade), "marker": "", "linestyle": "-", "alpha": 0.6}
        for strain, shade in zip(strains, shades, strict=True)
    }


def _series(
    plot: object,
    times: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    look: dict[str, object],
) -> None:
    known = np.isfinite(values)
    plot(times[known], values[known], markersize=3.2, linewidth=1.1, **look)  # type: ignore[operator]


def _entries(looks: dict[str, dict[str, object]]) -> list[tuple[Artist, str]]:
    if len(looks) > MOST_NAMED:
        first, *_, last = looks
        line = Line2D([], [], color=GREY)
        return [(line, f"{len(looks)} strains, {first} (dark) to {last} (light)")]
    return [(Line2D([], [], **look), strain) for strain, look in looks.items()]  # type: ignore[arg-type]
