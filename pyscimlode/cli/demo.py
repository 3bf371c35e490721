"""``pyscimlode demo``: simulated strains from start to end, and a measured one where it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from pyscimlode.cli.console import hush, note, print_scores
from pyscimlode.cli.options import Quiet, shortened
from pyscimlode.errors import ArtifactError, DownloadError

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset
    from pyscimlode.models.base import Model
    from pyscimlode.results import FitResult
    from pyscimlode.training import Stage

MARK = "demo.txt"
WIDTHS = (32, 32)
Say = Callable[[str], None]


@dataclass(frozen=True)
class DemoSize:
    """How much the demo does.

    Attributes:
        train: simulated training strains.
        test: simulated held-out strains.
        members: ensemble members a model.
        steps: most steps a stage; None for the usual number.
    """

    train: int = 50
    test: int = 20
    members: int = 3
    steps: int | None = None


FULL = DemoSize()
QUICK = DemoSize(train=6, test=2, members=1, steps=20)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write into.")] = Path("demo"),
    quick: Annotated[
        bool, typer.Option("--quick", help="A few strains and steps: does it run? No good scores.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Compare two neural ODEs with the controls, on simulated strains.

    50 strains to train, 20 to test, at most three minutes on two cores.

    Then the measured strain L2, if its data are here or can be downloaded.

    Example:  pyscimlode demo --out demo
    """
    if quiet:
        hush()
    run_demo(out, quick=quick, quiet=quiet)


def run_demo(out: Path = Path("demo"), *, quick: bool = False, quiet: bool = False) -> Path:
    """Run the demo and return the path of its report.

    Args:
        out: the folder; what an earlier demo left there is replaced.
        quick: a few strains and steps, to see that everything works.
        quiet: print nothing.

    Raises:
        ArtifactError: when the folder holds something else.
    """
    from pyscimlode.report import joint_scores, write_report

    _check_folder(out)
    started = time.monotonic()
    size = QUICK if quick else FULL
    say: Say = (lambda _: None) if quiet else typer.echo
    simulated = _simulated(size, say, quiet)
    if not quiet:
        print_scores(joint_scores(simulated))
    measured = _measured(size, say, quiet)
    if measured is not None and not quiet:
        print_scores(measured.scores)
    results = [*simulated, *([measured] if measured else [])]
    folders = _save(results, out)
    joint_scores(simulated).to_csv(out / "scores.csv")
    report = write_report(
        out / "report.html",
        results,
        title="Forecasts of held-out strains: two neural ODEs and their controls",
        command=f"pyscimlode demo --out {out}{' --quick' if quick else ''}",
        model_paths=[str(folder) for folder in folders],
        figures=out / "figures",
    )
    say(f"Report: {report} ({time.monotonic() - started:.0f} s in all)")
    return report


def _check_folder(out: Path) -> None:
    from pyscimlode.artifacts import atomic_write_text

    if out.exists() and not out.is_dir():
        raise ArtifactError(f"{out} is a file; name a folder with --out.")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise ArtifactError(
            f"{out} is not empty and no demo wrote it. Choose another folder with --out."
        )
    atomic_write_text(out / MARK, "Written by pyscimlode demo; the next demo replaces it.\n")


def _simulated(size: DemoSize, say: Say, quiet: bool) -> list[FitResult]:
    from pyscimlode.data.simulate import benchmark
    from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation

    train, test = benchmark("sim-sparse", n=size.train)
    test = test.select(test.strains[: size.test])
    say(
        f"Simulated limonene pathway: {len(train)} strains to train (14 times, 10 % noise), "
        f"{len(test)} to test (the truth, hourly)."
    )
    results = []
    for model in (NeuralODE(widths=WIDTHS), ProductionDegradation(widths=WIDTHS)):
        say(f"Training {size.members} x {model.kind.replace('_', '-')} ...")
        results.append(_fit(train, test, size, model=model, score_scale="test", quiet=quiet))
    return results


def _measured(size: DemoSize, say: Say, quiet: bool) -> FitResult | None:
    from pyscimlode.data.registry import load
    from pyscimlode.data.splits import split

    try:
        dataset = load("limonene")
    except DownloadError as error:
        if not quiet:
            note(f"The measured strains are left out: {str(error).split('. ')[0]}.")
        return None
    train, test = split(dataset, "L2")
    say("Measured limonene strains: L1 and L3 to train, L2 to test ...")
    return _fit(train, test, size, model=None, score_scale="all", quiet=quiet)


def _fit(
    train: Dataset,
    test: Dataset,
    size: DemoSize,
    *,
    model: Model | None,
    score_scale: Literal["all", "test"],
    quiet: bool,
) -> FitResult:
    from pyscimlode import api

    return api.fit(
        train,
        test=test,
        model=model,
        ensemble=size.members,
        stages=_stages(size, len(train.strains)),
        score_scale=score_scale,
        progress=not quiet,
    )


def _stages(size: DemoSize, n_strains: int) -> Sequence[Stage] | None:
    if size.steps is None:
        return None
    from pyscimlode.fitting.recipes import default_stages

    return shortened(default_stages("forecast", n_strains), size.steps)


def _save(results: Sequence[FitResult], out: Path) -> list[Path]:
    from pyscimlode.cli.outputs import write_tables

    folders = []
    for result in results:
        name = f"{result.train.provenance.source}-{result.model.kind.replace('_', '-')}"
        folder = out / name
        result.save(folder / "model")
        write_tables(result, folder)
        folders.append(folder / "model")
    return folders
