"""A comparison as Markdown tables that need no other page to be understood."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from pyscimlode.boards.scores import BASELINE, CONTROL, MODEL
from pyscimlode.boards.tables import BoardTable, board_table
from pyscimlode.boards.tasks import PROTOCOLS

if TYPE_CHECKING:
    from pyscimlode.boards.comparison import Comparison

LEGEND = (
    "Each number is the error of forecasts of strains that were not trained on, from their first "
    "measured state and their proteins over time: NRMSE, the root mean squared error of a "
    "metabolite over the measured points after the start, in units of the metabolite's standard "
    "deviation, averaged over metabolites. 0 is perfect; 1 is about as wrong as metabolites vary. "
    "Metabolites whose values were copied from another strain or lie at the detection limit do "
    "not count. A model is worth something where it is below the controls."
)
HEADINGS = {
    MODEL: "models",
    BASELINE: "regressions without known mechanism",
    CONTROL: "controls: without learning, or with wrong knowledge",
}


def markdown(comparison: Comparison) -> str:
    """Return a section a protocol, a legend, and the warnings."""
    parts = ["# Forecasts of held-out strains", LEGEND]
    for protocol in comparison.protocols:
        table = board_table(comparison, protocol)
        parts += [f"## {protocol}: {PROTOCOLS[protocol]}", table.said, table_text(table)]
    if comparison.warnings:
        notes = "\n".join(f"- {' '.join(str(w).split())}" for w in comparison.warnings)
        parts.append(f"## What must be known\n\n{notes}")
    return "\n\n".join(parts) + "\n"


def table_text(table: BoardTable) -> str:
    """Return a table with a heading above models, regressions and controls."""
    count = len(table.columns)
    lines = [_row("", *table.columns), "|---|" + "---:|" * count]
    for kind, rows in groupby(table.rows, key=lambda row: row[0]):
        lines.append(_row(f"*{HEADINGS[kind]}*", *[""] * count))
        lines += [_row(model, *cells) for _, model, cells in rows]
    return "\n".join(lines)


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
