"""What generated kinetic models do: return to a steady state, grow, and where they can be fast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pyscimlode.errors import DataError
from pyscimlode.plots.style import GREY, PALETTE, Figure, figure_legend, panels, plain, styled

if TYPE_CHECKING:
    from pyscimlode.kinetics.dynamics.cultures import BatchCulture
    from pyscimlode.kinetics.dynamics.robustness import Robustness
    from pyscimlode.kinetics.landscapes.landscape import Landscape

BANDS = ((5.0, 95.0, 0.2), (25.0, 75.0, 0.4))
"""Percentiles of an envelope and its opacity."""
FEW = 10
"""Fewer courses than this are drawn one by one: percentiles of them would say little."""
MAP_COLOURS = "viridis"
DASHES = (0, (4, 2))


@styled
def plot_robustness(result: Robustness, *, tolerance: float = 0.05) -> Figure:
    """Plot how perturbed models return: envelopes of x/x_ss over time, one panel a quantity.

    Bands hold the middle 50 % and 90 % of all runs that did not fail, the line is their median;
    fewer than ten runs are drawn one by one. Of a quantity with several members, each run shows
    at each time the one that is farthest away, which may be another one at the next.
    Dashed lines are the tolerance, grey ones the times at which returns are counted; titles have
    the share of all runs that were back at the last of them.

    Args:
        result: of :func:`pyscimlode.kinetics.assess_robustness`.
        tolerance: that is drawn, and counted in the titles.

    Raises:
        DataError: every run failed.
    """
    if not np.isfinite(result.ratios).any():
        raise DataError("Every run of the robustness test failed; there is nothing to draw.")
    figure, axes = panels(len(result.watched))
    last = result.judged_min[-1]
    for k, (axis, name) in enumerate(zip(axes, result.watched, strict=True)):
        of_name = result.ratios[..., k].reshape(-1, len(result.times_min))
        entries = _courses(axis, result.times_min, of_name, PALETTE[0], "a run")
        for side in (1 - tolerance, 1 + tolerance):
            axis.axhline(side, color=PALETTE[1], linewidth=0.8, linestyle=DASHES)
        for time in result.judged_min:
            axis.axvline(time, color=GREY, linewidth=0.6)
        share = result.returned(last, tolerance)[..., k].mean()
        axis.set_title(f"{plain(name)}: {share:.0%} back at {last:g} min", loc="left", fontsize=8.5)
        axis.set(xlabel="time [min]", ylabel="x / x at steady state")
        axis.set_xlim(0, 1.03 * result.times_min[-1])
    dashed = Line2D([], [], color=PALETTE[1], linewidth=0.8, linestyle=DASHES)
    counted = Line2D([], [], color=GREY, linewidth=0.6)
    entries += [(dashed, f"±{tolerance:.0%}"), (counted, "returns are counted")]
    figure_legend(figure, entries)
    return figure


@styled
def plot_cultures(
    cultures: Sequence[BatchCulture],
    species: Mapping[str, str] | None = None,
    *,
    biomass: npt.ArrayLike | None = None,
) -> Figure:
    """Plot batch cultures: biomass and some species over time.

    Ten cultures or more that reached the end are shown as their median and bands, and the others
    are counted; fewer are drawn one by one, with a cross where one was given up.

    Args:
        cultures: of :func:`pyscimlode.kinetics.batch_culture`, with the same times.
        species: id -> name in the title, such as ``{"glc_D_e": "glucose"}``; by default those of
            the medium.
        biomass: ``(points, 2)`` measured hours and gDW/L, drawn as dots.

    Raises:
        DataError: no culture, other times, or an unknown species.
    """
    if not cultures or any(not np.array_equal(c.hours, cultures[0].hours) for c in cultures):
        raise DataError("plot_cultures needs one culture or more, all of the same times.")
    if species is None:
        species = {name: name for name in cultures[0].medium}
    courses = {("biomass", "gDW/L"): np.array([c.biomass for c in cultures])}
    for id_, name in species.items():
        courses[name, "mM"] = np.array([c.concentration(id_) for c in cultures])
    figure, axes = panels(len(courses))
    for axis, ((name, unit), values) in zip(axes, courses.items(), strict=True):
        entries = _cultures(axis, cultures[0].hours, values)
        axis.set_title(plain(name), loc="left")
        axis.set(xlabel="time [h]", ylabel=unit)
        axis.set_ylim(bottom=0)
        axis.margins(x=0)
    if biomass is not None:
        hours, amount = np.asarray(biomass, dtype=np.float64).T
        (dots,) = axes[0].plot(hours, amount, "o", color="black", markersize=3.5, gid="measured")
        entries.append((dots, "measured"))
    figure_legend(figure, entries)
    return figure


@styled
def plot_landscape(landscape: Landscape, places: npt.ArrayLike, *, share: float = 0.1) -> Figure:
    """Plot a map of steady states and the polar view around the slowest, coloured by speed.

    Circles are the rarer kind: states with a fast model, or those without one. Colours end at the
    2 % and 98 % quantiles.

    Args:
        landscape: of :func:`pyscimlode.kinetics.scan_landscape`.
        places: ``(states, 2)`` of :func:`pyscimlode.kinetics.embed`.
        share: of the states that count as slowest.

    Raises:
        DataError: another number of places than states.
    """
    from pyscimlode.kinetics.landscapes.landscape import polar_view

    where = np.asarray(places, dtype=np.float64)
    if where.shape != (len(landscape.states), 2):
        raise DataError(f"places has the shape {where.shape}; it must be (states, 2).")
    angle, distance = polar_view(landscape, share)
    figure = Figure(figsize=(8.2, 3.6), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    polar = figure.add_subplot(1, 2, 2, projection="polar")
    low, high = np.percentile(landscape.fastest, [2, 98])
    colour: dict[str, Any] = {"c": landscape.fastest, "cmap": MAP_COLOURS}
    colour |= {"vmin": low, "vmax": high, "s": 18, "linewidths": 0}
    shown = flat.scatter(where[:, 0], where[:, 1], **colour)
    polar.scatter(angle, distance, **colour)
    entries = _rings(flat, polar, landscape, where, np.stack([angle, distance], axis=1))
    flat.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
    flat.set_title("map of ln c", loc="left")
    polar.set_title(f"distance from the slowest {share:.0%}, in sd of ln c", fontsize=8.5)
    polar.set_xticklabels([])
    polar.set_ylim(0)
    polar.yaxis.set_major_locator(MaxNLocator(4))
    polar.tick_params(axis="y", labelsize=6.5)
    polar.grid(linewidth=0.4)
    label = "fastest model: largest real part [1/h]"
    figure.colorbar(shown, ax=[flat, polar], label=label, extend="both")
    figure_legend(figure, entries)
    return figure


def _rings(
    flat: Axes,
    polar: Axes,
    landscape: Landscape,
    where: npt.NDArray[np.float64],
    around: npt.NDArray[np.float64],
) -> list[tuple[Artist, str]]:
    """Draw circles around the rarer kind of states and return the legend."""
    few_fast = landscape.fast.mean() <= 0.5
    rare = landscape.fast if few_fast else ~landscape.fast
    limit = f"a model at {landscape.threshold:g}/h or faster"
    if not rare.any():
        text = f"{'none' if few_fast else 'all'} of {len(rare)} states with {limit}"
        return [(Line2D([], [], linestyle=""), text)]
    ring: dict[str, Any] = {"s": 42, "facecolors": "none", "edgecolors": "black", "linewidths": 0.7}
    flat.scatter(*where[rare].T, **ring)
    polar.scatter(*around[rare].T, **ring)
    text = f"{rare.sum()} of {len(rare)} states {'with' if few_fast else 'without'} {limit}"
    circle = Line2D([], [], marker="o", linestyle="", color="black", markerfacecolor="none")
    return [(circle, text)]


def _cultures(
    axis: Axes, hours: npt.NDArray[np.float64], values: npt.NDArray[np.float64]
) -> list[tuple[Artist, str]]:
    """Draw courses ``(cultures, times)`` that are NaN from where a culture was given up."""
    ended = ~np.isfinite(values).all(axis=1)
    done = values[~ended]
    entries: list[tuple[Artist, str]] = []
    if len(done):
        entries = _courses(axis, hours, done, PALETTE[2], "a culture")
    if not ended.any():
        return entries
    if len(done) >= FEW:
        entries.append((Line2D([], [], linestyle=""), f"{ended.sum()} given up, not shown"))
        return entries
    cross: Artist = Line2D([], [], linestyle="")
    for course in values[ended]:
        last = int(np.isfinite(course).sum()) - 1
        axis.plot(hours, course, color=PALETTE[2], linewidth=1.0, gid="course")
        if last >= 0:
            (cross,) = axis.plot(hours[last], course[last], "x", color=PALETTE[1], gid="given up")
    return [*entries, (cross, "given up")]


def _courses(
    axis: Axes, times: npt.ArrayLike, values: npt.NDArray[np.float64], colour: str, one: str
) -> list[tuple[Artist, str]]:
    """Draw courses ``(courses, times)`` without NaN, and return what the legend says of them."""
    array = values[np.isfinite(values).all(axis=1)]
    if len(array) < FEW:
        lines = axis.plot(times, array.T, color=colour, linewidth=1.0, gid="course")
        return [(lines[0], one)]
    entries: list[tuple[Artist, str]] = []
    for low, high, alpha in BANDS:
        a, b = np.percentile(array, [low, high], axis=0)
        axis.fill_between(times, a, b, color=colour, alpha=alpha, linewidth=0, gid=f"{low:g}")
    (median,) = axis.plot(times, np.median(array, axis=0), color=colour, gid="median")
    entries.append((median, "median"))
    entries.append((Patch(color=colour, alpha=sum(band[2] for band in BANDS)), "middle 50 %"))
    entries.append((Patch(color=colour, alpha=BANDS[0][2]), "middle 90 %"))
    return entries
