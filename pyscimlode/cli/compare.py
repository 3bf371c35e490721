"""``pyscimlode compare``: models, regressions and controls on the same held-out strains."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.cli.console import INTERRUPTED, complain, hush, note
from pyscimlode.cli.fit import command_line
from pyscimlode.cli.options import (
    Controls,
    Experiment,
    Force,
    Quiet,
    Replicate,
    Sheet,
    States,
    Time,
    names,
    roles,
)
from pyscimlode.errors import ArtifactError, DataError, DownloadError

if TYPE_CHECKING:
    from pyscimlode.boards.comparison import Comparison
    from pyscimlode.boards.jobs import Training
    from pyscimlode.boards.tasks import Task

REQUEST = "request.json"
KIND = "pyscimlode compare"
SIZES = "2,10"
DRAWS = 1
SEEDS = 1
LEARNING = "Learning curves"


@dataclass(frozen=True)
class Request:
    """What was asked of a comparison, as it is kept in ``request.json``."""

    data: str | None = None
    protocol: list[str] | None = None
    model: list[str] | None = None
    n: str = SIZES
    draws: int = DRAWS
    seeds: int = SEEDS
    test: list[str] | None = None
    quick: bool = False
    tpot_minutes: float | None = None
    device: str = "auto"
    time: str | None = None
    experiment: str | None = None
    states: list[str] | None = None
    controls: list[str] | None = None
    replicate: str | None = None
    sheet: str | None = None

    def tasks(self) -> list[Task]:
        """Return the tasks of all protocols whose data are to be had.

        Raises:
            DownloadError: there are none.
        """
        from pyscimlode.boards.front import chosen_protocols, make_tasks

        columns = (
            self.time,
            self.experiment,
            self.states,
            self.controls,
            self.replicate,
            self.sheet,
        )
        asked = names(self.protocol)
        tasks: list[Task] = []
        missing: DownloadError | None = None
        for protocol in chosen_protocols(self.data is not None, asked):
            try:
                tasks += make_tasks(
                    protocol,
                    data=self.data,
                    n=sizes("2" if self.quick else self.n),
                    draws=1 if self.quick else self.draws,
                    test=names(self.test),
                    **roles(*columns),
                )
            except DownloadError as error:
                missing = error
                note(f"The board {protocol!r} is left out: {error}")
        if missing is not None and not tasks:
            raise missing
        return tasks

    def training(self, *, progress: bool) -> Training:
        """Return how neural models are trained."""
        from pyscimlode.boards.front import make_training
        from pyscimlode.training import Adam, Collocation

        return make_training(
            1 if self.quick else self.seeds,
            (Collocation(steps=5), Adam(steps=5)) if self.quick else None,
            device=self.device,
            progress=progress,
        )


def compare(
    ctx: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(help="Your strains: a CSV or Excel file, or the name of a data set."),
    ] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            "--protocol",
            "-p",
            help="own, pooled, pooled7 (measured strains); sim-sparse, sim-dense (simulated); "
            "folds (your strains). A,B or repeated.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="hybrid, hybrid+geometric, hybrid-permuted, production-degradation, neural-ode, "
            "gaussian-process, extra-trees, gradient-boosting, k-nearest, gp-derivatives, tpot.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")] = Path(
        "compare"
    ),
    n: Annotated[
        str, typer.Option("--n", help="Numbers of training strains.", rich_help_panel=LEARNING)
    ] = SIZES,
    draws: Annotated[
        int,
        typer.Option(help="Draws of the training strains, for each n.", rich_help_panel=LEARNING),
    ] = DRAWS,
    seeds: Annotated[int, typer.Option(help="Members of each neural model.")] = SEEDS,
    test: Annotated[
        list[str] | None,
        typer.Option("--test", "-t", help="Hold out these strains alone, one after the other."),
    ] = None,
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
    tpot_minutes: Annotated[
        float | None, typer.Option(help="Time of TPOT's search, for each set of training strains.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    quick: Annotated[
        bool, typer.Option("--quick", help="A few steps: does it run? No good scores.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the comparison in --out.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train models and regressions, score them on the same held-out strains.

    The controls that any model must beat stand beside them.

    Without options: simulated strains, 2 and 10 to train; some five minutes.

    Writes table.md, table.csv, comparison.json, figures, report.html into --out.

    Every model is kept as soon as it is done; --resume goes on after Ctrl-C.

    Examples:
      pyscimlode compare

      pyscimlode compare my.csv --experiment Strain --model neural-ode,extra-trees

      pyscimlode compare -p own,pooled7 -m hybrid,production-degradation --seeds 3

      pyscimlode compare -p sim-sparse --n 2,5,10,50,100 --draws 3 --out curves
    """
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.boards.entrants import resolve_entrants
    from pyscimlode.boards.files import prepare_folder
    from pyscimlode.boards.front import DEFAULT_MODELS
    from pyscimlode.boards.run import run_board

    if quiet:
        hush()
    request = _request(ctx, out if resume else None)
    entrants = resolve_entrants(
        names(request.model) or DEFAULT_MODELS,
        tpot_seconds=None if request.tpot_minutes is None else 60.0 * request.tpot_minutes,
    )
    tasks, training = request.tasks(), request.training(progress=not quiet)
    prepare_folder(out, resume=resume, force=force)
    described = {"kind": KIND, "request": asdict(request)}
    atomic_write_text(out / REQUEST, json.dumps(described, indent=1, ensure_ascii=False))
    try:
        comparison = run_board(tasks, entrants, training, out=out, command=command_line())
    except KeyboardInterrupt as error:
        hint = f"Continue with: pyscimlode compare --resume --out {shlex.quote(str(out))}"
        complain(f"Interrupted. {hint}")
        raise typer.Exit(INTERRUPTED) from error
    written = [out / name for name in ("table.md", "table.csv", "comparison.json")]
    written += write_report(comparison, out)
    if not quiet:
        print_comparison(comparison)
        typer.echo("Written: " + ", ".join(str(path) for path in written))


