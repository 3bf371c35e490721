"""Generative kinetic models: training, eigenvalues, KM, robustness, cultures, landscapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pyscimlode.errors import DataError
from pyscimlode.plots.style import GREY, PALETTE, Figure, figure_legend, panels, plain, styled

if TYPE_CHECKING:
    from pyscimlode.kinetics import EvolutionResult
    from pyscimlode.kinetics.bioreactor import BatchCulture
    from pyscimlode.kinetics.landscape import Landscape
    from pyscimlode.kinetics.network import KineticNetwork
    from pyscimlode.kinetics.robustness import Robustness

BANDS = ((5.0, 95.0, 0.2), (25.0, 75.0, 0.4))
"""Percentiles of an envelope and its opacity."""
MAP_COLOURS = "viridis"


@styled
def plot_incidence(results: Mapping[str, EvolutionResult]) -> Figure:
    """Plot the share of valid models over the generations of one or more evolutions.

    The line is the mean of the population, the band its smallest to largest member, and dots the
    parent after each update.

    Args:
        results: name -> evolution.

    Raises:
        DataError: no evolution.
    """
    if not results:
        raise DataError("plot_incidence needs an evolution; none is given.")
    figure, (axis,) = panels(1, width=3.6, height=2.2)
    for colour, (name, result) in zip(_colours(len(results)), results.items(), strict=True):
        number = np.arange(1, len(result.incidence) + 1)
        low, high = result.incidence.min(axis=1), result.incidence.max(axis=1)
        axis.fill_between(number, low, high, color=colour, alpha=0.18, linewidth=0, gid="members")
        axis.plot(number, result.incidence.mean(axis=1), color=colour, label=plain(name))
        axis.plot(number, result.parent_incidence, ".", color=colour, markersize=4, gid="parent")
    axis.set(xlabel="generation", ylabel="share of valid models", ylim=(-0.02, 1.02))
    axis.set_xlim(left=0)
    entries = [(line, line.get_label()) for line in axis.lines if line.get_gid() != "parent"]
    band = Patch(color=GREY, alpha=0.3)
    dot = Line2D([], [], color=GREY, marker=".", linestyle="")
    figure_legend(
        figure,
        [
            *((line, f"{label}, mean") for line, label in entries),
            (band, "all members"),
            (dot, "parent"),
        ],
    )
    return figure


@styled
def plot_eigenvalues(lambda_max: Mapping[str, npt.ArrayLike], threshold: float = -2.5) -> Figure:
    """Plot the distribution of the largest real part of the eigenvalues of models.

    The axis is linear between -1 and 1 per hour and logarithmic beyond.

    Args:
        lambda_max: name -> ``(models,)`` 1/h.
        threshold: largest lambda_max of a valid model, 1/h.

    Raises:
        DataError: no models.
    """
    values = {name: np.asarray(x, dtype=np.float64) for name, x in lambda_max.items()}
    if not values or any(x.ndim != 1 or not len(x) for x in values.values()):
        raise DataError("plot_eigenvalues needs one vector of lambda_max for each name.")
    figure, (axis,) = panels(1, width=3.6, height=2.2)
    every = np.arcsinh(np.concatenate(list(values.values())))
    edges = np.sinh(np.linspace(min(every.min(), -2.0) - 0.1, max(every.max(), 0.0) + 0.1, 60))
    entries = []
    for colour, (name, x) in zip(_colours(len(values)), values.items(), strict=True):
        weights = np.full(len(x), 1 / len(x))
        axis.hist(x, edges.tolist(), weights=weights, color=colour, alpha=0.55, gid=name)
        share = float((x <= threshold).mean())
        entries.append((Patch(color=colour, alpha=0.55), f"{name} ({share:.0%} valid)"))
    axis.axvline(threshold, color="black", linewidth=1.0, linestyle=(0, (4, 2)))
    axis.set_xscale("symlog", linthresh=1.0)
    axis.set(xlabel="largest Re(eigenvalue) [1/h]", ylabel="share of models")
    line = Line2D([], [], color="black", linewidth=1.0, linestyle=(0, (4, 2)))
    figure_legend(figure, [*entries, (line, f"valid at most {threshold:g}/h")])
    return figure


@styled
def plot_km_distributions(
    network: KineticNetwork,
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    km: Sequence[str] | None = None,
    measured: Mapping[str, tuple[float, float]] | None = None,
) -> Figure:
    """Plot generated KM before and after measured ones were integrated, one panel a KM.

    Args:
        network: the kinetic network.
        before: ``(models, KM)`` ln mM.
        after: ``(models, KM)`` ln mM.
        km: names; by default the measured ones and those whose interval shrank most, twelve in
            all.
        measured: KM name -> (low, high) in ln mM, drawn as a grey band.

    Raises:
        DataError: an unknown KM, or another number of columns.
    """
    from pyscimlode.kinetics.integration import uncertainty_reduction

    measured = dict(measured or {})
    table = uncertainty_reduction(network, before, after, measured=measured)
    shown = list(km) if km is not None else [*measured, *table["km"][~table["measured"]]][:12]
    for name in shown:
        if name not in network.km_names:
            raise DataError(f"The KM {name!r} is not known.")
    figure, axes = panels(len(shown), width=2.2, height=1.6)
    for axis, name in zip(axes, shown, strict=True):
        column = network.km_names.index(name)
        pair = [np.asarray(x)[:, column] / np.log(10.0) for x in (before, after)]
        low, high = min(x.min() for x in pair), max(x.max() for x in pair)
        edges = np.linspace(low, high if high > low else low + 1.0, 31)
        for x, colour in zip(pair, PALETTE[:2], strict=True):
            axis.hist(x, edges.tolist(), density=True, color=colour, alpha=0.5)
        if name in measured:
            a, b = (bound / np.log(10.0) for bound in measured[name])
            axis.axvspan(a, b, color=GREY, alpha=0.35, linewidth=0, gid="measured")
        axis.set_title(plain(name.removeprefix("km_")), fontsize=7.5)
        axis.set_yticks([])
        axis.spines["left"].set_visible(False)
    for axis in axes:
        axis.set_xlabel("log10 KM [mM]", fontsize=7.5)
    entries = [
        (Patch(color=PALETTE[0], alpha=0.5), "before"),
        (Patch(color=PALETTE[1], alpha=0.5), "after"),
    ]
    if set(shown) & set(measured):
        entries.append((Patch(color=GREY, alpha=0.35), "measured"))
    figure_legend(figure, entries)
    return figure


@styled
def plot_robustness(result: Robustness, *, tolerance: float = 0.05) -> Figure:
    """Plot how perturbed models return: envelopes of x/x_ss over time, one panel a quantity.

    Bands hold the middle 50 % and 90 % of all runs that did not fail, the line is their median. Of
    a quantity with several members, each run shows the one that is farthest away.
    The dashed pair is the tolerance, and vertical lines are the judged times.

    Args:
        result: of :func:`pyscimlode.kinetics.robustness.assess_robustness`.
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
        _envelope(axis, result.times_min, of_name, PALETTE[0])
        for side in (1 - tolerance, 1 + tolerance):
            axis.axhline(side, color=PALETTE[1], linewidth=0.8, linestyle=(0, (4, 2)))
        for time in result.judged_min:
            axis.axvline(time, color=GREY, linewidth=0.6)
        share = result.returned(last, tolerance)[..., k].mean()
        axis.set_title(f"{plain(name)}: {share:.1%} at {last:g} min", loc="left", fontsize=8.5)
        axis.set(xlabel="time [min]", ylabel="x / x at steady state")
        axis.margins(x=0)
    figure_legend(figure, [*_bands(PALETTE[0]), _dashed(PALETTE[1], f"±{tolerance:.0%}")])
    return figure


