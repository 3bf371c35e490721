"""``pyscimlode kinetics``: train a generator of kinetic models, and use its models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.cli.console import GuardedGroup, note

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from pyscimlode.kinetics import (
        BatchCulture,
        Generation,
        KineticCase,
        KineticEvaluator,
        Robustness,
    )

kinetics_app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Generate kinetic models at a steady state, and test them.",
)
Case = Annotated[
    str, typer.Argument(help="Case file (JSON), or one of the own: toy6, example_pathway.")
]
GeneratorFile = Annotated[Path, typer.Argument(help="File that 'kinetics train' wrote.")]
Models = Annotated[int, typer.Option(min=1, help="Number of models.")]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn.")]
Out = Annotated[Path, typer.Option("--out", help="File to write.")]
Growth = Annotated[str | None, typer.Option(help="Id of the growth reaction.")]
Held = Annotated[
    list[str] | None, typer.Option("--held", help="Species of the medium that stay constant.")
]
Perturbations = Annotated[int, typer.Option(min=1, help="Perturbations of each model.")]
Compartment = Annotated[str, typer.Option(help="Compartment whose species are all watched.")]


@kinetics_app.command()
def train(
    case: Case,
    out: Out = Path("generator.safetensors"),
    generations: Annotated[int, typer.Option(min=1, help="How many.")] = 50,
    population: Annotated[int, typer.Option(min=2, help="Generators of a generation.")] = 20,
    models: Models = 100,
    recipe: Annotated[str, typer.Option(help="published or mirrored.")] = "published",
    output_range: Annotated[str, typer.Option("--range", help="entry or batch.")] = "entry",
    seed: Seed = 0,
) -> None:
    """Train a generator by natural evolution strategies.

    An interrupted training goes on from FILE.checkpoint when the same command is run again.

    Examples:
      pyscimlode kinetics train example_pathway --generations 20
    """
    from pyscimlode.errors import TrainingError
    from pyscimlode.kinetics import KineticGenerator, evolve, mirrored, published, save_generator

    recipes = {"published": published, "mirrored": mirrored}
    if recipe not in recipes:
        raise TrainingError(f"--recipe {recipe!r} is not known; there are published, mirrored.")
    evaluator = _evaluator(_case(case))
    generator = KineticGenerator(evaluator.network.km_names, range=output_range)
    settings = recipes[recipe](
        generations=generations, population=population, models=models, seed=seed
    )
    checkpoint = out.with_name(out.name + ".checkpoint")
    result = evolve(
        generator, evaluator, settings, progress=_print, checkpoint=checkpoint, resume=True
    )
    save_generator(out, generator, result.theta)
    checkpoint.unlink(missing_ok=True)
    typer.echo(f"{result.incidence[-1].mean():.1%} valid in the last generation; wrote {out}")


@kinetics_app.command()
def sample(
    case: Case, generator: GeneratorFile, out: Out, models: Models = 1000, seed: Seed = 0
) -> None:
    """Write KM and Vmax sets as Parquet or HDF5, by the ending of --out.

    Examples:
      pyscimlode kinetics sample toy6 generator.safetensors --models 10000 --out sets.parquet
    """
    from pyscimlode.kinetics import load_generator, write_generated_sets

    made, theta = load_generator(generator)
    written = write_generated_sets(
        out, made, theta, models, evaluator=_evaluator(_case(case)), seed=seed
    )
    typer.echo(f"{written} sets in {out}")


@kinetics_app.command()
def robustness(
    case: Case,
    generator: GeneratorFile,
    models: Models = 20,
    perturbations: Perturbations = 5,
    compartment: Compartment = "c",
    growth: Growth = None,
    out: Out = Path("robustness.csv"),
    seed: Seed = 0,
) -> None:
    """Perturb all concentrations by up to 50 % and count the models that return.

    Examples:
      pyscimlode kinetics robustness example_pathway generator.safetensors --growth BIO
    """
    evaluator, ln_km = _models(case, generator, models, seed)
    table = _robustness(evaluator, ln_km, perturbations, compartment, growth, seed).table()
    _write(out, table)
    typer.echo(table.to_string(index=False))


@kinetics_app.command()
def bioreactor(
    case: Case,
    generator: GeneratorFile,
    growth: Annotated[str, typer.Option(help="Id of the growth reaction.")],
    models: Models = 5,
    held: Held = None,
    out: Out = Path("bioreactor.csv"),
    seed: Seed = 0,
) -> None:
    """Grow batch cultures of some models for 60 hours.

    Examples:
      pyscimlode kinetics bioreactor example_pathway generator.safetensors --growth BIO
    """
    import pandas as pd

    evaluator, ln_km = _models(case, generator, models, seed)
    cultures, failures = _cultures(evaluator, ln_km, growth, held)
    for text in failures:
        note(text)
    if cultures:
        frames = {number: culture.to_frame() for number, culture in cultures.items()}
        _write(out, pd.concat(frames, names=["model"]).reset_index(level=0))
    typer.echo(f"{len(cultures)} of {len(ln_km)} cultures reached 60 h")


@kinetics_app.command()
def report(
    case: Case,
    generator: GeneratorFile,
    models: Models = 200,
    followed: Annotated[int, typer.Option(min=1, help="Models that are simulated.")] = 5,
    perturbations: Perturbations = 3,
    compartment: Compartment = "c",
    growth: Growth = None,
    held: Held = None,
    out: Out = Path("kinetics.html"),
    seed: Seed = 0,
) -> None:
    """Write validity, robustness and cultures as one HTML file.

    Examples:
      pyscimlode kinetics report example_pathway generator.safetensors --growth BIO
    """
    from pyscimlode.kinetics import KineticCase
    from pyscimlode.report.kinetics import write_kinetic_report

    evaluator, ln_km = _models(case, generator, models, seed)
    some = ln_km[:followed]
    returned = _robustness(evaluator, some, perturbations, compartment, growth, seed)
    cultures, failures = _cultures(evaluator, some, growth, held) if growth else ({}, [])
    write_kinetic_report(
        out,
        KineticCase(evaluator.network, evaluator.state),
        ln_km,
        evaluator.evaluate(ln_km),
        robustness=returned,
        cultures=tuple(cultures.values()),
        failures=tuple(failures),
    )
    typer.echo(f"wrote {out}")


def _case(name: str) -> KineticCase:
    from pyscimlode.kinetics import example_pathway, read_case, toy6

    own = {"toy6": toy6, "example_pathway": example_pathway}
    return own[name]() if name in own else read_case(name)


def _evaluator(case: KineticCase) -> KineticEvaluator:
    from pyscimlode.kinetics import KineticEvaluator

    return KineticEvaluator(case.network, case.state)


def _models(
    case: str, generator: Path, models: int, seed: int
) -> tuple[KineticEvaluator, npt.NDArray[np.float64]]:
    from pyscimlode.errors import DataError
    from pyscimlode.kinetics import load_generator

    evaluator = _evaluator(_case(case))
    made, theta = load_generator(generator)
    if made.km_names != evaluator.network.km_names:
        raise DataError(f"{generator} makes the KM of another network than {case}.")
    return evaluator, made.sample(theta, models, seed)


def _robustness(
    evaluator: KineticEvaluator,
    ln_km: npt.NDArray[np.float64],
    perturbations: int,
    compartment: str,
    growth: str | None,
    seed: int,
) -> Robustness:
    from pyscimlode.kinetics import Watched, assess_robustness, compartment_species

    species = compartment_species(evaluator.network, compartment)
    watched = [Watched(f"all of {compartment}", species)]
    if growth:
        watched.insert(0, Watched("growth", reactions=(growth,)))
    return assess_robustness(evaluator, ln_km, watched, perturbations=perturbations, seed=seed)


def _cultures(
    evaluator: KineticEvaluator,
    ln_km: npt.NDArray[np.float64],
    growth: str,
    held: list[str] | None,
) -> tuple[dict[int, BatchCulture], list[str]]:
    from pyscimlode.cli.options import names
    from pyscimlode.errors import SolverError
    from pyscimlode.kinetics import KineticModel, batch_culture

    cultures, failures = {}, []
    for number, row in enumerate(ln_km):
        model = KineticModel.at_steady_state(evaluator, row)
        try:
            cultures[number] = batch_culture(model, growth, held=names(held) or ())
        except SolverError as error:
            failures.append(f"model {number}: {error}")
    return cultures, failures


def _write(path: Path, table: Any) -> None:
    from pyscimlode.artifacts import atomic_write_text

    atomic_write_text(path, table.to_csv(index=False))


def _print(done: Generation) -> None:
    note(
        f"generation {done.number}/{done.generations}: {done.incidence.mean():.1%} valid, "
        f"parent {done.parent_incidence:.1%}"
    )
