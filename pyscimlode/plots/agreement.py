"""The ladder of a cross-check between engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.plots.style import GREY, MARKERS, PALETTE, panels, styled

if TYPE_CHECKING:
    from pyscimlode.agreement import Agreement
    from pyscimlode.plots.style import Figure

SMALLEST = 1e-17
"""Where an error of exactly zero is drawn."""


@styled
def plot_agreement(agreement: Agreement) -> Figure:
    """Plot the error of every engine at every level beside the tolerance.

    A level without an answer has no point; one where engines differ is filled red.
    """
    levels = list(dict.fromkeys(rung.level for rung in agreement.rungs))
    figure, (axis,) = panels(1, width=6.4, height=0.6 + 0.42 * len(levels))
    heights = {level: len(levels) - 1 - index for index, level in enumerate(levels)}
    limits = {rung.level: rung.tolerance for rung in agreement.rungs}
    for level, height in heights.items():
        axis.plot([limits[level]] * 2, [height - 0.4, height + 0.4], color=GREY, linewidth=2.0)
    offsets = np.linspace(-0.18, 0.18, max(len(agreement.backends), 2))
    largest = [1.0]
    for index, backend in enumerate(agreement.backends):
        colour = PALETTE[index % len(PALETTE)]
        labelled = False
        for rung in agreement.rungs:
            if rung.backend != backend or np.isnan(rung.error):
                continue
            error = rung.error if np.isfinite(rung.error) else 1.0
            largest.append(error)
            axis.plot(
                max(error, SMALLEST),
                heights[rung.level] + (offsets[index] if len(agreement.backends) > 1 else 0.0),
                MARKERS[index % len(MARKERS)],
                color=colour,
                markerfacecolor="red" if rung.verdict == "differs" else colour,
                label=None if labelled else backend,
                linestyle="none",
            )
            labelled = True
    axis.set_xscale("log")
    axis.set_xlim(SMALLEST / 3.0, 3.0 * max(largest))
    judges = {rung.level: rung.judge for rung in agreement.rungs}
    names = [f"{level}\n(judge: {judges[level]})" if judges[level] else level for level in heights]
    axis.set_yticks(list(heights.values()), names)
    axis.set_ylim(-0.6, len(levels) - 0.4)
    axis.set_xlabel(f"error against {agreement.judge}; the bar is the tolerance")
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="upper right", title="engine")
    axis.set_title(agreement.problem, loc="left", wrap=True)
    return figure
