"""``pyscimlode predict``: forecasts of a saved model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pyscimlode.cli.console import note
from pyscimlode.cli.options import (
    Experiment,
    Force,
    Replicate,
    Sheet,
    Time,
    new_file,
    read_times,
    roles,
)
from pyscimlode.cli.outputs import model_folder, prediction_table

if TYPE_CHECKING:
    from pyscimlode.results import FitResult


def predict(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or of a saved model.")],
    data: Annotated[
        str | None,
        typer.Option(
            "--data", "-d", help="New strains: a CSV or Excel file, or the name of a data set."
        ),
    ] = None,
    strain: Annotated[
        str | None,
        typer.Option("--strain", "-s", help="This strain alone; else all held-out or new ones."),
    ] = None,
    times: Annotated[
        str | None,
        typer.Option(help="When: 0:72:1 or 0,24,72; the measured times if omitted."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV file to write; else printed.")
    ] = None,
    time: Time = None,
    experiment: Experiment = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
    force: Force = False,
) -> None:
    """Forecast strains from their first measured state and their proteins.

    Gives the ensemble's median, an interval and its kind, and the value where measured.

    Examples:
      pyscimlode predict runs/L2 --times 0:72:1 --out L2.csv

      pyscimlode predict runs/L2 --data new_strains.csv --strain S7
    """
    target = None if out is None else new_file(out, force)
    asked = None if times is None else read_times(times)

    from pyscimlode.results import FitResult

    result = FitResult.load(model_folder(run))
    if data is None:
        dataset = result.dataset_of(strain)
    else:
        from pyscimlode.data.registry import available
        from pyscimlode.fitting.inputs import read_data

        columns = {} if data in available() else _columns(result)
        named = roles(time, experiment, None, None, replicate, sheet)
        dataset = read_data(data, **columns, **named)
        dataset = dataset if strain is None else dataset.select([strain])
    trained = [name for name in dataset.strains if name in result.train.strains]
    if trained:
        note(f"Note: trained on {', '.join(trained)}; this is no test of the forecast.")
    table = prediction_table(result, dataset, asked).to_csv(index=False)
    if target is None:
        typer.echo(table, nl=False)
        return
    from pyscimlode.artifacts import atomic_write_text

    atomic_write_text(target, table)
    typer.echo(f"Written: {target}")


def _columns(result: FitResult) -> dict[str, list[str]]:
    """Return the columns that the model needs, as roles of a new table."""
    train = result.train
    return {"states": list(train.state_names), "controls": list(train.control_names)}
