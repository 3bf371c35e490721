"""``pyscimlode data``: what there is, what is in it, what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyscimlode.cli.console import GuardedGroup
from pyscimlode.cli.leaks import leaks
from pyscimlode.cli.options import (
    Controls,
    Experiment,
    Force,
    NameOrFile,
    Replicate,
    Sheet,
    States,
    Time,
    new_file,
    roles,
)

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset

data_app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="List, show, audit, export and simulate data sets.",
)
data_app.command()(leaks)


@data_app.command("list")
def list_names() -> None:
    """List the named data sets.

    Example:  pyscimlode data list
    """
    from pyscimlode.data.registry import available

    described = available()
    width = max(map(len, described))
    for name, description in described.items():
        typer.echo(f"{name:{width}}  {description}")


@data_app.command()
def show(
    data: NameOrFile,
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the measured series to this PNG file.")
    ] = None,
    force: Force = False,
) -> None:
    """Say what is in a data set, and what was guessed about its columns.

    Examples:
      pyscimlode data show limonene

      pyscimlode data show my.csv --experiment Strain --figure my.png
    """
    from pyscimlode.fitting.inputs import read_data

    dataset = read_data(data, **roles(time, experiment, states, controls, replicate, sheet))
    typer.echo(repr(dataset))
    for remark in dataset.provenance.history:
        typer.echo(f"  {remark}")
    if figure is not None:
        from pyscimlode.artifacts import atomic_write_bytes
        from pyscimlode.plots import plot_dataset
        from pyscimlode.plots.style import png

        atomic_write_bytes(new_file(figure, force), png(plot_dataset(dataset)))
        typer.echo(f"Figure: {figure}")


@data_app.command()
def audit(
    data: NameOrFile,
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
) -> None:
    """Look for copied columns, detection limits and other traps.

    Examples:
      pyscimlode data audit isopentenol

      pyscimlode data audit my.csv --experiment Strain
    """
    from pyscimlode.fitting.inputs import read_data

    dataset = read_data(data, **roles(time, experiment, states, controls, replicate, sheet))
    typer.echo(str(dataset.audit()))


@data_app.command()
def export(
    name: NameOrFile,
    file: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    force: Force = False,
) -> None:
    """Write a data set as a wide CSV table.

    Example:  pyscimlode data export simulated simulated.csv
    """
    from pyscimlode.fitting.inputs import read_data

    _write(read_data(name), new_file(file, force))


@data_app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="The CSV file to write.")],
    n: Annotated[int, typer.Option(help="Number of strains.")] = 20,
    noise: Annotated[float, typer.Option(help="Relative error of the states; 0.1 is 10 %.")] = 0.0,
    seed: Annotated[int, typer.Option(help="Seed of the strains and their noise.")] = 0,
    times: Annotated[
        str, typer.Option(help="Sampling times in hours, 0:72:1 or 0,24,72.")
    ] = "0:72:1",
    force: Force = False,
) -> None:
    """Simulate strains of the limonene pathway, as a CSV table.

    Example:  pyscimlode data simulate --n 30 --noise 0.1 --out sim.csv
    """
    from pyscimlode.cli.options import read_times
    from pyscimlode.data.simulate import simulate as run

    file = new_file(out, force)
    _write(run(n, times=read_times(times), noise=noise, seed=seed), file)


def _write(dataset: Dataset, file: Path) -> None:
    from pyscimlode.artifacts import atomic_write_text

    table = dataset.to_frame()
    if dataset.names == tuple(experiment.strain for experiment in dataset):
        table = table.drop(columns="experiment")
    atomic_write_text(file, table.to_csv(index=False))
    typer.echo(repr(dataset))
    typer.echo(f"Written to {file}")
