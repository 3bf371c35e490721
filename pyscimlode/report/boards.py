"""A comparison as one HTML file that a biologist can read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pyscimlode.report import html
from pyscimlode.report.board_words import (
    Verdict,
    best_words,
    leak_words,
    opening,
    sizes,
    verdict,
)

if TYPE_CHECKING:
    from pyscimlode.boards import Comparison
    from pyscimlode.report.album import Album

TITLE = "Forecasts of held-out strains: models beside controls"

MEANING = (
    "NRMSE of a metabolite is the root mean squared error of its forecast over the measured points "
    "after the start of all held-out strains of a task, divided by the metabolite's standard "
    "deviation: 0 is perfect, and about 1 is as far off as measured values lie from their own "
    "mean. Tables show the mean over metabolites, then over tasks. A model is worth having where "
    "it is below every control.",
    "Clean means leave out metabolites whose score says nothing for a strain: the same values "
    "stand in another strain of the data, or they lie at the detection limit. The mean over all "
    "metabolites counts them.",
    "Controls are forecasts that know nothing of kinetics (nothing changes; means of the training "
    "strains; the training strain with the most similar proteins) or know it wrongly (enzymes "
    "assigned to wrong reactions). Regressions learn from the same strains, without a "
    "mechanism.",
    "The spread is a standard deviation over repeated training: over random starts (seeds) for "
    "measured strains, over draws of the training strains for simulated ones. It does not say how "
    "much the scores would differ on other strains.",
    "The best model is chosen on the same strains that score it. Its lead is therefore somewhat "
    "flattering, the more so the more models are compared.",
)
"""How to read the numbers."""


def write_comparison_report(
    path: str | Path,
    comparison: Comparison,
    *,
    title: str | None = None,
    command: str = "",
    figures: str | Path | None = None,
) -> Path:
    """Write a comparison as one HTML file with its figures inside.

    It begins with what the numbers say in words: which model is best under which protocol, how it
    compares with the best control, and whether the difference exceeds the spread. Then come for
    each protocol the scores (controls beside models), a heat map, the learning curve, the
    metabolites that are forecast well and badly, and forecasts of the best model; at the end what
    spoils the scores, what they mean, and how to make them again.

    Args:
        path: of the HTML file; its folder is made.
        comparison: what ``compare`` returned.
        title: the heading.
        command: the command line that made the comparison; by default the one it remembers.
        figures: a folder that the figures are written to as well, as PNG files.

    Returns:
        The path that was written.

    Raises:
        DataError: the comparison has no scores.
        ArtifactError: when a file cannot be written, or ``figures`` holds other files.
    """
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.errors import DataError
    from pyscimlode.report.album import Album

    if comparison.table.empty:
        raise DataError("This comparison has no scores, so there is nothing to report.")
    album = Album()
    told = command or str(comparison.settings.get("command", ""))
    document = html.page(title or TITLE, _body(comparison, title or TITLE, told, album))
    if figures is not None:
        album.save(Path(figures))
    return atomic_write_text(Path(path), document)


def _body(comparison: Comparison, heading: str, command: str, album: Album) -> Iterator[str]:
    from pyscimlode._version import __version__
    from pyscimlode.report import board_sections as sections

    judged = _verdicts(comparison)
    every = [one for found in judged.values() for one in found]
    yield html.heading(heading, 1)
    yield html.paragraph(f"Written by pyscimlode {__version__}.", "quiet")
    ahead = any(one.clear for one in every)
    yield html.paragraph(opening(comparison, every), "verdict" if ahead else "verdict behind")
    yield from (html.paragraph(text, "verdict behind") for text in [leak_words(comparison)] if text)
    yield html.bullets(best_words(comparison, every))
    yield html.paragraph(
        "Numbers are NRMSE, the error in units of how much a metabolite varies: lower is "
        "better, 0 is perfect, 1 is as wrong as its own mean.",
        "quiet",
    )
    for protocol, verdicts in judged.items():
        yield from sections.protocol_section(comparison, protocol, verdicts, album)
    yield from sections.warnings_section(comparison)
    yield html.heading("What the numbers mean")
    yield html.bullets(MEANING)
    yield from sections.settings_section(comparison, command)


def _verdicts(comparison: Comparison) -> Mapping[str, list[Verdict]]:
    protocols = list(dict.fromkeys(task.protocol for task in comparison.tasks.values()))
    return {
        protocol: [verdict(comparison, protocol, n) for n in sizes(comparison, protocol)]
        for protocol in protocols
    }
