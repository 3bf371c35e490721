"""A generator of kinetic models as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pyscimlode.kinetics import Evaluation, EvolutionResult, KineticCase
    from pyscimlode.kinetics.dynamics.cultures import BatchCulture
    from pyscimlode.kinetics.dynamics.robustness import Robustness
    from pyscimlode.kinetics.landscapes.landscape import Landscape
    from pyscimlode.kinetics.torch import GradientResult

FloatArray = npt.NDArray[np.float64]
SOURCE = (
    "Method: RENAISSANCE. S. Choudhury, B. Narayanan, M. Moret, V. Hatzimanikatis, L. Miskovic, "
    "Nat. Catal. 7:1086 (2024)."
)


def write_kinetic_report(
    path: str | Path,
    case: KineticCase,
    ln_km: FloatArray,
    evaluation: Evaluation,
    *,
    training: EvolutionResult | GradientResult | None = None,
    before: FloatArray | None = None,
    measured: Mapping[str, tuple[float, float]] | None = None,
    robustness: Robustness | None = None,
    cultures: Sequence[BatchCulture] = (),
    failures: Sequence[str] = (),
    landscape: Landscape | None = None,
    places: FloatArray | None = None,
    command: str = "",
) -> Path:
    """Write what is known of generated models; what is not given is left out.

    Args:
        path: of the HTML file.
        case: network and steady state.
        ln_km: ``(models, KM)`` ln mM.
        evaluation: of these models.
        training: of the generator.
        before: ``(models, KM)`` ln mM, generated before measured KM were integrated.
        measured: KM name -> (low, high) in ln mM, of those that were.
        robustness: of some of them.
        cultures: of some of them.
        failures: why other cultures were not followed.
        landscape: of steady states of the network.
        places: ``(states, 2)`` of their map.
        command: that made the report.

    Raises:
        ArtifactError: the file cannot be written.
        DataError: arrays that do not fit the network or each other.
    """
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.report import html
    from pyscimlode.report import kinetic_sections as sections

    title = f"Kinetic models of {case.network.name}"

    def body() -> Iterator[str]:
        yield from _opening(case, ln_km, evaluation, title)
        yield from sections.eigenvalue_section(evaluation)
        if training is not None:
            yield from sections.training_section(training)
        yield from sections.km_section(case.network, ln_km, before, measured or {})
        if robustness is not None:
            yield from sections.robustness_section(robustness)
        if cultures or failures:
            yield from sections.culture_section(cultures, failures)
        if landscape is not None:
            yield from sections.landscape_section(landscape, places)
        yield from sections.network_section(case)
        if command:
            yield html.heading("Command", 3)
            yield html.code(command)
        yield html.paragraph(SOURCE, "quiet")

    return atomic_write_text(path, html.page(title, body()))


def _opening(
    case: KineticCase, ln_km: FloatArray, evaluation: Evaluation, title: str
) -> Iterator[str]:
    from pyscimlode.report import html

    spread = ln_km[:, case.network.km_active].std(axis=0).mean() / np.log(10.0)
    valid = evaluation.incidence
    minutes = -60 / evaluation.threshold
    yield html.heading(title, 1)
    yield html.paragraph(
        f"{valid:.1%} of {len(ln_km)} generated models are valid: no eigenvalue of their Jacobian "
        f"has a real part above {evaluation.threshold:g} per hour, so that every small disturbance "
        f"decays with a time constant of {minutes:.3g} min or less. Their KM spread over "
        f"{spread:.2f} decades (standard deviation, mean over the KM).",
        "verdict" if valid >= 0.5 else "verdict behind",
    )
    yield html.paragraph(
        "Valid is a statement about small disturbances around this one steady state. It says "
        "nothing about a single KM, and nothing about what a model does far from the state."
    )
