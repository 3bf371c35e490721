"""``pyscimlode reproduce``: the published tables, made again on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.cli.console import INTERRUPTED, complain, hush
from pyscimlode.cli.fit import command_line
from pyscimlode.cli.options import Quiet, names

if TYPE_CHECKING:
    from pyscimlode.boards.reproduction import Reproduction

PRINTED = ("identity RMSE", "forecast RMSE", "NRMSE clean")
"""Columns that fit into a narrow terminal."""

INTRO = (
    "Each strain is interpolated to 200 rows, and the published net is asked to bring every row, "
    "72 hours later, back to where it started: input and target are the same. It is trained on the "
    "low and the high producer and scored on the medium one. The tables have the published errors, "
    "ours, those of a field that is zero everywhere, and of nets before any training.",
    "Then each of those nets is run as a forecast, from the strain's state at t0 to all measured "
    "times, beside forecasts without any model. Nothing here is ranked.",
)


def reproduce(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")] = Path(
        "reproduce"
    ),
    pathway: Annotated[
        list[str] | None,
        typer.Option("--pathway", help="limonene (Table III), isopentenol (Table IV); both."),
    ] = None,
    seeds: Annotated[int, typer.Option(help="Nets for each penalty.")] = 3,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            help="as-published, detached (with a real BFGS), differentiable (penalty with its "
            "gradient); all.",
        ),
    ] = None,
    tpot_minutes: Annotated[
        float | None,
        typer.Option(help="Search with TPOT as well, so many minutes a pathway (extra tpot)."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    quick: Annotated[
        bool, typer.Option("--quick", help="Two seeds, three steps a stage: does it run?")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run in --out.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Reproduce Tables III, IV and V, and score the same nets as true forecasts.

    Writes tables.md, table.csv, reproduction.json, figures, report.html, nets into --out.

    Ctrl-C leaves what is finished there, from which --resume goes on.

    Examples:
      pyscimlode reproduce --out reproduce

      pyscimlode reproduce --pathway limonene --variant as-published --seeds 5
    """
    from pyscimlode.boards.published import SCORES
    from pyscimlode.boards.reproduce import VARIANT_NAMES
    from pyscimlode.boards.reproduce import reproduce as run

    if quiet:
        hush()
    try:
        reproduction = run(
            names(pathway) or list(SCORES),
            seeds=seeds,
            variants=names(variant) or VARIANT_NAMES,
            tpot_minutes=tpot_minutes,
            device=device,
            quick=quick,
            out=out,
            resume=resume,
            progress=not quiet,
        )
    except KeyboardInterrupt as error:
        complain(
            "Interrupted. Continue with the same options and: pyscimlode reproduce --resume "
            f"--out {shlex.quote(str(out))}"
        )
        raise typer.Exit(INTERRUPTED) from error
    written = write(reproduction, out, command_line())
    if not quiet:
        print_reproduction(reproduction)
        typer.echo("Written: " + ", ".join(str(path) for path in written))


def write(reproduction: Reproduction, out: Path, command: str) -> list[Path]:
    """Write tables, figures and the report; return what there is."""
    from pyscimlode.boards.reproduction import TITLE
    from pyscimlode.plots import plot_reproduction
    from pyscimlode.report.tables import write_tables_report

    reproduction.save(out)
    caption = "RMSE of each metabolite: published, ours, and the same nets as a true forecast"
    figures = {
        f"{strain}, {caption}": plot_reproduction(reproduction, strain)
        for strain in reproduction.strains
    }
    report = write_tables_report(
        out / "report.html",
        TITLE,
        INTRO,
        reproduction.tables(),
        reproduction.notes,
        figures,
        command=command,
        pictures=out / "figures",
    )
    return [out / "tables.md", out / "table.csv", out / "reproduction.json", out / "nets", report]


def print_reproduction(reproduction: Reproduction) -> None:
    """Print the means over metabolites of each strain, and the notes."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    means: Any = reproduction.tables()["Means over metabolites"]
    for strain in reproduction.strains:
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column(strain, no_wrap=True)
        for column in PRINTED:
            table.add_column(column, justify="right", no_wrap=True)
        for _, row in means.loc[[strain]].iterrows():
            table.add_row(Text(row["whose"]), *(Text(row[column]) for column in PRINTED))
        console.print(table)
        console.print()
    for remark in reproduction.notes:
        console.print(Text(f"Note: {remark}"), style="dim")