def sizes(text: str) -> list[int]:
    """Return the numbers of ``2,10,50``.

    Raises:
        DataError: for anything else.
    """
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise DataError(f"--n {text!r}: give whole numbers, such as 2,10,50.") from error


def write_report(comparison: Comparison, out: Path) -> list[Path]:
    """Write figures and the HTML report; return what was written."""
    from pyscimlode.report.boards import write_comparison_report

    report = write_comparison_report(
        out / "report.html",
        comparison,
        command=str(comparison.settings["command"]),
        figures=out / "figures",
    )
    return [out / "figures", report]


def print_comparison(comparison: Comparison) -> None:
    """Print one table a protocol: models, regressions, controls."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pyscimlode.boards.scores import CONTROL, MODEL
    from pyscimlode.boards.tables import board_table
    from pyscimlode.boards.tasks import PROTOCOLS

    console = Console(highlight=False)
    for protocol in comparison.protocols:
        shown = board_table(comparison, protocol)
        table = Table(box=None, pad_edge=False, header_style="bold", title_justify="left")
        table.add_column("NRMSE")
        for column in shown.columns:
            table.add_column(Text(column), justify="right")
        for kind, name, cells in shown.rows:
            label = f"{name} (control)" if kind == CONTROL else name
            table.add_row(Text(label), *cells, style="bold" if kind == MODEL else "")
        console.print(Text(f"{protocol}: {PROTOCOLS[protocol]}", style="bold"))
        console.print(table)
        console.print(Text(f"{shown.said} 0 is perfect.", style="dim"))
    for warning in comparison.warnings:
        console.print(Text(f"Note: {warning}"), style="dim")


def _request(ctx: typer.Context, resumed: Path | None) -> Request:
    """Return what was typed; with --resume, over what was asked before."""
    known = [f.name for f in fields(Request)]
    if resumed is None:
        return Request(**{name: ctx.params[name] for name in known})
    saved = _saved(resumed / REQUEST)
    typed = {name for name in known if _is_typed(ctx, name)}
    return Request(
        **{
            name: ctx.params[name] if name in typed or name not in saved else saved[name]
            for name in known
        }
    )


def _is_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _saved(file: Path) -> Mapping[str, Any]:
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
        if described["kind"] != KIND:
            raise KeyError("kind")
        return dict(described["request"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            f"There is no comparison to go on with in {file.parent}. Name its folder with --out, "
            "or leave --resume out to start afresh."
        ) from error
