"""One batch of training: all cells of a sweep and all seeds as members of one problem."""

from __future__ import annotations

import hashlib
import json
import platform
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode._version import __version__
from pyscimlode.backends.base import Backend, Session
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.data.validation import validate_for_training
from pyscimlode.errors import (
    BackendUnavailable,
    ExperimentError,
    TrainingError,
    TrainingWarning,
)
from pyscimlode.models import scaling as scales
from pyscimlode.models.base import Model
from pyscimlode.objectives.protocols import Protocol, identity_rows
from pyscimlode.problem import Member, Objective, Problem, build_problem
from pyscimlode.results import FitResult
from pyscimlode.training import (
    Event,
    Stage,
    TrainState,
    Validation,
    history_frame,
    make_progress,
    stage_to_json,
    train,
)

FloatArray = npt.NDArray[np.float64]
Progress = bool | Callable[[Event], None]


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep: what is trained on, what is held out, and the penalty's factor."""

    train: Dataset
    test: Dataset | None
    pir: float
    key: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class FitOptions:
    """Everything that the cells of a sweep have in common; see :func:`pyscimlode.fit`."""

    model: Model
    stages: tuple[Stage, ...]
    objective: Objective
    protocol: Protocol
    solver: SolverSpec
    seeds: tuple[int, ...]
    backend: str = "torch"
    device: str = "auto"
    dtype: str = "auto"
    weighting: Literal["state", "cell"] = "state"
    score_scale: Literal["all", "test"] = "all"
    progress: Progress = True
    checkpoint: Path | None = None
    resume: bool = False
    early_stopping: str | None = None
    lipschitz: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)


def fit_cells(cells: Sequence[Cell], options: FitOptions) -> list[FitResult]:
    """Train all cells x seeds as one batch and return one result a cell.

    Raises:
        BackendUnavailable: the engine does not run here.
        TrainingError: training cannot start or be resumed, or was interrupted.
        DataError: the data cannot be trained on.
    """
    started = time.monotonic()
    cells = [_in_protocol(cell, options.protocol) for cell in cells]
    for cell in cells:
        validate_for_training(cell.train, cell.test)
    table = _union(cells)
    members = _members(cells, options)
    problem = build_problem(
        table,
        options.model,
        members,
        objective=options.objective,
        weighting=options.weighting,
    )
    state, resolved = _train(table, problem, members, options)
    _warn_of_failures(state, options)
    shared = {
        **_versions(options.backend),
        **resolved,
        **options.provenance,
        "training_seconds": round(time.monotonic() - started, 3),
    }
    return [
        _result(cell, index, problem, members, state, options, shared)
        for index, cell in enumerate(cells)
    ]


def _warn_of_failures(state: TrainState, options: FitOptions) -> None:
    last = {report.member: report for report in state.reports}
    failed = [member for member, report in last.items() if not np.isfinite(report.loss)]
    if failed:
        warnings.warn(
            f"{len(failed)} of {len(last)} members cannot be solved on all training strains with "
            f"their final parameters (solver={options.solver.method!r}, "
            f"max_steps={options.solver.max_steps}). Train with an implicit solver such as "
            "solver='rosenbrock', raise max_steps, or lower the learning rate.",
            TrainingWarning,
            stacklevel=4,
        )


def _in_protocol(cell: Cell, protocol: Protocol) -> Cell:
    if protocol == "forecast":
        return cell
    test = None if cell.test is None else identity_rows(cell.test)
    return replace(cell, train=identity_rows(cell.train), test=test)


def _union(cells: Sequence[Cell]) -> Dataset:
    """Return all experiments that any cell trains on, each once."""
    experiments = {e.name: e for cell in cells for e in cell.train}
    return replace(cells[0].train, experiments=tuple(experiments.values()))


def _members(cells: Sequence[Cell], options: FitOptions) -> list[Member]:
    members = []
    for cell in cells:
        names = _without_validation(cell.train, options.early_stopping)
        members += [Member(names, seed, cell.pir, cell.key) for seed in options.seeds]
    return members


def _without_validation(train: Dataset, strain: str | None) -> tuple[str, ...]:
    if strain is None:
        return train.names
    if strain not in train.strains:
        raise ExperimentError(
            f"early_stopping={strain!r} is not a training strain ({', '.join(train.strains)}). "
            "Name a training strain; the held-out strain must not decide when to stop."
        )
    names = tuple(e.name for e in train if e.strain != strain)
    if not names:
        raise ExperimentError(f"{strain!r} is the only training strain; nothing is left to train.")
    return names