@styled
def plot_cultures(cultures: Sequence[BatchCulture], species: Mapping[str, str]) -> Figure:
    """Plot batch cultures: biomass and some species over time, all of them on one time axis.

    Args:
        cultures: of :func:`pyscimlode.kinetics.bioreactor.batch_culture`, with the same times.
        species: id -> name in the title, such as ``{"glc_D_e": "glucose"}``.

    Raises:
        DataError: no culture, other times, or an unknown species.
    """
    if not cultures or any(not np.array_equal(c.hours, cultures[0].hours) for c in cultures):
        raise DataError("plot_cultures needs one culture or more, all of the same times.")
    courses = {("biomass", "gDW/L"): np.array([c.biomass for c in cultures])}
    for id_, name in species.items():
        courses[name, "mM"] = np.array([c.concentration(id_) for c in cultures])
    figure, axes = panels(len(courses))
    for axis, ((name, unit), values) in zip(axes, courses.items(), strict=True):
        if len(cultures) > 2:
            _envelope(axis, cultures[0].hours, values, PALETTE[2])
        else:
            axis.plot(cultures[0].hours, values.T, color=PALETTE[2])
        axis.set_title(plain(name), loc="left")
        axis.set(xlabel="time [h]", ylabel=f"[{unit}]")
        axis.set_ylim(bottom=0)
        axis.margins(x=0)
    if len(cultures) > 2:
        figure_legend(figure, _bands(PALETTE[2]))
    return figure


