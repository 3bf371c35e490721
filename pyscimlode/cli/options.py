"""Arguments and options that several commands share, and how their texts become values."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.errors import DataError, TimeError, TrainingError

if TYPE_CHECKING:
    from pyscimlode.training import Stage

TABLE = "Columns of a table"

Time = Annotated[
    str | None,
    typer.Option("--time", help="Time column; guessed if omitted.", rich_help_panel=TABLE),
]
Experiment = Annotated[
    str | None,
    typer.Option("--experiment", help="Strain column; guessed if omitted.", rich_help_panel=TABLE),
]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--states",
        help="Metabolite columns, A,B,C or repeated; a name with a comma in double quotes.",
        rich_help_panel=TABLE,
    ),
]
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--controls",
        help="Protein columns, as --states; 'none' for none.",
        rich_help_panel=TABLE,
    ),
]
Replicate = Annotated[
    str | None,
    typer.Option("--replicate", help="Column that tells replicates apart.", rich_help_panel=TABLE),
]
Sheet = Annotated[
    str | None,
    typer.Option("--sheet", help="Sheet of an Excel file; the first.", rich_help_panel=TABLE),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors alone.")]
Force = Annotated[bool, typer.Option("--force", help="Write although something is there.")]
NameOrFile = Annotated[
    str, typer.Argument(help="Name of a data set (pyscimlode data list), or a CSV or Excel file.")
]


def roles(
    time: str | None = None,
    experiment: str | None = None,
    states: Sequence[str] | None = None,
    controls: Sequence[str] | None = None,
    replicate: str | None = None,
    sheet: str | None = None,
) -> dict[str, Any]:
    """Return the roles that were named, as the readers take them."""
    named: dict[str, Any] = {
        "time": time,
        "experiment": experiment,
        "states": names(states),
        "controls": [] if list(controls or ()) == ["none"] else names(controls),
        "replicate": replicate,
        "sheet": int(sheet) if sheet is not None and sheet.isdigit() else sheet,
    }
    return {role: value for role, value in named.items() if value is not None}


def names(given: Sequence[str] | None) -> list[str] | None:
    """Split ``A,B`` and repeated options into names; None if there are none.

    >>> names(["A, B", '"1,2-PDO",C'])
    ['A', 'B', '1,2-PDO', 'C']
    """
    if not given:
        return None
    found = [name.strip() for row in csv.reader(given, skipinitialspace=True) for name in row]
    return [name for name in found if name]


def read_times(text: str) -> list[float]:
    """Return the times of ``start:stop:step`` (both ends included) or of a list ``0,24,72``.

    >>> read_times("0:2:0.5")
    [0.0, 0.5, 1.0, 1.5, 2.0]

    Raises:
        TimeError: for anything else.
    """
    parts = text.split(":")
    try:
        numbers = [float(part) for part in (parts if len(parts) > 1 else text.split(","))]
    except ValueError:
        numbers = []
    if not numbers or not all(map(math.isfinite, numbers)) or len(parts) > 3:
        raise TimeError(f"--times {text!r}: give start:stop:step, such as 0:72:1, or 0,24,72.")
    if len(parts) == 1:
        return numbers
    start, stop, step = (*numbers, 1.0)[:3]
    if step <= 0 or stop < start:
        raise TimeError(f"--times {text!r}: the step is positive, and stop is not before start.")
    count = math.floor((stop - start) / step + 1e-9) + 1
    if count > 1_000_000:
        raise TimeError(f"--times {text!r} are {count} times; that is more than a million.")
    return [start + index * step for index in range(count)]


def shortened(stages: Sequence[Stage], steps: int) -> tuple[Stage, ...]:
    """Return stages with at most so many iterations each.

    Raises:
        TrainingError: for less than one.
    """
    from pyscimlode.training import Adam, Collocation

    if steps < 1:
        raise TrainingError(f"--steps {steps}: at least one step a stage.")
    return tuple(
        replace(stage, steps=min(steps, stage.steps))
        if isinstance(stage, Adam | Collocation)
        else replace(stage, max_iters=min(steps, stage.max_iters))
        for stage in stages
    )


def new_file(path: Path, force: bool) -> Path:
    """Return a path that may be written.

    Raises:
        DataError: when something is there already.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; name a file.")
    if path.exists() and not force:
        raise DataError(f"{path} is there already; add --force to replace it.")
    return path
