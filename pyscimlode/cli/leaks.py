"""``pyscimlode data leaks``: is a held-out strain in the training data already?"""

from __future__ import annotations

from typing import Annotated

import typer

from pyscimlode.cli.options import (
    Controls,
    Experiment,
    NameOrFile,
    Replicate,
    Sheet,
    States,
    Time,
    names,
    roles,
)

Test = Annotated[
    list[str] | None,
    typer.Option("--test", help="Strains to hold out; each in turn if omitted."),
]


def leaks(
    data: NameOrFile,
    test: Test = None,
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
) -> None:
    """Look for held-out strains in the training data; the exit status is 1 if there is a leak.

    Examples:
      pyscimlode data leaks limonene

      pyscimlode data leaks my.csv --test S3,S4
    """
    from pyscimlode.data.splits import leave_one_strain_out, split
    from pyscimlode.fitting.inputs import read_data
    from pyscimlode.leaks import audit_split

    dataset = read_data(data, **roles(time, experiment, states, controls, replicate, sheet))
    held_out = names(test)
    folds = (
        leave_one_strain_out(dataset)
        if held_out is None
        else [(", ".join(held_out), *split(dataset, held_out))]
    )
    found = False
    for name, training, tested in folds:
        report = audit_split(training, tested)
        found |= bool(report.leaks)
        typer.echo(f"{name} held out. {report!r}")
    if found:
        raise typer.Exit(1)
