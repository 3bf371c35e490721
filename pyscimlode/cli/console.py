"""What a person sees: tables, one-line errors, exit codes.

0 is success, 1 a mistake in what was asked (one red line on stderr), 2 a mistake in the command
line itself, 130 Ctrl-C.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from pyscimlode.errors import DataWarning, PyscimlodeError

if TYPE_CHECKING:
    from pyscimlode.results import Scores

USER_ERROR = 1
INTERRUPTED = 130
DEBUG = "PYSCIMLODE_DEBUG"
MOST_NOTES = 4
"""Remarks about data that are printed; the others are counted."""


class GuardedGroup(TyperGroup):
    """Commands whose expected errors end in one line and an exit code, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        with _short_warnings():
            try:
                return super().invoke(ctx)
            except KeyboardInterrupt as error:
                complain(str(error) or "Interrupted.")
                raise typer.Exit(INTERRUPTED) from error
            except (PyscimlodeError, OSError) as error:
                if os.environ.get(DEBUG, "") not in ("", "0") or isinstance(error, BrokenPipeError):
                    raise
                complain(_one_line(error))
                raise typer.Exit(USER_ERROR) from error


def complain(text: str) -> None:
    """Print an error to stderr, in red where colours are shown."""
    typer.secho(f"Error: {text}", fg="red", err=True)


def note(text: str) -> None:
    """Print a remark to stderr."""
    typer.secho(text, fg="yellow", err=True)


def hush() -> None:
    """Print no remarks about data until the command ends."""
    warnings.simplefilter("ignore", DataWarning)


def print_scores(scores: Scores) -> None:
    """Print the summary of a score table, controls beside models."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pyscimlode.plots.scores import CONTROL_NAMES
    from pyscimlode.report.html import number

    frame = scores.summary()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for column in frame.columns:
        table.add_column(str(column), justify="right")
    for name, row in frame.iterrows():
        is_control = name in CONTROL_NAMES
        cells = [
            str(int(row[c])) if c in ("strains", "states") else number(float(row[c]))
            for c in frame.columns
        ]
        style = "" if is_control else "bold"
        label = f"{name} (control)" if is_control else str(name)
        table.add_row(Text(label), *cells, style=style)
    console = Console(highlight=False)
    console.print(table)
    for remark in scores.notes:
        console.print(Text(f"Note: {remark}"), style="dim")


def _one_line(error: BaseException) -> str:
    if isinstance(error, PyscimlodeError):
        return " ".join(" ".join((str(error), *getattr(error, "__notes__", ()))).split())
    name = getattr(error, "filename", None)
    reason = getattr(error, "strerror", None) or str(error)
    return f"{name}: {reason}." if name else reason


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Show warnings about data as one line each, the first few of them."""
    with warnings.catch_warnings():
        before = warnings.showwarning
        shown: set[str] = set()

        def show(message: Warning | str, category: type[Warning], *rest: Any) -> None:
            if issubclass(category, DataWarning):
                text = " ".join(str(message).split())
                if text not in shown and len(shown) < MOST_NOTES:
                    note(f"Note: {text}")
                shown.add(text)
            else:
                before(message, category, *rest)

        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        try:
            yield
        finally:
            if len(shown) > MOST_NOTES:
                note(f"Note: {len(shown) - MOST_NOTES} more remarks about these data.")
