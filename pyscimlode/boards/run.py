"""Run a board: job after job, each kept as soon as it is done."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pyscimlode._version import __version__
from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.entrants import CONTROL_NAMES, Entrant
from pyscimlode.boards.files import CELLS, read_about, read_cell, save, write_cell
from pyscimlode.boards.findings import task_warnings
from pyscimlode.boards.jobs import Job, Outcome, Training, control_forecasts, run_job
from pyscimlode.boards.progress import BoardProgress
from pyscimlode.boards.scores import CONTROL
from pyscimlode.boards.tasks import Task
from pyscimlode.errors import ArtifactError, ModelError, TrainingInterrupted
from pyscimlode.predictions import Prediction

PACKAGES = ("numpy", "scipy", "torch", "scikit-learn", "tpot")
MOST_LETTERS = 60
"""Of settings that an error shows."""
MOST_NOTES = 3
"""Remarks of one forecast, and about the data of one protocol, that are kept."""


def run_board(
    tasks: Sequence[Task],
    entrants: Sequence[Entrant],
    training: Training,
    *,
    out: Path | None = None,
    command: str = "",
) -> Comparison:
    """Train and score all entrants on all tasks, beside the controls.

    Args:
        tasks: in the order of the table.
        entrants: in the order of the table.
        training: what all of them have in common.
        out: folder for the comparison (see :func:`~pyscimlode.boards.files.prepare_folder`);
            every job is kept there as soon as it is done, and not done again if it is there.
        command: what was asked for, to be kept.

    Raises:
        ArtifactError: what is in ``out`` was made with other settings.
        ModelError: no entrant applies to any task.
        TrainingInterrupted: Ctrl-C; what is done is in ``out``.
    """
    jobs, remarks = make_jobs(tasks, entrants)
    by_name = {task.name: task for task in tasks}
    progress = BoardProgress(len(jobs), shown=training.progress is True)
    forecasts: dict[tuple[str, str], Prediction] = {}
    cells: dict[str, dict[str, Any]] = {}
    for job in jobs:
        file = None if out is None else out / CELLS / f"{job.name}.safetensors"
        request = job.request(training)
        kept = _kept(job, file, request, by_name) if file is not None else None
        progress.start(f"{job.protocol}, n={job.n}, {job.entrant.name}", done=kept is not None)
        if kept is None:
            outcome = _run(job, training, forecasts, out, request, len(cells), len(jobs))
            about = {
                "model": job.entrant.name,
                "request": request,
                "seconds": dict(outcome.seconds),
                "failures": dict(outcome.failures),
                "remarks": list(outcome.remarks),
                "notes": list(outcome.notes),
            }
            kept = {(name, job.entrant.name): f for name, f in outcome.forecasts.items()}, about
            if file is not None:
                write_cell(file, *kept)
        forecasts |= kept[0]
        cells[job.name] = kept[1]
    controls = {task.name: control_forecasts(task) for task in tasks}
    forecasts |= {
        (task, name): controls[task][name]
        for name in CONTROL_NAMES
        for task in controls
        if name in controls[task]
    }
    kinds = {entrant.name: entrant.kind for entrant in entrants}
    comparison = Comparison.from_forecasts(
        tasks,
        forecasts,
        {name: kinds.get(name, CONTROL) for _, name in forecasts},
        warnings=[*task_warnings(tasks), *remarks, *_remarks(jobs, cells, forecasts)],
        settings={
            "command": command,
            "seeds": list(training.seeds),
            "versions": versions(),
            "seconds": _seconds(cells),
            "cells": cells,
        },
    )
    if out is not None:
        save(comparison, out, kept=cells)
    return comparison


def make_jobs(
    tasks: Sequence[Task], entrants: Sequence[Entrant]
) -> tuple[list[Job], tuple[str, ...]]:
    """Return one job for each protocol, number of training strains and entrant, and remarks.

    Raises:
        ModelError: no entrant applies to any task.
    """
    groups: dict[tuple[str, int], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.protocol, task.n), []).append(task)
    jobs, remarks = [], []
    for (protocol, n), group in groups.items():
        for entrant in entrants:
            built = {task.name: entrant.build(task) for task in group}
            trained = {name: what for name, what in built.items() if what is not None}
            chosen = {task.name: task for task in group if task.name in trained}
            if trained:
                jobs.append(Job(protocol, n, entrant, trained, chosen))
            if len(trained) < len(built):
                remarks.append(
                    f"{entrant.name} is left out of {protocol}: no known pathway has its species "
                    "and enzymes among the columns."
                )
    if not jobs:
        raise ModelError(" ".join(dict.fromkeys(remarks)))
    return jobs, tuple(dict.fromkeys(remarks))


def versions() -> dict[str, str]:
    """Return the versions that decide the numbers."""
    found = {"pyscimlode": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _kept(
    job: Job, file: Path, request: Mapping[str, Any], tasks: Mapping[str, Task]
) -> tuple[dict[tuple[str, str], Prediction], dict[str, Any]] | None:
    """Return what an earlier run made of a job; None if it did not, or failed.

    Raises:
        ArtifactError: it was asked for something else.
    """
    if not file.is_file():
        return None
    before = read_about(file).get("request", {})
    now = json.loads(json.dumps(request))
    for part, what in (("data", "the strains"), ("model", "the model or its training")):
        if before.get(part) != now[part]:
            raise ArtifactError(
                f"{file} was made with other settings: {what} of {job.entrant.name!r} in "
                f"{job.protocol!r} changed{_difference(before.get(part), now[part])}. Use the same "
                "settings, remove the file, or choose another folder."
            )
    forecasts, about = read_cell(file, tasks)
    return None if about["failures"] else (forecasts, about)


def _difference(before: Any, now: Any, where: str = "") -> str:
    """Return `` (seeds: [0] before, [0, 1] now)`` for the first difference of two JSON data."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in [*before, *(k for k in now if k not in before)]:
            if key not in now:
                return f" ({key} is not asked for now)"
            if key not in before:
                return f" ({key} is new)"
            if before[key] != now[key]:
                return _difference(before[key], now[key], str(key))
    texts = (str(before), str(now))
    if max(map(len, texts)) > MOST_LETTERS:
        return f" ({where} differs)" if where else ""
    return f" ({where}: {texts[0]} before, {texts[1]} now)"


