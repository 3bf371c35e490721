"""Generative kinetic models: training, eigenvalues, distributions of KM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from pyscimlode.errors import DataError
from pyscimlode.plots.style import (
    GREY,
    PALETTE,
    Figure,
    figure_legend,
    panels,
    plain,
    styled,
)

if TYPE_CHECKING:
    from pyscimlode.kinetics import EvolutionResult
    from pyscimlode.kinetics.networks.network import KineticNetwork
    from pyscimlode.kinetics.torch import GradientResult

MOST_PANELS = 12
FILL = 0.25
"""Opacity below the outline of a histogram."""
BY_MODELS = "models evaluated"


@styled
def plot_incidence(results: Mapping[str, EvolutionResult | GradientResult]) -> Figure:
    """Plot the share of valid models in the course of one or more trainings.

    Of an evolution, the line is the mean of its members, the band the smallest to the largest
    of them, and dots are the parent after each update. Of a training by gradient, the line is the
    batch before each update. Where both are shown, or populations differ, all are drawn over the
    number of models that were evaluated (logarithmic), parents left out.

    Args:
        results: name -> what ``evolve`` or ``train_by_gradient`` returned.

    Raises:
        DataError: no training.
    """
    if not results:
        raise DataError("plot_incidence needs a training; none is given.")
    by_models = len({(r.incidence.ndim, _cost(r)) for r in results.values()}) > 1
    figure, (axis,) = panels(1, width=3.6, height=2.2)
    entries, evolved = [], False
    for colour, (name, result) in zip(_colours(len(results)), results.items(), strict=True):
        number = np.arange(1, len(result.incidence) + 1) * (_cost(result) if by_models else 1)
        if result.incidence.ndim == 2:
            evolved = True
            _members(axis, number, result, colour)  # type: ignore[arg-type]
        (line,) = axis.plot(
            number, result.incidence.reshape(len(number), -1).mean(axis=1), color=colour, gid="mean"
        )
        entries.append((line, plain(name)))
    label = BY_MODELS if by_models else "generation" if evolved else "step"
    axis.set(xlabel=label, ylabel="share of valid models", ylim=(-0.02, 1.02))
    if by_models:
        axis.set_xscale("log")
    else:
        axis.set_xlim(left=0)
    if evolved:
        dot = Line2D([], [], color=GREY, marker=".", linestyle="")
        entries += [(Patch(color=GREY, alpha=0.3), "all members"), (dot, "parent")]  # type: ignore[list-item]
    figure_legend(figure, entries)
    return figure


def _members(
    axis: Axes, number: npt.NDArray[np.int64], result: EvolutionResult, colour: str
) -> None:
    low, high = result.incidence.min(axis=1), result.incidence.max(axis=1)
    axis.fill_between(number, low, high, color=colour, alpha=0.18, linewidth=0, gid="members")
    axis.plot(number, result.parent_incidence, ".", color=colour, markersize=4, gid="parent")


def _cost(result: EvolutionResult | GradientResult) -> int:
    """Return the models of a generation or step."""
    return result.settings.models * (result.incidence.shape[1] if result.incidence.ndim == 2 else 1)


@styled
def plot_eigenvalues(lambda_max: Mapping[str, npt.ArrayLike], threshold: float = -2.5) -> Figure:
    """Plot the distribution of the largest real part of the eigenvalues of models.

    The axis is linear between -1 and 1 per hour and logarithmic beyond; bins are equally wide in
    asinh of it.

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
    edges = np.sinh(np.linspace(min(every.min(), -2.0) - 0.1, max(every.max(), 0.0) + 0.1, 51))
    entries = []
    for colour, (name, x) in zip(_colours(len(values)), values.items(), strict=True):
        _histogram(axis, edges, np.histogram(x, edges)[0] / len(x), colour, name)
        share = float((x <= threshold).mean())
        entries.append((_swatch(colour), f"{name} ({share:.0%} valid)"))
    axis.axvline(threshold, color="black", linewidth=1.0, linestyle=(0, (4, 2)))
    axis.set_xscale("symlog", linthresh=1.0)
    axis.set_xlim(edges[0], edges[-1])
    axis.set_ylim(bottom=0)
    axis.set(xlabel="largest real part of an eigenvalue [1/h]", ylabel="share of models per bin")
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
    labels: tuple[str, str] = ("before", "after"),
) -> Figure:
    """Plot two distributions of generated KM, such as before and after measured ones were given.

    Every histogram has its own height, so that a KM which is known to some percent does not
    flatten the one that was free; compare widths and places.

    Args:
        network: the kinetic network.
        before: ``(models, KM)`` ln mM.
        after: ``(models, KM)`` ln mM.
        km: names; by default the measured ones and those whose interval shrank most, twelve in
            all.
        measured: KM name -> (low, high) in ln mM, drawn as a grey band.
        labels: of the two in the legend.

    Raises:
        DataError: an unknown KM, or another number of columns.
    """
    from pyscimlode.kinetics.generators.integration import uncertainty_reduction

    measured = dict(measured or {})
    table = uncertainty_reduction(network, before, after, measured=measured)
    chosen = [*measured, *table["km"][~table["measured"]]][:MOST_PANELS] if km is None else km
    for name in chosen:
        if name not in network.km_names:
            raise DataError(f"The KM {name!r} is not known.")
    titles = {p.km: f"{r.id}: {p.species}" for r in network.reactions for p in r.participants}
    figure, axes = panels(len(chosen), width=2.2, height=1.6)
    for axis, name in zip(axes, chosen, strict=True):
        column = network.km_names.index(name)
        pair = [np.asarray(x)[:, column] / np.log(10.0) for x in (before, after)]
        low, high = min(x.min() for x in pair), max(x.max() for x in pair)
        edges = np.linspace(low, high if high > low else low + 1.0, 31)
        for x, colour in zip(pair, PALETTE[:2], strict=True):
            counts = np.histogram(x, edges)[0]
            _histogram(axis, edges, counts / counts.max(), colour)
        if name in measured:
            a, b = (bound / np.log(10.0) for bound in measured[name])
            axis.axvspan(a, b, color=GREY, alpha=0.35, linewidth=0, gid="measured")
        axis.set_title(plain(titles[name]), fontsize=7.5)
        axis.set(yticks=[], ylim=(0, 1.05))
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True, prune="both"))
        axis.spines["left"].set_visible(False)
    _label_last_row(axes, "log10 KM [mM]")
    entries = [(_swatch(colour), text) for colour, text in zip(PALETTE, labels, strict=False)]
    if set(chosen) & set(measured):
        entries.append((Patch(color=GREY, alpha=0.35), "measured"))
    figure_legend(figure, entries)
    return figure


def _label_last_row(axes: Sequence[Axes], text: str) -> None:
    """Label the panels below which no other stands."""
    for index, axis in enumerate(axes):
        specification = axis.get_subplotspec()
        per_row = specification.get_gridspec().ncols if specification else 1
        if index + per_row >= len(axes):
            axis.set_xlabel(text, fontsize=7.5)


def _histogram(
    axis: Axes,
    edges: npt.NDArray[np.float64],
    heights: npt.NDArray[np.float64],
    colour: str,
    gid: str | None = None,
) -> None:
    """Draw an outline with a light fill, so that several remain legible on one axis."""
    axis.stairs(heights, edges, fill=True, color=colour, alpha=FILL, linewidth=0)
    axis.stairs(heights, edges, color=colour, linewidth=1.1, gid=gid)


def _swatch(colour: str) -> Patch:
    from matplotlib.colors import to_rgba

    return Patch(facecolor=to_rgba(colour, FILL), edgecolor=colour)


def _colours(n: int) -> list[str]:
    return [PALETTE[i % len(PALETTE)] for i in range(n)]
