"""``pyscimlode kinetics``: train a generator of kinetic models, and use its models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.cli.console import GuardedGroup, note
from pyscimlode.cli.options import Force, Quiet, names, new_file

if TYPE_CHECKING:
    from pyscimlode.kinetics import BatchCulture, EvolutionResult
    from pyscimlode.kinetics.torch import GradientResult

kinetics_app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Generate kinetic models at a steady state, and test them.",
)
Case = Annotated[
    str,
    typer.Argument(
        help="Case file (JSON, or SBML that pyscimlode wrote), or an own example: toy6, "
        "example_pathway."
    ),
]
GeneratorFile = Annotated[Path, typer.Argument(help="File that 'kinetics train' wrote.")]
Models = Annotated[int, typer.Option(min=1, help="Number of models.")]
AnyModels = Annotated[
    bool, typer.Option("--any", help="Take models as they come, and not valid ones alone.")
]
Density = Annotated[
    float | None, typer.Option(help="gDW per litre of cells, in place of the case's.")
]
Workers = Annotated[int, typer.Option(min=1, help="Processes that work at the same time.")]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="File to write.")]
Growth = Annotated[str | None, typer.Option(help="Id of the growth reaction.")]
Held = Annotated[
    list[str] | None,
    typer.Option("--held", help="Species of the medium that stay constant, A,B or repeated."),
]
Perturbations = Annotated[int, typer.Option(min=1, help="Perturbations of each model.")]
Compartment = Annotated[str, typer.Option(help="Compartment whose species are all watched.")]


@kinetics_app.command()
def train(
    case: Case,
    out: Out = Path("generator.safetensors"),
    recipe: Annotated[
        str, typer.Option(help="mirrored or published (evolution), or gradient.")
    ] = "mirrored",
    generations: Annotated[
        int | None, typer.Option(min=1, help="How many; 50, by gradient 30 steps.")
    ] = None,
    population: Annotated[
        int, typer.Option(min=2, help="Generators of a generation of the evolution.")
    ] = 20,
    models: Annotated[
        int | None,
        typer.Option(min=1, help="Models that judge a generator; 100, by gradient 64."),
    ] = None,
    reward: Annotated[
        str,
        typer.Option(
            help="Of the evolution: incidence (of valid models), fastest, or LOW:HIGH, a window of "
            "the largest real part in 1/h, such as --reward=-10:-5."
        ),
    ] = "incidence",
    output_range: Annotated[
        str,
        typer.Option(
            "--range", help="How outputs become KM: entry (each by itself) or batch (published)."
        ),
    ] = "entry",
    km: Annotated[
        str | None, typer.Option(help="LOW:HIGH of all KM, mM; the published bounds if omitted.")
    ] = None,
    density: Density = None,
    workers: Workers = 1,
    force: Force = False,
    quiet: Quiet = False,
    seed: Seed = 0,
) -> None:
    """Train a generator of KM until its models are valid: max Re(lambda) <= -2.5 per hour.

    An interrupted evolution goes on from FILE.checkpoint when the same command is run again.

    Examples:
      pyscimlode kinetics train example_pathway --generations 20
      pyscimlode kinetics train my_case.json --recipe gradient --out fast.safetensors
    """
    from pyscimlode.cli import kinetic_models as shared
    from pyscimlode.cli.kinetic_training import RECIPES, by_evolution, by_gradient
    from pyscimlode.errors import TrainingError
    from pyscimlode.kinetics import KineticGenerator, save_generator

    if recipe not in RECIPES:
        known = ", ".join(RECIPES)
        raise TrainingError(f"--recipe {recipe!r} is not known; there are {known}.")
    checkpoint = out.with_name(f"{out.name}.checkpoint") if out.name else out
    new_file(out, force)
    if force:
        checkpoint.unlink(missing_ok=True)
    evaluator = shared.evaluator_of(shared.find_case(case, density))
    low, high = shared.km_bounds(km)
    km_names = evaluator.network.km_names
    generator = KineticGenerator(km_names, range=output_range, low=low, high=high)
    options = {"seed": seed} | ({"models": models} if models else {})
    result: EvolutionResult | GradientResult
    if recipe == "gradient":
        result = by_gradient(generator, evaluator, generations, options, quiet)
    else:
        options |= {"population": population, "generations": generations or 50}
        result = by_evolution(
            generator, evaluator, recipe, options, checkpoint, reward, workers, quiet
        )
    save_generator(out, generator, result.theta, result)
    checkpoint.unlink(missing_ok=True)
    what = "step" if recipe == "gradient" else "generation"
    if not result.incidence[-1].any():
        note(shared.NEVER_VALID)
    typer.echo(f"{result.incidence[-1].mean():.1%} valid in the last {what}; wrote {out}")


@kinetics_app.command()
def sample(
    case: Case,
    generator: GeneratorFile,
    out: Out,
    models: Models = 1000,
    density: Density = None,
    force: Force = False,
    seed: Seed = 0,
) -> None:
    """Write sets of KM (mM) and Vmax, valid or not, as Parquet or HDF5, by the ending of --out.

    Needs the extra: pip install 'pyscimlode[kinetics]'.

    Examples:
      pyscimlode kinetics sample toy6 generator.safetensors --models 10000 --out sets.parquet
    """
    from pyscimlode.cli import kinetic_models as shared
    from pyscimlode.kinetics import load_generator, write_generated_sets

    made, theta = load_generator(generator)
    evaluator = shared.evaluator_of(shared.find_case(case, density))
    written = write_generated_sets(
        new_file(out, force), made, theta, models, evaluator=evaluator, seed=seed, progress=True
    )
    typer.echo(f"{written} sets of {len(made.km_names)} KM and their Vmax in {out}")


@kinetics_app.command()
def robustness(
    case: Case,
    generator: GeneratorFile,
    models: Models = 20,
    perturbations: Perturbations = 5,
    compartment: Compartment = "c",
    growth: Growth = None,
    any_models: AnyModels = False,
    density: Density = None,
    workers: Workers = 1,
    out: Out = Path("robustness.csv"),
    seed: Seed = 0,
) -> None:
    """Perturb all concentrations by up to 50 % and count the models that return.

    A model has returned if everything watched is within the tolerance of the steady state.

    Examples:
      pyscimlode kinetics robustness example_pathway generator.safetensors --growth BIO
    """
    from pyscimlode.cli import kinetic_models as shared

    evaluator = shared.evaluator_of(shared.find_case(case, density))
    ln_km = shared.generated_models(evaluator, generator, models, seed, any_models=any_models)
    found = shared.follow_perturbed(
        evaluator,
        ln_km,
        perturbations=perturbations,
        compartment=compartment,
        growth=growth,
        seed=seed,
        workers=workers,
    )
    table = found.table()
    _write(out, table)
    shown = table.rename(columns={"every": "models that always returned"})
    typer.echo(shown.to_string(index=False, float_format="{:.3g}".format))
    typer.echo(f"wrote {out}")


@kinetics_app.command()
def bioreactor(
    case: Case,
    generator: GeneratorFile,
    growth: Annotated[str, typer.Option(help="Id of the growth reaction.")],
    models: Models = 5,
    held: Held = None,
    any_models: AnyModels = False,
    density: Density = None,
    workers: Workers = 1,
    out: Out = Path("bioreactor.csv"),
    seed: Seed = 0,
) -> None:
    """Grow batch cultures of some models for 60 hours.

    Held species of compartment e are released into the medium and change, but for --held.

    Examples:
      pyscimlode kinetics bioreactor example_pathway generator.safetensors --growth BIO --held o2_e
    """
    import pandas as pd

    from pyscimlode.cli import kinetic_models as shared

    evaluator = shared.evaluator_of(shared.find_case(case, density, for_cultures=True))
    ln_km = shared.generated_models(evaluator, generator, models, seed, any_models=any_models)
    cultures = shared.follow_cultures(evaluator, ln_km, growth, names(held) or (), workers, density)
    frames = {number: culture.to_frame() for number, culture in enumerate(cultures)}
    _write(out, pd.concat(frames, names=["model"]).reset_index(level=0))
    typer.echo(pd.DataFrame(shared.culture_rows(cultures)).to_string(index=False))
    for number, culture in enumerate(cultures):
        if not culture.survived:
            note(f"model {number}: {culture.message}")
    survived = sum(culture.survived for culture in cultures)
    typer.echo(f"{survived} of {len(cultures)} cultures reached 60 h; wrote {out}")


@kinetics_app.command()
def report(
    case: Case,
    generator: GeneratorFile,
    models: Models = 200,
    followed: Annotated[int, typer.Option(min=1, help="Valid models that are simulated.")] = 5,
    perturbations: Perturbations = 3,
    compartment: Compartment = "c",
    growth: Growth = None,
    held: Held = None,
    density: Density = None,
    workers: Workers = 1,
    out: Out = Path("kinetics.html"),
    seed: Seed = 0,
) -> None:
    """Write training, validity, robustness and, with --growth, cultures as one HTML file.

    Examples:
      pyscimlode kinetics report example_pathway generator.safetensors --growth BIO
    """
    from pyscimlode.cli import kinetic_models as shared
    from pyscimlode.cli.fit import command_line
    from pyscimlode.kinetics import load_training
    from pyscimlode.report.kinetics import write_kinetic_report

    found = shared.find_case(case, density, for_cultures=True)
    evaluator = shared.evaluator_of(found)
    ln_km = shared.generated_models(evaluator, generator, models, seed, any_models=True)
    evaluation = evaluator.evaluate(ln_km)
    some = ln_km[evaluation.valid][:followed]
    returned = None
    cultures: tuple[BatchCulture, ...] = ()
    if len(some):
        returned = shared.follow_perturbed(
            evaluator,
            some,
            perturbations=perturbations,
            compartment=compartment,
            growth=growth,
            seed=seed,
            workers=workers,
        )
        if growth:
            cultures = shared.follow_cultures(
                evaluator, some, growth, names(held) or (), workers, density
            )
    else:
        note(f"None of {models} models is valid, so none is followed: train the generator longer.")
    write_kinetic_report(
        out,
        found,
        ln_km,
        evaluation,
        training=load_training(generator),
        robustness=returned,
        cultures=tuple(culture for culture in cultures if culture.survived),
        failures=tuple(
            f"model {number}: {culture.message}"
            for number, culture in enumerate(cultures)
            if not culture.survived
        ),
        command=command_line(),
    )
    typer.echo(f"wrote {out}")


def _write(path: Path, table: Any) -> None:
    from pyscimlode.artifacts import atomic_write_text

    atomic_write_text(path, table.to_csv(index=False))