def _train(
    table: Dataset, problem: Problem, members: Sequence[Member], options: FitOptions
) -> tuple[TrainState, dict[str, Any]]:
    backend = available_backend(options.backend)
    theta = np.stack(
        [
            problem.model.initial(
                problem.n_states, problem.n_controls, np.random.default_rng(member.seed)
            )
            for member in members
        ]
    )

    def open_session(what: Problem) -> Session:
        return backend.open(what, options.solver, device=options.device, dtype=options.dtype)

    resume = options.checkpoint if options.resume else None
    if options.resume and (resume is None or not resume.exists()):
        raise TrainingError(
            f"resume=True, but there is no checkpoint at {resume}. Name the checkpoint of the "
            "interrupted run, or leave resume out to start afresh."
        )
    on_event = make_progress(options.progress)
    with open_session(problem) as session:
        validation = None
        if options.early_stopping is not None:
            held = _validation_problem(table, problem, members, options)
            validation = Validation(open_session(held))
        state = train(
            session,
            theta,
            options.stages,
            validation=validation,
            on_event=on_event,
            checkpoint=options.checkpoint,
            resume=resume,
            lipschitz=options.lipschitz,
            fingerprint=fingerprint(table, problem, members, options),
        )
        resolved = {"engine_notes": list(getattr(session, "notes", ()))}
    return state, resolved


def available_backend(name: str) -> Backend:
    """Return an engine that runs here.

    Raises:
        BackendUnavailable: it is not installed or does not run; the message says what to do.
    """
    backend = get_backend(name)
    capabilities = backend.capabilities()
    if not capabilities.available:
        raise BackendUnavailable(f"backend={name!r} does not run here: {capabilities.reason}")
    return backend


def _validation_problem(
    table: Dataset, problem: Problem, members: Sequence[Member], options: FitOptions
) -> Problem:
    strain = options.early_stopping
    names = tuple(e.name for e in table if e.strain == strain)
    held = build_problem(
        table,
        options.model,
        [replace(member, train=names) for member in members],
        objective=options.objective,
        weighting=options.weighting,
        scaling=problem.scaling,
    )
    return replace(held, loss_scale=problem.loss_scale)


def fingerprint(
    table: Dataset, problem: Problem, members: Sequence[Member], options: FitOptions
) -> str:
    """Return a hash of everything that decides the course of training except the stages."""
    described = {
        "data": table.content_hash,
        "model": problem.model.to_json(),
        "members": [asdict(member) for member in members],
        "objective": asdict(options.objective),
        "solver": asdict(options.solver),
        "weighting": options.weighting,
        "backend": options.backend,
        "dtype": options.dtype,
        "early_stopping": options.early_stopping,
    }
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _result(
    cell: Cell,
    index: int,
    problem: Problem,
    members: Sequence[Member],
    state: TrainState,
    options: FitOptions,
    shared: Mapping[str, Any],
) -> FitResult:
    n_seeds = len(options.seeds)
    rows = slice(index * n_seeds, (index + 1) * n_seeds)
    chosen = list(range(rows.start, rows.stop))
    history = history_frame(state)
    history = history[history["member"].isin(chosen)].reset_index(drop=True)
    history["member"] = history["member"] - rows.start
    return FitResult(
        model=problem.model,
        theta=state.theta[rows].copy(),
        scaling=scales.stack([scales.member(problem.scaling, i) for i in chosen]),
        members=tuple(members[rows]),
        train=cell.train,
        test=cell.test,
        protocol=options.protocol,
        objective=options.objective,
        solver=options.solver,
        backend=options.backend,
        device=options.device,
        dtype=options.dtype,
        score_scale=options.score_scale,
        history=history,
        stages=tuple(stage_to_json(stage) for stage in options.stages),
        provenance={
            **shared,
            "lipschitz": options.lipschitz,
            "stage_results": state.stage_results(chosen),
            "train_hash": cell.train.content_hash,
            "test_hash": None if cell.test is None else cell.test.content_hash,
        },
    )


def _versions(backend: str) -> dict[str, Any]:
    capabilities = get_backend(backend).capabilities()
    return {
        "pyscimlode": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        **capabilities.versions,
    }
