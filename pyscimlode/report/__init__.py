"""Fits, comparisons and tables, each as one HTML file that explains itself.

A report needs no other file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyscimlode.report.boards import write_comparison_report
from pyscimlode.report.comparison import joint_scores, same_question, unique_names
from pyscimlode.report.tables import write_tables_report
from pyscimlode.results import FitResult

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset
    from pyscimlode.report.album import Album

__all__ = ["joint_scores", "write_comparison_report", "write_report", "write_tables_report"]


def write_report(
    path: str | Path,
    result: FitResult | Sequence[FitResult],
    *,
    title: str | None = None,
    command: str | None = None,
    dataset: Dataset | None = None,
    model_paths: Sequence[str] | None = None,
    figures: str | Path | None = None,
) -> Path:
    """Write a report on one fit, or a comparison of several.

    The file has its figures and its style inside. It says what was asked and of which model, how
    good the forecasts are beside the controls, shows them, repeats the audit of the data in
    words, and ends with everything needed to repeat the fit. Results that answer the same
    question (same data, same protocol) share one score table.

    Args:
        path: of the HTML file; its folder is made.
        result: what ``fit`` returned, or several of them.
        title: the heading.
        command: the command line that made the results, if one did.
        dataset: the data to describe; by default the training and held-out strains of each
            question.
        model_paths: where each result was saved, for the lines that load it again.
        figures: a folder that the report's figures are written to as well, as PNG files.

    Returns:
        The path that was written.

    Raises:
        DataError: for no result.
        ArtifactError: when a file cannot be written, or ``figures`` holds other files.
    """
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.errors import DataError
    from pyscimlode.report import html
    from pyscimlode.report.album import Album

    results = [result] if isinstance(result, FitResult) else list(result)
    if not results:
        raise DataError("A report needs at least one result.")
    if model_paths is not None and len(model_paths) != len(results):
        raise DataError(f"model_paths names {len(model_paths)} folders for {len(results)} results.")
    heading = title or _title(results)
    places: dict[int, str | None] = {id(r): None for r in results}
    places |= {id(r): p for r, p in zip(results, model_paths or (), strict=False)}
    album = Album()
    document = html.page(heading, _body(results, heading, command, dataset, places, album))
    if figures is not None:
        album.save(Path(figures))
    return atomic_write_text(Path(path), document)


def _body(
    results: Sequence[FitResult],
    heading: str,
    command: str | None,
    dataset: Dataset | None,
    places: dict[int, str | None],
    album: Album,
) -> Iterator[str]:
    from pyscimlode._version import __version__
    from pyscimlode.report import html, sections, wording

    groups = same_question(results)
    yield html.heading(heading, 1)
    yield html.paragraph(f"Written by pyscimlode {__version__}.", "quiet")
    for index, group in enumerate(groups):
        prefix = f"{index + 1}-" if len(groups) > 1 else ""
        yield from _question(group, album, prefix)
    for group in groups:
        for result, name in zip(group, unique_names(group), strict=True):
            yield html.heading(_part(name, result))
            yield html.paragraph(wording.model_words(result))
            prefix = f"{result.train.provenance.source}-{name}-" if len(results) > 1 else ""
            yield from sections.forecast_section(result, album, prefix)
    described = [dataset] if dataset else [sections.measured_data(g[0]) for g in groups]
    for data in described:
        if data is not None:
            prefix = f"{data.provenance.source}-" if len(described) > 1 else ""
            yield from sections.data_section(data, album, prefix)
    yield from sections.meaning_section(results)
    yield html.heading("Provenance")
    if command:
        yield html.code(command)
    for group in groups:
        for result, name in zip(group, unique_names(group), strict=True):
            yield from sections.provenance_section(result, _part(name, result), places[id(result)])


def _question(group: Sequence[FitResult], album: Album, prefix: str) -> Iterator[str]:
    from pyscimlode.report import html, sections, wording

    first = group[0]
    yield html.heading(f"How good is it? {_held_out(first)}" if prefix else "How good is it?")
    yield html.paragraph(wording.question(first))
    if first.test is None:
        return
    yield from sections.scores_section(joint_scores(group), album, prefix)


def _part(name: str, result: FitResult) -> str:
    return f"{name}, {_held_out(result)}" if result.test is not None else name


def _held_out(result: FitResult) -> str:
    if result.test is None:
        return "no strain held out"
    strains = result.test.strains
    return f"{len(strains)} held-out strains" if len(strains) > 1 else f"held-out {strains[0]}"


def _title(results: Sequence[FitResult]) -> str:
    if len(results) == 1:
        return f"{results[0].name}: {_held_out(results[0])}"
    return f"{len(results)} fits compared"
