"""The parts of a report on generated kinetic models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pyscimlode import plots
from pyscimlode.plots.style import png
from pyscimlode.report import html

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.kinetics import Evaluation, EvolutionResult, KineticCase, KineticNetwork
    from pyscimlode.kinetics.dynamics.cultures import BatchCulture
    from pyscimlode.kinetics.dynamics.robustness import Robustness
    from pyscimlode.kinetics.landscapes.landscape import Landscape
    from pyscimlode.kinetics.torch import GradientResult

FloatArray = npt.NDArray[np.float64]
Intervals = Mapping[str, tuple[float, float]]
MOST_ROWS = 40
"""Rows of a table that are shown; the rest is counted."""
MOST_PANELS = 11
"""Species of the medium that are drawn beside biomass."""


def network_section(case: KineticCase) -> Iterator[str]:
    """What the models are models of."""
    network, state = case.network, case.state
    inert = len(network.km_names) - sum(network.km_active)
    rows = [
        ["reactions", str(len(network.reactions))],
        ["dynamic species", str(len(network.dynamic_ids))],
        ["conserved totals", str(len(network.moieties or ()))],
        ["equations (rows of the reduced Jacobian)", str(len(network.independent_ids))],
        ["KM", f"{len(network.km_names)}, of which {inert} have no effect"],
        ["unit of the fluxes", state.flux_unit],
    ]
    if state.density is not None:
        rows.append(["density [gDW/L]", f"{state.density:g}"])
    if state.provenance.get("source"):
        rows.append(["steady state", str(state.provenance["source"])])
    yield html.heading("Network and steady state")
    yield html.table(["", ""], rows)
    if state.density is not None:
        yield html.paragraph(
            "Every eigenvalue is proportional to the density, so validity depends on it.", "quiet"
        )


def training_section(training: EvolutionResult | GradientResult) -> Iterator[str]:
    """How the generator came to be."""
    settings, incidence = training.settings, training.incidence
    if incidence.ndim == 1:
        text = f"{len(incidence)} steps of Adam along the gradient, {settings.models} models each."
    else:
        text = (
            f"{incidence.shape[0]} generations of {incidence.shape[1]} generators (natural "
            f"evolution strategies), each judged by {settings.models} models."
        )
    yield html.heading("Training")
    yield html.paragraph(text)
    yield html.picture(png(training.plot()), "Share of valid models in the course of training.")


def eigenvalue_section(evaluation: Evaluation) -> Iterator[str]:
    """How fast the models are."""
    minutes = evaluation.time_constant_min
    finite = minutes[np.isfinite(minutes)]
    rows: list[list[object]] = [
        ["valid", _percent(evaluation.incidence)],
        ["unstable", _percent(float((evaluation.lambda_max >= 0).mean()))],
    ]
    if len(finite):
        for label, value in zip(
            ("fastest", "median", "slowest"), np.quantile(finite, [0, 0.5, 1]).tolist(), strict=True
        ):
            rows.append(
                [f"{label} time constant of the stable [min]", html.Measure(f"{value:.3g}")]
            )
    yield html.heading("Time scales")
    yield html.picture(
        png(evaluation.plot()), "Largest real part of the eigenvalues of each model."
    )
    yield html.table(["", f"of {len(minutes)} models"], rows)


def km_section(
    network: KineticNetwork, ln_km: FloatArray, before: FloatArray | None, measured: Intervals
) -> Iterator[str]:
    """Where the KM lie, and how measured ones moved the others."""
    from pyscimlode.kinetics.generators.integration import uncertainty_reduction

    yield html.heading("Michaelis constants")
    yield html.paragraph(
        "An interval holds the middle 90 % of the models, each KM for itself. It is no estimate of "
        "the KM: what the models share is how their KM go together."
    )
    columns = ["KM", "reaction", "median [mM]", "5 % [mM]", "95 % [mM]", "decades"]
    table = uncertainty_reduction(network, ln_km, ln_km)
    quantiles = np.exp(np.quantile(ln_km, [0.5, 0.05, 0.95], axis=0))
    rows = []
    for name, owner, width in zip(
        table["km"], table["reaction"], table["width_after"], strict=True
    ):
        values = quantiles[:, network.km_names.index(name)]
        rows.append((width, [name, owner, *(html.Measure(f"{x:.2g}") for x in values.tolist())]))
    rows.sort(key=lambda row: row[0])
    shown = [[*cells, html.Measure(f"{width:.1f}")] for width, cells in rows[:MOST_ROWS]]
    more = f", {len(shown)} shown" if len(rows) > len(shown) else ""
    summary = f"All {len(rows)} KM that have an effect, the narrowest first{more}"
    yield html.details(summary, html.table(columns, shown))
    if before is not None:
        yield from _measured_part(network, ln_km, before, measured)


def _measured_part(
    network: KineticNetwork, ln_km: FloatArray, before: FloatArray, measured: Intervals
) -> Iterator[str]:
    from pyscimlode.kinetics.generators.integration import uncertainty_reduction

    table = uncertainty_reduction(network, before, ln_km, measured=measured)
    others = table[~table["measured"]]
    yield html.heading("Measured KM", 3)
    yield html.paragraph(
        f"{len(measured)} measured KM were drawn from their intervals. Of the other {len(others)}, "
        f"intervals are narrower than before by {others['reduction'].median():.1%} in the median "
        f"({(others['reduction'] > 0).sum()} became narrower, the others wider). Training "
        "moves KM by itself: only a control that was trained equally long without measurements "
        "tells how much of it is due to them."
    )
    figure = plots.plot_km_distributions(network, before, ln_km, measured=measured)
    yield html.picture(png(figure), "Generated KM before and after.")


def robustness_section(robustness: Robustness) -> Iterator[str]:
    """Whether perturbed models return."""
    models, perturbations = robustness.ratios.shape[:2]
    yield html.heading("Robustness")
    yield html.paragraph(
        f"{models} models, {perturbations} perturbations of each: all concentrations by up to "
        f"{robustness.amplitude:.0%}, totals of moieties kept. Returned: no member of the "
        "quantity is farther from the steady state than the tolerance; a failed integration has "
        "not returned."
    )
    header = ["quantity", "after [min]", "tolerance", "runs back", "models always back", "failed"]
    rows = [
        [
            row["watched"],
            html.Measure(f"{row['time_min']:g}"),
            _percent(row["tolerance"]),
            _percent(row["returned"]),
            _percent(row["every"]),
            html.Measure(f"{row['failed']} of {row['runs']}"),
        ]
        for row in robustness.table().to_dict("records")
    ]
    yield html.table(header, rows)
    if np.isfinite(robustness.ratios).any():
        caption = (
            "Paths back to the steady state; of a quantity with several members, the farthest."
        )
        yield html.picture(png(robustness.plot()), caption)


def culture_section(cultures: Sequence[BatchCulture], failures: Sequence[str]) -> Iterator[str]:
    """What happened in batch cultures."""
    said = [f"culture {i}: {c.message}" for i, c in enumerate(cultures) if not c.survived]
    said = [*failures, *said]
    yield html.heading("Batch cultures")
    text = f"{sum(c.survived for c in cultures)} cultures were followed to the end"
    yield html.paragraph(f"{text}, {len(said)} given up:" if said else f"{text}.")
    if said:
        yield html.bullets(said)
    if not cultures:
        return
    yield html.paragraph(
        "Valid models share the steady state; a culture leaves it, and there they differ."
    )
    medium = cultures[0].medium[:MOST_PANELS]
    figure = plots.plot_cultures(cultures, {name: name for name in medium})
    yield html.picture(png(figure), "Biomass and medium over time.")
    header = ["culture", "until [h]", "biomass [gDW/L]", *(f"{name} [mM]" for name in medium)]
    rows = [
        [
            str(number),
            *(html.Measure(f"{x:.3g}") for x in (c.reached_h, c.at_end())),
            *(html.Measure(f"{c.at_end(name):.3g}") for name in medium),
        ]
        for number, c in enumerate(cultures)
    ]
    yield html.details("At the end", html.table(header, rows))


def landscape_section(landscape: Landscape, places: FloatArray | None) -> Iterator[str]:
    """Which steady states can be fast."""
    from pyscimlode.kinetics.landscapes.landscape import never_fast

    yield html.heading("Steady states")
    yield html.paragraph(
        f"{landscape.fast.sum()} of {len(landscape.states)} states have a model at "
        f"{landscape.threshold:g}/h or faster among those that were searched."
    )
    caption = "Map of the states, and their distance from the slowest."
    yield html.picture(png(landscape.plot(places)), caption)
    if len(landscape.states) >= 2:
        table = never_fast(landscape, bins=min(5, len(landscape.states)))
        summary = f"{len(table)} concentration ranges without a fast state"
        if len(table):
            yield html.details(summary, _plain(table.head(MOST_ROWS)))
        else:
            yield html.paragraph(summary + ".")


def _plain(frame: pd.DataFrame) -> str:
    rows = [
        [html.Measure(f"{x:.3g}") if isinstance(x, float) else x for x in row]
        for row in frame.itertuples(index=False)
    ]
    return html.table([str(name).replace("_", " ") for name in frame.columns], rows)


def _percent(share: float) -> html.Measure:
    return html.Measure(f"{share:.1%}")