@styled
def plot_landscape(landscape: Landscape, places: npt.ArrayLike, *, share: float = 0.1) -> Figure:
    """Plot a map of steady states and the polar view around the slowest, coloured by speed.

    Circles are the rarer kind: states with a fast model, or those without one. Colours end at the
    2 % and 98 % quantiles.

    Args:
        landscape: of :func:`pyscimlode.kinetics.landscape.scan_landscape`.
        places: ``(states, 2)`` of :func:`pyscimlode.kinetics.landscape.embed`.
        share: of the states that count as slowest.

    Raises:
        DataError: another number of places than states.
    """
    from pyscimlode.kinetics.landscape import polar_view

    where = np.asarray(places, dtype=np.float64)
    if where.shape != (len(landscape.states), 2):
        raise DataError(f"places has the shape {where.shape}; it must be (states, 2).")
    angle, distance = polar_view(landscape, share)
    figure = Figure(figsize=(8.2, 3.6), layout="constrained")
    flat = figure.add_subplot(1, 2, 1)
    polar = figure.add_subplot(1, 2, 2, projection="polar")
    low, high = np.percentile(landscape.fastest, [2, 98])
    colour: dict[str, Any] = {
        "c": landscape.fastest,
        "cmap": MAP_COLOURS,
        "vmin": low,
        "vmax": high,
    }
    shown = flat.scatter(where[:, 0], where[:, 1], s=18, linewidths=0, **colour)
    polar.scatter(angle, distance, s=18, linewidths=0, **colour)
    rare = landscape.fast if landscape.fast.mean() <= 0.5 else ~landscape.fast
    ring: dict[str, Any] = {"s": 42, "facecolors": "none", "edgecolors": "black", "linewidths": 0.7}
    flat.scatter(where[rare, 0], where[rare, 1], **ring)
    polar.scatter(angle[rare], distance[rare], **ring)
    flat.set(xlabel="t-SNE 1", ylabel="t-SNE 2", xticks=[], yticks=[])
    flat.set_title("map of ln c", loc="left")
    polar.set_title(f"distance from the slowest {share:.0%}", fontsize=8.5)
    polar.set_xticklabels([])
    polar.set_ylim(0)
    polar.set_rlabel_position(250.0)  # type: ignore[attr-defined]
    label = "fastest largest Re(eigenvalue) [1/h]"
    figure.colorbar(shown, ax=[flat, polar], label=label, extend="both")
    which = "with" if landscape.fast.mean() <= 0.5 else "without"
    text = (
        f"{rare.sum()} of {len(rare)} states {which} a model at {landscape.threshold:g}/h or faster"
    )
    circle = Line2D([], [], marker="o", linestyle="", color="black", markerfacecolor="none")
    figure_legend(figure, [(circle, text)])
    return figure


def _envelope(axis: Axes, times: npt.ArrayLike, values: npt.ArrayLike, colour: str) -> None:
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array).all(axis=1)]
    for low, high, alpha in BANDS:
        a, b = np.percentile(array, [low, high], axis=0)
        axis.fill_between(times, a, b, color=colour, alpha=alpha, linewidth=0, gid=f"{low:g}")
    axis.plot(times, np.median(array, axis=0), color=colour, gid="median")


def _bands(colour: str) -> list[tuple[Patch | Line2D, str]]:
    entries: list[tuple[Patch | Line2D, str]] = [(Line2D([], [], color=colour), "median")]
    alphas = [alpha for *_, alpha in BANDS]
    entries.append((Patch(color=colour, alpha=alphas[0] + alphas[1]), "middle 50 %"))
    entries.append((Patch(color=colour, alpha=alphas[0]), "middle 90 %"))
    return entries


def _dashed(colour: str, text: str) -> tuple[Line2D, str]:
    return Line2D([], [], color=colour, linewidth=0.8, linestyle=(0, (4, 2))), text


def _colours(n: int) -> list[str]:
    return [PALETTE[i % len(PALETTE)] for i in range(n)]
