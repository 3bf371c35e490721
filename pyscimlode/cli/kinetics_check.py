"""``pyscimlode kinetics check-eigenvalues``: what several engines say of the same models."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from pyscimlode.cli.options import names

LN_M_TO_MM = math.log(1000.0)
LN_KM_M = (-25.0, 3.0)
"""ln KM (M) of models that no generator made: the range of the published generator."""


def check_eigenvalues(
    case: Annotated[
        str, typer.Argument(help="Case file (JSON), or one of the own: toy6, example_pathway.")
    ],
    generator: Annotated[
        Path | None,
        typer.Argument(help="File that 'kinetics train' wrote; without it ln KM are uniform."),
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

    The exit status is 1 if engines disagree.

    Examples:
      pyscimlode kinetics check-eigenvalues example_pathway

      pyscimlode kinetics check-eigenvalues case.json generator.safetensors --engine julia
    """
    import numpy as np

    from pyscimlode.errors import DataError
    from pyscimlode.kinetics import (
        KineticEvaluator,
        compare_eigenvalues,
        example_pathway,
        load_generator,
        read_case,
        toy6,
    )

    own = {"toy6": toy6, "example_pathway": example_pathway}
    chosen = own[case]() if case in own else read_case(case)
    evaluator = KineticEvaluator(chosen.network, chosen.state)
    columns = evaluator.network.km_names
    if generator is None:
        drawn = np.random.default_rng(seed).uniform(*LN_KM_M, (models, len(columns)))
        ln_km = drawn + LN_M_TO_MM
    else:
        made, theta = load_generator(generator)
        if made.km_names != columns:
            raise DataError(f"{generator} makes the KM of another network than {case}.")
        ln_km = made.sample(theta, models, seed)
    found = compare_eigenvalues(evaluator, ln_km, names(engine))
    typer.echo(str(found))
    if not found:
        raise typer.Exit(1)
