"""``pyscimlode julia``: is the Julia engine there, and what to do if it is not."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pyscimlode.cli.console import USER_ERROR, GuardedGroup, note

julia_app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Look for, install and warm up the Julia engine.",
)


@julia_app.command()
def doctor(
    quick: Annotated[bool, typer.Option("--quick", help="Start neither Julia nor a worker.")] = (
        False
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is there, what is missing, and the next command.

    The exit status is 1 if something is missing.

    Examples:
      pyscimlode julia doctor

      pyscimlode julia doctor --quick --json
    """
    from pyscimlode.backends.julia.doctor import diagnose

    found = diagnose(quick=quick)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2))
    else:
        width = max(len(check.name) for check in found.checks)
        for check in found.checks:
            sign = {True: "ok", False: "NO", None: "--"}[check.ok]
            typer.echo(f"{sign}  {check.name:{width}}  {check.found}")
        typer.echo(f"\n{found.next_step}")
    if not found.ok:
        raise typer.Exit(USER_ERROR)


@julia_app.command()
def install(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be downloaded, and stop.")
    ] = False,
    log: Annotated[
        Path, typer.Option(help="File for everything that is printed on the way.")
    ] = Path("pyscimlode-julia-install.log"),
) -> None:
    """Download Julia, if there is none that fits, and the engine's packages.

    Examples:
      pyscimlode julia install --dry-run

      pyscimlode julia install --log install.log
    """
    from pyscimlode.backends.julia.install import install as run
    from pyscimlode.backends.julia.install import plan

    steps = plan()
    if not steps:
        typer.echo("Nothing to install: the environment names a Julia and a project.")
        typer.echo("Next: pyscimlode julia doctor")
        return
    for step in steps:
        typer.echo(step)
    if dry_run:
        return
    note(f"Installing; the log is {log} ...")
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as file:

        def keep(line: str) -> None:
            file.write(line + "\n")
            file.flush()
            typer.echo(f"  {line}")

        found = run(keep)
    typer.echo(f"Installed in {time.monotonic() - started:.0f} s: {found.project}")
    typer.echo("Next: pyscimlode julia warm")


@julia_app.command()
def warm() -> None:
    """Compile what the engine needs, so that the first fit does not wait for it.

    Example:  pyscimlode julia warm
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from pyscimlode.backends.julia.install import warm as run
    from pyscimlode.backends.julia.installation import require

    require()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    note("Starting Julia; the first time it compiles its packages, which takes minutes ...")
    with Progress(*columns) as bar:
        task = bar.add_task("start", total=None)

        def show(report: dict[str, Any]) -> None:
            bar.update(
                task,
                completed=report.get("done", 0),
                total=report.get("total"),
                description=str(report.get("what", "")),
            )

        seconds = run(show)
    typer.echo(f"The engine is warm; the worker was ready after {seconds:.1f} s.")
