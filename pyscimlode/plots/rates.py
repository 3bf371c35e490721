"""What a hybrid model has learned: the rate of each reaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from pyscimlode.models import HybridODE, Reaction
from pyscimlode.plots.rate_curves import (
    LEVELS,
    TRUTH,
    TrainingValues,
    find_reaction,
    hybrid_model,
    rate_curves,
)
from pyscimlode.plots.style import GREY, PALETTE, Figure, figure_legend, plain, styled, with_unit

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.data.dataset import Dataset
    from pyscimlode.data.pathway import PathwayParameters
    from pyscimlode.plots.rate_laws import RateLaws
    from pyscimlode.results import FitResult

LEVEL_COLOURS = {"low": "#8cc1e3", "median": "#0072B2", "high": "#0b2f4d"}
TRUTH_COLOUR = PALETTE[1]
REST = "all else at training medians"
MOST_TICKS = 400
"""Training values that are marked below a panel; of more, evenly chosen ones are."""


@styled
def plot_rates(
    result: FitResult,
    reaction: str | None = None,
    *,
    against: str | None = None,
    enzyme: str | None = None,
    truth: str | PathwayParameters | RateLaws | None = None,
) -> Figure:
    """Plot the learned rates of a hybrid model, one row a reaction.

    Each reaction is drawn against its substrates, with its enzyme at the 10 %, 50 % and 90 %
    quantiles of the training values, and against its enzymes; everything else is held at the
    training medians. A reaction without substrates is drawn against its products. Thin lines are
    members of the ensemble, thick ones their median. Ticks at the bottom are the training values:
    where there are none, the curve is extrapolated. Rates are turn-overs of the reaction, in units
    of its first substrate (of its first product where it has none) per time unit; see
    :func:`pyscimlode.plots.rate_curves`, which returns the numbers.

    A learned curve need not be the true law to forecast well: what the training strains never
    varied cannot be told apart.

    Args:
        result: a fit of a :class:`pyscimlode.models.HybridODE`.
        reaction: the reaction to show; all by default.
        against: one state or control to draw it against; its substrates and enzymes by default.
        enzyme: the enzyme that is low, median and high; by default the first of each reaction.
        truth: known rate laws of simulated strains, drawn dashed: a parameter set (or its name)
            of :mod:`pyscimlode.data.pathway`, or a function ``(z, p) -> (rows, reactions)`` in
            measured units.

    Raises:
        ModelError: the fit is not of a hybrid model, or has no such reaction.
        ColumnError: for an unknown state, control or enzyme.
        DataError: the fit was saved without data, or ``truth`` does not fit the pathway.
    """
    model = hybrid_model(result)
    every = model.reactions
    shown = every if reaction is None else (find_reaction(model, reaction),)
    training = TrainingValues.of(result.train)
    axes_of = {r.name: [against] if against else _dependencies(r) for r in shown}
    n_columns = max(len(names) for names in axes_of.values())
    figure = Figure(figsize=(2.9 * n_columns + 0.9, 2.25 * len(shown) + 0.5), layout="constrained")
    for row, one in enumerate(shown):
        for column, name in enumerate(axes_of[one.name]):
            axis = figure.add_subplot(len(shown), n_columns, row * n_columns + column + 1)
            held = enzyme if enzyme in one.enzymes or reaction is not None else None
            curves = rate_curves(result, one.name, name, enzyme=held, truth=truth)
            _draw(axis, curves)
            _rug(axis, training, name)
            if len(one.enzymes) > 1 and curves["level"].nunique() > 1:
                _which(axis, str(curves["enzyme"].iloc[0]))
            axis.set_xlabel(with_unit(name, result.train.units.get(name, "")))
            axis.set_ylabel(rate_label(model, one, result.train) if column == 0 else "")
            if column == 0:
                axis.set_title(equation(one), loc="left")
    figure_legend(figure, _entries(result, shown, truth is not None))
    figure.suptitle(f"Learned rates, {plain(result.name)}; {REST}", fontsize=9.5)
    return figure


def equation(reaction: Reaction) -> str:
    """Return ``name: substrates → products (enzymes)`` as a title shows it."""
    sides = [
        " + ".join(name if x == 1 else f"{x:g} {name}" for name, x in side.items())
        for side in (reaction.substrates, reaction.products)
    ]
    by = f" ({', '.join(reaction.enzymes)})" if reaction.enzymes else ""
    return plain(f"{reaction.name}: {' → '.join(sides).strip()}{by}")


def rate_label(model: HybridODE, reaction: Reaction, dataset: Dataset) -> str:
    """Return the label of a rate axis, with the unit of the reaction's reference state.

    Rates of kinetic pathways are in mM of cell volume.
    """
    state = model.rates.flux_states()[model.flux_names.index(reaction.name)]
    unit = "mM" if state is None else dataset.units.get(dataset.state_names[state], "1")
    return f"rate [{plain(unit)}/{plain(dataset.time_unit)}]"


def _dependencies(reaction: Reaction) -> list[str]:
    return [*(reaction.substrates or reaction.products), *reaction.enzymes]


def _draw(axis: Axes, curves: pd.DataFrame) -> None:
    several = curves.loc[curves["member"] != TRUTH, "member"].nunique() > 1
    for level, of_level in curves.groupby("level", sort=False):
        colour = LEVEL_COLOURS[str(level)]
        learned = of_level[of_level["member"] != TRUTH]
        if several:
            for _, one in learned.groupby("member", sort=False):
                axis.plot(
                    one["value"], one["rate"], color=colour, linewidth=0.6, alpha=0.5, gid="member"
                )
        median = learned.groupby("value")["rate"].median()
        axis.plot(median.index, median, color=colour, linewidth=2.1, gid=f"median:{level}")
        known = of_level[of_level["member"] == TRUTH]
        if not known.empty:
            axis.plot(
                known["value"],
                known["rate"],
                color=TRUTH_COLOUR,
                linewidth=1.2,
                linestyle=(0, (4, 2)),
                gid=f"truth:{level}",
            )
    axis.set_ylim(bottom=min(0.0, float(curves["rate"].min())))
    axis.margins(x=0.0)


def _which(axis: Axes, enzyme: str) -> None:
    """Say which of several enzymes is low, median and high."""
    axis.text(
        0.03,
        0.97,
        f"by {plain(enzyme)}",
        transform=axis.transAxes,
        va="top",
        fontsize=8,
        color=GREY,
        gid="enzyme",
    )


def _rug(axis: Axes, training: TrainingValues, name: str) -> None:
    values = np.sort(training.values[name])
    if len(values) > MOST_TICKS:
        values = values[np.linspace(0, len(values) - 1, MOST_TICKS).astype(int)]
    axis.plot(
        values,
        np.zeros_like(values),
        transform=axis.get_xaxis_transform(),
        linestyle="",
        marker=2,  # a tick upwards
        markersize=5.0,
        markeredgewidth=0.6,
        color=GREY,
        alpha=0.6,
        clip_on=False,
        gid="training",
    )


def _entries(
    result: FitResult, shown: tuple[Reaction, ...], truth: bool
) -> list[tuple[Artist, str]]:
    entries: list[tuple[Artist, str]] = []
    if any(reaction.enzymes for reaction in shown):
        for level, quantile in LEVELS.items():
            line = Line2D([], [], color=LEVEL_COLOURS[level], linewidth=2.1)
            entries.append((line, f"enzyme {level} ({100 * quantile:.0f} %)"))
    if len(result.members) > 1:
        line = Line2D([], [], color=LEVEL_COLOURS["median"], linewidth=0.6, alpha=0.5)
        entries.append((line, "member"))
    if truth:
        line = Line2D([], [], color=TRUTH_COLOUR, linewidth=1.2, linestyle=(0, (4, 2)))
        entries.append((line, "true rate law"))
    tick = Line2D([], [], color=GREY, marker="|", linestyle="", markersize=6)
    entries.append((tick, "training values"))
    return entries
