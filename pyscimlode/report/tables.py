"""Tables, notes and figures as one HTML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pyscimlode.report import html

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pyscimlode.report.album import Album

_DIGITS = r"\d[\d.,]*(?:e[-+]?\d+)?"
NUMBER = re.compile(rf"(?:[-+−<>≤≥~]\s*)?{_DIGITS}(?:\s*±\s*{_DIGITS})?\s*(?:%|s|min|x)?")
"""A text that is set like a number."""


def write_tables_report(
    path: str | Path,
    title: str,
    intro: str | Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    notes: Sequence[str] = (),
    figures: Mapping[str, Figure] | None = None,
    *,
    command: str = "",
    pictures: str | Path | None = None,
) -> Path:
    """Write tables as one HTML file with figures inside.

    Args:
        path: of the HTML file; its folder is made.
        title: the heading.
        intro: first paragraph, or several.
        tables: heading -> table; row labels are the first column. Texts stay as they are, numbers
            get three decimals.
        notes: what must be known, before the tables.
        figures: caption -> figure, after the notes.
        command: the command line that made them.
        pictures: a folder that the figures are written to as well, as PNG files.

    Returns:
        The path that was written.

    Raises:
        ArtifactError: when a file cannot be written, or ``pictures`` holds other files.
    """
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.report.album import Album

    album = Album()
    paragraphs = [intro] if isinstance(intro, str) else list(intro)
    body = _body(title, paragraphs, tables, notes, figures or {}, command, album)
    document = html.page(title, body)
    if pictures is not None:
        album.save(Path(pictures))
    return atomic_write_text(Path(path), document)


def frame_table(frame: pd.DataFrame) -> str:
    """Return a data frame as a table, row labels first."""
    header = [str(frame.index.name or ""), *map(str, frame.columns)]
    rows = [
        (str(label), *map(_cell, row))
        for label, row in zip(frame.index, frame.to_numpy(dtype=object), strict=True)
    ]
    return html.table(header, rows)


def _body(
    title: str,
    intro: Sequence[str],
    tables: Mapping[str, pd.DataFrame],
    notes: Sequence[str],
    figures: Mapping[str, Figure],
    command: str,
    album: Album,
) -> Iterator[str]:
    from pyscimlode._version import __version__

    yield html.heading(title, 1)
    yield html.paragraph(f"Written by pyscimlode {__version__}.", "quiet")
    yield from (html.paragraph(text) for text in intro)
    if notes:
        yield html.heading("What must be known")
        yield html.bullets(notes)
    for caption, figure in figures.items():
        yield album.add(caption[:40], figure, caption)
    for heading, frame in tables.items():
        yield html.heading(heading)
        yield frame_table(frame)
    if command:
        yield html.heading("How it was computed")
        yield html.code(command)


def _cell(value: object) -> object:
    """Return a cell that is aligned by what it says."""
    if isinstance(value, str):
        return html.Measure(value) if NUMBER.fullmatch(value.strip()) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value
