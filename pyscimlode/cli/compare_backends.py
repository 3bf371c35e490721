"""``pyscimlode compare-backends``: do the engines agree on a fit?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyscimlode.cli.console import note
from pyscimlode.cli.options import Force, names, new_file
from pyscimlode.cli.outputs import model_folder


def compare_backends(
    run: Annotated[Path, typer.Argument(help="Folder of a run, or of a saved model.")],
    backend: Annotated[
        list[str] | None,
        typer.Option("--backend", "-b", help="Engines to compare, A,B or repeated; all of them."),
    ] = None,
    judge: Annotated[str, typer.Option(help="The engine that they are held to.")] = "reference",
    level: Annotated[
        list[str] | None,
        typer.Option(
            "--level",
            "--levels",
            "-l",
            help="field, trajectory, loss, gradient, 'adam step', 'bfgs step', 'shared steps', "
            "'native training'; A,B or repeated. All but the last two, which take minutes.",
        ),
    ] = None,
    members: Annotated[int, typer.Option(help="Members of the ensemble to check.")] = 1,
    strains: Annotated[int, typer.Option(help="Training strains to check.")] = 2,
    seeds: Annotated[
        int, typer.Option(help="Trainings of each engine on the level 'native training'.")
    ] = 3,
    diffeqpy: Annotated[
        bool, typer.Option("--diffeqpy", help="Trajectories of diffeqpy as well.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="JSON file; a figure is written beside it.")
    ] = None,
    force: Force = False,
) -> None:
    """Ask several engines the same questions about a fit, from its field to steps of optimisers.

    The reference engine is SciPy in float64, and slow: a minute or more for a large model. Native
    training is judged by torch: final losses and scores of both engines over seeds.

    The exit status is 1 if engines disagree or fail; the lowest level that differs is named.

    Examples:
      pyscimlode compare-backends runs/L2

      pyscimlode compare-backends runs/L2 -b torch -l field,trajectory --out agreement.json

      pyscimlode compare-backends runs/L2 -b julia -l 'field,gradient,native training' --seeds 5
    """
    target = None if out is None else new_file(out, force)
    from pyscimlode import api
    from pyscimlode.results import FitResult

    result = FitResult.load(model_folder(run))
    note(f"Checking {result.name}; the judge takes its time ...")
    agreement = api.crosscheck(
        result,
        backends=names(backend),
        judge=judge,
        levels=names(level),
        members=members,
        strains=strains,
        seeds=seeds,
        diffeqpy=diffeqpy,
    )
    typer.echo(repr(agreement))
    if target is not None:
        agreement.to_json(target)
        figure = target.with_suffix(".png")
        agreement.plot().savefig(figure)
        typer.echo(f"Written: {target}, {figure}")
    if not agreement:
        raise typer.Exit(1)
