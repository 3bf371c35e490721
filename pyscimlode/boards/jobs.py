"""One job: an entrant on all tasks of a protocol with the same number of training strains."""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.baselines.base import Forecaster
from pyscimlode.baselines.controls import GEOMETRIC_OFFSET, control_predictions
from pyscimlode.boards.entrants import Blend, Entrant, Recipe, Trained
from pyscimlode.boards.files import cell_name
from pyscimlode.boards.tasks import Task
from pyscimlode.errors import ArtifactError, BackendUnavailable, DataWarning, MissingDependencyError
from pyscimlode.fitting.recipes import default_objective
from pyscimlode.fitting.run import Cell, FitOptions, Progress, fit_cells
from pyscimlode.predictions import Prediction
from pyscimlode.training import Stage, stage_to_json

FloatArray = npt.NDArray[np.float64]
FATAL = (ArtifactError, BackendUnavailable, MissingDependencyError, KeyboardInterrupt, Warning)
"""What ends a board; anything else costs the entrant its scores."""


@dataclass(frozen=True)
class Training:
    """What all jobs have in common.

    Attributes:
        seeds: of the members of neural models.
        stages: of neural models instead of their own; None: their own.
        pir: factor of the physiology-informed penalty.
        backend: the training engine.
        device: where it runs.
        progress: see :func:`pyscimlode.fit`.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    stages: tuple[Stage, ...] | None = None
    pir: float = 1.0
    backend: str = "torch"
    device: str = "auto"
    progress: Progress = True


@dataclass(frozen=True, eq=False)
class Job:
    """An entrant and its tasks.

    Attributes:
        protocol: of all tasks.
        n: number of training strains of all tasks.
        entrant: who competes.
        trained: task name -> what is trained for it.
        tasks: all tasks, by name.
    """

    protocol: str
    n: int
    entrant: Entrant
    trained: Mapping[str, Trained]
    tasks: Mapping[str, Task]

    @property
    def name(self) -> str:
        """Name of the file of its forecasts."""
        return cell_name(self.protocol, self.n, self.entrant.name)

    def request(self, training: Training) -> dict[str, Any]:
        """Return everything that decides its forecasts, as JSON data."""
        data = {t.name: [t.train.content_hash, t.test.content_hash] for t in self.tasks.values()}
        models = {name: describe(what, self.n, training) for name, what in self.trained.items()}
        return {"data": data, "model": models}


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a job.

    Attributes:
        forecasts: task name -> forecast of its held-out strains.
        seconds: task name -> its share of the time.
        failures: task name -> what went wrong; its forecast is NaN.
        remarks: about the data, that training made.
        notes: warnings of the entrant, such as of a search that found nothing.
    """

    forecasts: Mapping[str, Prediction]
    seconds: Mapping[str, float]
    failures: Mapping[str, str]
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def describe(what: Trained, n: int, training: Training) -> Any:
    """Return what is trained as JSON data, for comparisons of requests."""
    if isinstance(what, Recipe):
        return {
            "model": what.model.to_json(),
            "stages": [stage_to_json(stage) for stage in _stages(what, n, training)],
            "seeds": list(training.seeds),
            "pir": training.pir,
            "backend": training.backend,
        }
    return re.sub(r" at 0x[0-9a-f]+", "", repr(what))


def run_job(
    job: Job,
    training: Training,
    known: Mapping[tuple[str, str], Prediction],
    checkpoint: Path | None = None,
) -> Outcome:
    """Train and forecast all tasks of a job; tasks of one layout and model train as one batch.

    Args:
        job: what to do.
        training: how.
        known: (task name, model name) -> forecasts that are there already, for blends.
        checkpoint: beginning of the names of files that interrupted training goes on from.

    An entrant that fails has NaN and a reason, and the other tasks go on.
    """
    forecasts: dict[str, Prediction] = {}
    seconds: dict[str, float] = {}
    failures: dict[str, str] = {}
    remarks: dict[str, None] = {}
    notes: dict[str, None] = {}
    for number, tasks in enumerate(_batches(job, training)):
        started = time.monotonic()
        file = None if checkpoint is None else checkpoint.with_name(f"{checkpoint.name}-{number}")
        try:
            with collected(remarks, notes):
                found = _forecast(job, tasks, training, known, file)
        except FATAL:
            raise
        except Exception as error:
            found = [failed_forecast(task) for task in tasks]
            failures |= {task.name: f"{type(error).__name__}: {error}" for task in tasks}
        spent = (time.monotonic() - started) / len(tasks)
        forecasts |= {task.name: one for task, one in zip(tasks, found, strict=True)}
        seconds |= {task.name: round(spent, 3) for task in tasks}
    return Outcome(forecasts, seconds, failures, tuple(remarks), tuple(notes))


