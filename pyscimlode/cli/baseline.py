"""``pyscimlode baseline``: a regression without an ODE's mechanism, scored beside the controls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pyscimlode.cli.console import hush, note, print_scores
from pyscimlode.cli.options import (
    Controls,
    Experiment,
    Force,
    NameOrFile,
    Quiet,
    Replicate,
    Sheet,
    States,
    Time,
    names,
    new_file,
    roles,
)
from pyscimlode.cli.outputs import prediction_table
from pyscimlode.errors import ModelError, TrainingError, did_you_mean

if TYPE_CHECKING:
    from pyscimlode.baselines import FittedTPOT

DIRECT, TPOT = "direct-gaussian-process", "tpot"
SEARCH = "Search with TPOT"


def baseline(
    data: NameOrFile,
    test: Annotated[
        list[str], typer.Option("--test", "-t", help="Strain to hold out; A,B or repeated.")
    ],
    regressor: Annotated[
        str,
        typer.Option(
            "--regressor",
            "-r",
            help="extra-trees, gradient-boosting, k-nearest, gaussian-process (of derivatives), "
            "tpot (searches for one), direct-gaussian-process (no derivatives).",
        ),
    ] = "extra-trees",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder for scores.csv and predictions.csv."),
    ] = None,
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
    interpolation: Annotated[
        Literal["time", "row"],
        typer.Option(help="time, or row (as published) before derivatives are taken."),
    ] = "time",
    seed: Annotated[int, typer.Option(help="Of what is random in it.")] = 0,
    max_minutes: Annotated[
        float, typer.Option(help="Of the whole search, at most.", rich_help_panel=SEARCH)
    ] = 10.0,
    generations: Annotated[
        int, typer.Option(help="Of pipelines, for each metabolite.", rich_help_panel=SEARCH)
    ] = 12,
    population: Annotated[
        int, typer.Option(help="Pipelines a generation.", rich_help_panel=SEARCH)
    ] = 30,
    jobs: Annotated[
        int, typer.Option(help="Processes that try pipelines.", rich_help_panel=SEARCH)
    ] = 1,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Learn the derivatives of metabolites by regression, and score held-out strains.

    The baseline of Costello & Garcia Martin (2018): one regressor a metabolite.

    Examples:
      pyscimlode baseline limonene --test L2

      pyscimlode baseline limonene --test L2 --regressor tpot --max-minutes 5

      pyscimlode baseline my.csv --experiment Strain --test S3 --out baseline
    """
    files = {} if out is None else _new_files(out, regressor, force=force)

    from pyscimlode.fitting.inputs import training_and_test

    if quiet:
        hush()
    chosen = make_baseline(
        regressor,
        interpolation=interpolation,
        seed=seed,
        max_minutes=max_minutes,
        generations=generations,
        population=population,
        jobs=jobs,
        progress=not quiet,
    )
    columns = roles(time, experiment, states, controls, replicate, sheet)
    train, held_out = training_and_test(data, names(test) or [], **columns)
    if held_out is None:
        raise TrainingError("--test names no strain to hold out.")
    fitted = chosen.fit(train)
    scores = fitted.score(held_out)
    if not quiet:
        print_scores(scores)
        for remark in fitted.predict(held_out).notes:
            note(f"Note: {remark}")
        if regressor == TPOT:
            typer.echo(repr(fitted))
    if out is not None:
        _write(files, scores, fitted, held_out)
        if not quiet:
            typer.echo("Written: " + ", ".join(str(path) for path in files.values()))


def make_baseline(
    regressor: str,
    *,
    interpolation: Literal["time", "row"],
    seed: int,
    max_minutes: float,
    generations: int,
    population: int,
    jobs: int,
    progress: bool,
) -> Any:
    """Return the untrained baseline of a name.

    Raises:
        ModelError: an unknown name.
        TrainingError: no time for a search.
    """
    from pyscimlode.baselines import DerivativeRegression, DirectGaussianProcess, TPOTBaseline
    from pyscimlode.baselines.regressors import REGRESSORS

    known = (*REGRESSORS, TPOT, DIRECT)
    if regressor not in known:
        raise ModelError(
            f"--regressor {regressor!r} is not known; there are {', '.join(known)}."
            + did_you_mean(regressor, known)
        )
    if regressor == DIRECT:
        return DirectGaussianProcess(seed=seed)
    if regressor != TPOT:
        return DerivativeRegression(regressor, interpolation=interpolation, seed=seed)
    if not max_minutes > 0:
        raise TrainingError(f"--max-minutes {max_minutes:g}: a search needs time.")
    return TPOTBaseline(
        generations=generations,
        population=population,
        max_seconds=60.0 * max_minutes,
        n_jobs=jobs,
        interpolation=interpolation,
        random_state=seed,
        progress=progress,
    )


def _new_files(out: Path, regressor: str, *, force: bool) -> dict[str, Path]:
    """Return the files that will be written, none of which is there yet."""
    written = ["scores.csv", "predictions.csv", *(["pipelines.csv"] if regressor == TPOT else [])]
    return {name: new_file(out / name, force) for name in written}


def _write(files: dict[str, Path], scores: Any, fitted: Any, held_out: Any) -> None:
    from pyscimlode.artifacts import atomic_write_text

    scores.to_csv(files["scores.csv"])
    table = prediction_table(fitted, held_out)
    atomic_write_text(files["predictions.csv"], table.to_csv(index=False))
    if "pipelines.csv" in files:
        atomic_write_text(files["pipelines.csv"], _pipelines(fitted).to_csv(index=False))


def _pipelines(fitted: FittedTPOT) -> Any:
    text = [" ".join(pipeline.split()) for pipeline in fitted.pipelines.values()]
    return fitted.table().assign(pipeline=text)
