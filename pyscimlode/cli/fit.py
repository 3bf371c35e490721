"""``pyscimlode fit``: from a table to a trained, scored and saved model."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyscimlode.cli.console import INTERRUPTED, complain, hush, note, print_scores
from pyscimlode.cli.options import (
    Controls,
    Experiment,
    Force,
    Quiet,
    Replicate,
    Sheet,
    States,
    Time,
    names,
    roles,
    shortened,
)
from pyscimlode.cli.outputs import RunFolder
from pyscimlode.errors import TrainingError

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset
    from pyscimlode.results import FitResult
    from pyscimlode.training import Stage

ALIASES = {"node": "neural-ode", "pd": "production-degradation"}
TRAINING = "Model and training"


@dataclass(frozen=True)
class Request:
    """Everything that decides what a fit is, as it is kept in ``run.json``."""

    data: str | None = None
    test: list[str] | None = None
    time: str | None = None
    experiment: str | None = None
    states: list[str] | None = None
    controls: list[str] | None = None
    replicate: str | None = None
    sheet: str | None = None
    model: str | None = None
    protocol: str = "forecast"
    backend: str = "torch"
    solver: str = "auto"
    pir: float = 1.0
    lipschitz: float = 0.0
    ensemble: int = 3
    seed: int = 0
    steps: int | None = None
    early_stopping: str | None = None
    device: str = "auto"

    def run(self, *, progress: bool, checkpoint: Path, resume: bool) -> FitResult:
        """Train."""
        from pyscimlode import api
        from pyscimlode.fitting.inputs import training_and_test

        test = names(self.test)
        train, held_out = training_and_test(
            self.data,
            test,
            **roles(
                self.time, self.experiment, self.states, self.controls, self.replicate, self.sheet
            ),
        )
        model = None if self.model is None else ALIASES.get(self.model, self.model)
        return api.fit(
            train,
            test=held_out,
            model=model,
            protocol=self.protocol,
            backend=self.backend,
            solver=self.solver,
            pir=self.pir,
            lipschitz=self.lipschitz,
            stages=self._stages(model, train),
            ensemble=self.ensemble,
            seed=self.seed,
            early_stopping=self.early_stopping,
            score_scale="test" if self.data is None else "all",
            device=self.device,
            progress=progress,
            checkpoint=checkpoint,
            resume=resume,
        )

    def _stages(self, model: str | None, train: Dataset) -> Sequence[Stage] | None:
        """Return the stages that ``--steps`` asks for; None for the usual ones."""
        from pyscimlode.fitting.recipes import chosen_model, default_stages
        from pyscimlode.objectives.protocols import check_protocol

        if self.steps is None:
            return None
        protocol = check_protocol(self.protocol)
        trained = chosen_model(protocol, model, train)
        return shortened(default_stages(protocol, len(train.strains), trained), self.steps)


def fit(
    ctx: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            help="CSV or Excel file, or the name of a data set; simulated strains if omitted."
        ),
    ] = None,
    test: Annotated[
        list[str] | None,
        typer.Option("--test", "-t", help="Strain to hold out and score; A,B or repeated."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the run.")] = Path("run"),
    time: Time = None,
    experiment: Experiment = None,
    states: States = None,
    controls: Controls = None,
    replicate: Replicate = None,
    sheet: Sheet = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="production-degradation (default), node, or hybrid-limonene, hybrid-isopentenol, "
            "hybrid-simulated (a known pathway).",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="forecast, or identity (as published; not a forecast).", rich_help_panel=TRAINING
        ),
    ] = "forecast",
    backend: Annotated[str, typer.Option(help="Engine.", rich_help_panel=TRAINING)] = "torch",
    solver: Annotated[
        str,
        typer.Option(
            help="auto, tsit5, dopri5, dopri8, rk4, torchdiffeq:dopri8, ...",
            rich_help_panel=TRAINING,
        ),
    ] = "auto",
    pir: Annotated[
        float,
        typer.Option(
            help="Factor of the penalty on negative concentrations.", rich_help_panel=TRAINING
        ),
    ] = 1.0,
    lipschitz: Annotated[
        float,
        typer.Option(
            help="Factor of the penalty on the network's singular values, such as 1e-3: less "
            "stiff fields.",
            rich_help_panel=TRAINING,
        ),
    ] = 0.0,
    ensemble: Annotated[
        int, typer.Option(help="Members, trained as one batch.", rich_help_panel=TRAINING)
    ] = 3,
    seed: Annotated[
        int, typer.Option(help="Seed of the first member.", rich_help_panel=TRAINING)
    ] = 0,
    steps: Annotated[
        int | None,
        typer.Option(help="At most so many steps a stage: a quick look.", rich_help_panel=TRAINING),
    ] = None,
    early_stopping: Annotated[
        str | None,
        typer.Option(help="Training strain that decides when to stop.", rich_help_panel=TRAINING),
    ] = None,
    device: Annotated[
        str, typer.Option(help="auto, cpu or cuda.", rich_help_panel=TRAINING)
    ] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the interrupted run in --out.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train on strains, forecast held-out ones, score them beside the controls.

    Writes model, scores.csv, predictions.csv, figures, report.html into --out.

    Ctrl-C leaves a checkpoint there, from which --resume goes on.

    Examples:
      pyscimlode fit limonene --test L2 --out runs/L2

      pyscimlode fit my.csv --time Hour --experiment Strain --test S3,S4

      pyscimlode fit my.csv --test S3 --model node --pir 10 --out runs/node

      pyscimlode fit --resume --out runs/L2
    """
    if quiet:
        hush()
    if resume:
        run, request = _resumed(ctx, out)
    else:
        request = Request(**{f.name: ctx.params[f.name] for f in fields(Request)})
        run = RunFolder.start(out, asdict(request), force=force)
    try:
        result = request.run(progress=not quiet, checkpoint=run.checkpoint, resume=resume)
    except KeyboardInterrupt as error:
        hint = f"Continue with: pyscimlode fit --resume --out {shlex.quote(str(out))}"
        complain(f"Interrupted. {hint if run.checkpoint.is_file() else 'Nothing was kept.'}")
        raise typer.Exit(INTERRUPTED) from error
    written = run.write(result, command_line())
    if quiet:
        return
    for remark in result.provenance.get("engine_notes", ()):
        note(f"Note: {remark}")
    if result.test is None:
        typer.echo("No strain was held out (--test), so there are no scores.")
    else:
        print_scores(result.scores)
    typer.echo("Written: " + ", ".join(str(path) for path in written))


def command_line() -> str:
    """Return the command as it was typed, for the report."""
    return shlex.join(["pyscimlode", *sys.argv[1:]])


def _resumed(ctx: typer.Context, out: Path) -> tuple[RunFolder, Request]:
    """Return the interrupted run; what was asked for then holds, and is not to be changed."""
    run, saved = RunFolder.reopen(out)
    known = {f.name: f for f in fields(Request)}
    request = Request(**{name: value for name, value in saved.items() if name in known})
    for name in known:
        given: Any = ctx.params[name]
        source = ctx.get_parameter_source(name)
        typed = source is not None and source.name == "COMMANDLINE"
        if typed and given != getattr(request, name):
            raise TrainingError(
                f"The interrupted run in {out} had {name.replace('_', '-')}="
                f"{getattr(request, name)!r}, not {given!r}. Leave it out to continue that run, or "
                "start another without --resume."
            )
    return run, request