@contextmanager
def collected(remarks: dict[str, None], notes: dict[str, None]) -> Iterator[None]:
    """Collect warnings instead of showing them.

    Args:
        remarks: gets those about data.
        notes: gets those about what is computed (``RuntimeWarning``). Others are shown.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DataWarning)
        warnings.simplefilter("always", RuntimeWarning)
        yield
    for item in caught:
        if issubclass(item.category, DataWarning):
            remarks[str(item.message)] = None
        elif issubclass(item.category, RuntimeWarning):
            notes[str(item.message)] = None
        else:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)


def _batches(job: Job, training: Training) -> list[list[Task]]:
    """Return the tasks that are trained together; what is no neural model trains one by one."""
    batches: dict[str, list[Task]] = {}
    for name, task in job.tasks.items():
        what = job.trained[name]
        key = name
        if isinstance(what, Recipe):
            layout = [list(task.train.state_names), list(task.train.control_names)]
            key = json.dumps([layout, describe(what, job.n, training)], sort_keys=True)
        batches.setdefault(key, []).append(task)
    return list(batches.values())


def _forecast(
    job: Job,
    tasks: Sequence[Task],
    training: Training,
    known: Mapping[tuple[str, str], Prediction],
    checkpoint: Path | None,
) -> list[Prediction]:
    what = job.trained[tasks[0].name]
    if isinstance(what, Recipe):
        return _train(what, job.n, tasks, training, checkpoint)
    if isinstance(what, Blend):
        return [blended(task, what, known[task.name, what.entrant]) for task in tasks]
    forecaster: Forecaster = what
    return [checked(forecaster.fit(task.train).predict(task.test), task) for task in tasks]


def _train(
    recipe: Recipe, n: int, tasks: Sequence[Task], training: Training, checkpoint: Path | None
) -> list[Prediction]:
    options = FitOptions(
        model=recipe.model,
        stages=_stages(recipe, n, training),
        objective=default_objective("forecast", None),
        protocol="forecast",
        solver=SolverSpec("auto"),
        seeds=training.seeds,
        backend=training.backend,
        device=training.device,
        progress=training.progress,
        checkpoint=checkpoint,
        resume=checkpoint is not None and checkpoint.is_file(),
    )
    cells = [Cell(task.train, task.test, training.pir, (("task", task.name),)) for task in tasks]
    results = fit_cells(cells, options)
    forecasts = [result.predict(task.test) for result, task in zip(results, tasks, strict=True)]
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return forecasts


def _stages(recipe: Recipe, n: int, training: Training) -> tuple[Stage, ...]:
    return recipe.stages_for(n) if training.stages is None else training.stages


def checked(forecast: Prediction, task: Task) -> Prediction:
    """Return a forecast that has all held-out strains at their own times.

    Raises:
        ValueError: it has not.
    """
    for experiment in task.test:
        values = forecast.members.get(experiment.name)
        if values is None or values.shape[1:] != experiment.states.shape:
            raise ValueError(
                f"the forecast of {experiment.name!r} has shape "
                f"{None if values is None else values.shape}, not (members, times, states) = "
                f"(..., {', '.join(map(str, experiment.states.shape))})"
            )
    return forecast


def blended(task: Task, blend: Blend, forecast: Prediction) -> Prediction:
    """Return the geometric mean (offset 1e-3) of a forecast's members and a control."""
    control = control_predictions(task.train, task.test)[blend.control]
    members = {
        name: np.exp(0.5 * (_log(values) + _log(control[name])[None])) - GEOMETRIC_OFFSET
        for name, values in forecast.members.items()
    }
    return replace(forecast, members=members, notes=())


def _log(values: FloatArray) -> FloatArray:
    return np.asarray(np.log(np.maximum(values, 0.0) + GEOMETRIC_OFFSET))


def control_forecasts(task: Task) -> dict[str, Prediction]:
    """Return control -> its forecast of the held-out strains."""
    return {
        control: _prediction(task, {name: z[None] for name, z in values.items()}, Status.SUCCESS)
        for control, values in control_predictions(task.train, task.test).items()
    }


def failed_forecast(task: Task) -> Prediction:
    """Return a forecast that is NaN, of one member."""
    members = {e.name: np.full((1, *e.states.shape), np.nan) for e in task.test}
    return _prediction(task, members, Status.NON_FINITE)


def _prediction(task: Task, members: Mapping[str, FloatArray], status: Status) -> Prediction:
    codes = {name: np.full(len(values), int(status)) for name, values in members.items()}
    return Prediction(
        state_names=task.test.state_names,
        times={e.name: e.times for e in task.test},
        members=members,
        status=codes,
        time_unit=task.test.time_unit,
    )
