"""``pyscimlode kinetics check-eigenvalues``: what several engines say of the same models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyscimlode.cli.options import names


def check_eigenvalues(
    case: Annotated[
        str, typer.Argument(help="Case file (JSON), or one of the own: toy6, example_pathway.")
    ],
    generator: Annotated[
        Path | None,
        typer.Argument(help="File that 'kinetics train' wrote; without it uniform in ln KM."),
    ] = None,
    models: Annotated[int, typer.Option(min=1, help="Number of models.")] = 200,
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", "-e", help="numpy, torch, julia; by default all that run here."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
) -> None:
    """Compute the eigenvalues of models by several engines, and compare them with numpy's.

    Columns: largest difference of all eigenvalues, of lambda_max, and of lambda_max from a value in
    extended precision, each over 1 + |lambda|; models that only one of the two calls valid; largest
    difference of d lambda_max / d ln KM, over the largest entry; seconds.

    The exit status is 1 if engines disagree on lambda_max or on which models are valid.

    Examples:
      pyscimlode kinetics check-eigenvalues example_pathway

      pyscimlode kinetics check-eigenvalues case.json generator.safetensors --engine julia
    """
    import numpy as np

    from pyscimlode.cli.kinetic_models import evaluator_of, find_case, generated_models, km_bounds
    from pyscimlode.kinetics import compare_eigenvalues

    evaluator = evaluator_of(find_case(case))
    if generator is None:
        shape = (models, len(evaluator.network.km_names))
        ln_km = np.random.default_rng(seed).uniform(*km_bounds(None), shape)
    else:
        ln_km = generated_models(evaluator, generator, models, seed, any_models=True)
    found = compare_eigenvalues(evaluator, ln_km, names(engine))
    typer.echo(str(found))
    if not found:
        raise typer.Exit(1)
