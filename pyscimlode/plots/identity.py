"""What a fit of the published protocol does: each row pushed forward and compared with itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from pyscimlode.data.dataset import Dataset
from pyscimlode.plots.style import (
    FORECAST,
    MEASURED,
    figure_legend,
    panels,
    plain,
    unit_label,
)

if TYPE_CHECKING:
    from pyscimlode.plots.style import Figure
    from pyscimlode.results import FitResult


def plot_identity(result: FitResult, dataset: Dataset, states: Sequence[str] | None) -> Figure:
    """Plot target (which is also the input) and output of every row of one strain.

    Args:
        result: a fit under the identity protocol.
        dataset: the rows of one strain, ``{strain}@{row}``.
        states: the states to show; by default those that are scored (without proteins).
    """
    scored = dataset.provenance.details.get("reported_states")
    shown = dataset.keep(states=scored if states is None else states).state_names
    columns = [dataset.state_names.index(name) for name in shown]
    forecast = result.predict(dataset)
    rows = np.arange(len(dataset))
    target = np.stack([e.states[-1] for e in dataset])
    output = np.stack([forecast.median(name)[-1] for name in dataset.names])
    figure, axes = panels(len(columns))
    for column, axis in zip(columns, axes, strict=True):
        name = dataset.state_names[column]
        axis.plot(rows, target[:, column], color=MEASURED, linewidth=2.4, alpha=0.35, gid="target")
        axis.plot(rows, output[:, column], color=FORECAST, linewidth=1.3, gid="output")
        axis.set_title(plain(name))
        axis.set_ylabel(unit_label(dataset.units.get(name, "")))
        axis.set_xlabel("interpolated row")
    figure.suptitle(
        f"{plain(dataset.strains[0])}, identity protocol: input = target, this is not a forecast"
    )
    entries: list[tuple[Artist, str]] = [
        (
            Line2D([], [], color=MEASURED, linewidth=2.4, alpha=0.35),
            "row = target = output of a zero field",
        ),
        (Line2D([], [], color=FORECAST, linewidth=1.3), f"output, {result.name}"),
    ]
    figure_legend(figure, entries)
    return figure
