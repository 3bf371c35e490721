"""The command ``pyscimlode``. Heavy packages load when a command runs."""

from __future__ import annotations

from typing import Annotated

import typer

from pyscimlode._version import __version__
from pyscimlode.cli import (
    baseline,
    compare,
    compare_backends,
    data,
    demo,
    fit,
    julia,
    kinetics,
    kinetics_check,
    predict,
    reproduce,
)
from pyscimlode.cli.console import GuardedGroup

__all__ = ["app", "main"]

app = typer.Typer(
    cls=GuardedGroup,
    name="pyscimlode",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(fit.fit)
app.command()(predict.predict)
app.command()(baseline.baseline)
app.command()(compare.compare)
app.command()(reproduce.reproduce)
app.command("compare-backends")(compare_backends.compare_backends)
app.add_typer(data.data_app, name="data")
app.add_typer(julia.julia_app, name="julia")
kinetics.kinetics_app.command()(kinetics_check.check_eigenvalues)
app.add_typer(kinetics.kinetics_app, name="kinetics")
app.command()(demo.demo)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"pyscimlode {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it and go."),
    ] = False,
) -> None:
    """Forecast how a metabolic pathway behaves in a strain that was not measured.

    Start here:

      pyscimlode demo                         simulated strains, start to end

      pyscimlode fit limonene --test L2       measured strains, L2 held out

      pyscimlode fit my.csv --test S3         your own table

      pyscimlode compare                      models, regressions and controls side by side

      pyscimlode reproduce                    the published tables, and what they mean

    Set PYSCIMLODE_DEBUG=1 to see the traceback of an error.
    """


def main() -> None:
    """Run the command line; the entry point ``pyscimlode``."""
    app()
