"""A generator of kinetic models as one HTML file: training, validity, robustness, cultures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.kinetics import Evaluation, EvolutionResult, KineticCase
    from pyscimlode.kinetics.bioreactor import BatchCulture
    from pyscimlode.kinetics.robustness import Robustness
    from pyscimlode.kinetics.torch import GradientResult


def write_kinetic_report(
    path: str | Path,
    case: KineticCase,
    ln_km: npt.NDArray[np.float64],
    evaluation: Evaluation,
    *,
    training: EvolutionResult | GradientResult | None = None,
    robustness: Robustness | None = None,
    cultures: tuple[BatchCulture, ...] = (),
    failures: tuple[str, ...] = (),
) -> Path:
    """Write what is known of generated models.

    Args:
        path: of the HTML file.
        case: network and steady state.
        ln_km: ``(models, KM)`` ln mM.
        evaluation: of these models.
        training: of the generator.
        robustness: of some of them.
        cultures: of some of them.
        failures: why other cultures were not followed.

    Raises:
        ArtifactError: the file cannot be written.
    """
    from pyscimlode import plots
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.plots.style import png
    from pyscimlode.report import html

    network = case.network
    spread = ln_km[:, network.km_active].std(axis=0).mean() / np.log(10.0)
    title = f"Kinetic models of {network.name}"
    body = [
        html.heading(title, 1),
        html.paragraph(
            f"{len(ln_km)} models of {len(network.reactions)} reactions and "
            f"{len(network.dynamic_ids)} dynamic species at one steady state. "
            f"{evaluation.incidence:.1%} are valid: their dominant time constant is at most "
            f"{-60 / evaluation.threshold:.0f} min. KM spread over {spread:.2f} decades "
            "(mean standard deviation)."
        ),
        html.picture(
            png(plots.plot_eigenvalues({"models": evaluation.lambda_max}, evaluation.threshold)),
            "Largest real part of the eigenvalues.",
        ),
    ]
    if training is not None:
        caption = f"Training: {_described(training)}."
        body += [html.heading("Training"), html.picture(png(training.plot()), caption)]
    if robustness is not None:
        body += [
            html.heading("Robustness"),
            html.paragraph(
                f"{robustness.ratios.shape[0]} models, {robustness.ratios.shape[1]} perturbations "
                f"of each: all concentrations by up to {robustness.amplitude:.0%}, totals of "
                "moieties kept. Returned: no member is farther from the steady state than the "
                "tolerance; a failed integration has not returned."
            ),
            _table(robustness.table()),
        ]
        if np.isfinite(robustness.ratios).any():
            caption = "Paths back to the steady state."
            body.append(html.picture(png(plots.plot_robustness(robustness)), caption))
    if cultures or failures:
        body.append(html.heading("Batch cultures"))
        text = f"{len(cultures)} cultures were followed to the end; {len(failures)} were not."
        body.append(html.paragraph(text))
        body.append(html.bullets(failures) if failures else "")
    if cultures:
        names = {name: name for name in cultures[0].medium[:9]}
        body.append(html.picture(png(plots.plot_cultures(cultures, names)), "Over time."))
    return atomic_write_text(path, html.page(title, body))


def _described(training: EvolutionResult | GradientResult) -> str:
    settings = training.settings
    if training.incidence.ndim == 1:
        return f"{len(training.incidence)} steps by gradient of {settings.models} models each"
    generations, population = training.incidence.shape
    return (
        f"{generations} generations of {population} generators, each judged by {settings.models} "
        "models"
    )


def _table(frame: pd.DataFrame) -> str:
    from pyscimlode.report import html

    rows = [
        [f"{x:.3g}" if isinstance(x, float) else x for x in row]
        for row in frame.itertuples(index=False)
    ]
    return html.table(list(frame.columns), rows)