def _run(
    job: Job,
    training: Training,
    forecasts: Mapping[tuple[str, str], Prediction],
    out: Path | None,
    request: Mapping[str, Any],
    done: int,
    total: int,
) -> Outcome:
    checkpoint = None
    if out is not None:
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
        checkpoint = out / CELLS / f"{job.name}.checkpoint-{digest}"
    try:
        return run_job(job, training, forecasts, checkpoint)
    except KeyboardInterrupt as error:
        kept = (
            f"They are in {out}; go on with resume=True."
            if out is not None
            else "Nothing is kept; name a folder with out= to be able to go on."
        )
        raise TrainingInterrupted(
            f"The comparison was interrupted after {done} of {total} jobs. {kept}", out
        ) from error


def _seconds(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return task -> model -> seconds."""
    seconds: dict[str, dict[str, float]] = {}
    for about in cells.values():
        for task, spent in about["seconds"].items():
            seconds.setdefault(task, {})[about["model"]] = spent
    return seconds


def _remarks(
    jobs: Sequence[Job],
    cells: Mapping[str, Mapping[str, Any]],
    forecasts: Mapping[tuple[str, str], Prediction],
) -> list[str]:
    """Return what went wrong, what forecasts have to say, and remarks about the data."""
    failures = [
        f"{about['model']} failed on {task}, its scores there are NaN: {reason}"
        for about in cells.values()
        for task, reason in about["failures"].items()
    ]
    notes = [
        f"{task}, {model}: {note}"
        for (task, model), forecast in forecasts.items()
        for note in forecast.notes[:MOST_NOTES]
    ]
    about_data: dict[str, dict[str, None]] = {}
    for job in jobs:
        about_data.setdefault(job.protocol, {}).update(dict.fromkeys(cells[job.name]["remarks"]))
        notes += _first(f"{job.protocol}, {job.entrant.name}", cells[job.name].get("notes", []))
    for protocol, remarks in about_data.items():
        notes += _first(protocol, list(remarks))
    return [*failures, *notes]


def _first(where: str, remarks: Sequence[str]) -> list[str]:
    """Return the first remarks, and how many more there are."""
    shown = [f"{where}: {remark}" for remark in remarks[:MOST_NOTES]]
    more = len(remarks) - len(shown)
    return [*shown, f"{where}: {more} more remarks like these."] if more else shown
