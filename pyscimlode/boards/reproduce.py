"""``reproduce``: the published tables, made again, with everything needed to read them."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode._version import __version__
from pyscimlode.boards.published import PENALTIES, SCORES
from pyscimlode.data.registry import load
from pyscimlode.errors import DataError, ExperimentError, TrainingError, did_you_mean

if TYPE_CHECKING:
    from pyscimlode.boards.reproduction import Reproduction
    from pyscimlode.boards.reproduction_batch import BatchOptions
    from pyscimlode.boards.reproduction_parts import Part
    from pyscimlode.boards.reproduction_scores import Question
    from pyscimlode.data.dataset import Dataset
    from pyscimlode.training import Stage

VARIANT_NAMES = ("as-published", "detached", "differentiable")
"""What is trained: the penalty without gradient and the published L-BFGS; the same with a real
BFGS; the penalty with its gradient and a real BFGS."""

QUICK_SEEDS = 2
QUICK_STEPS = 3
PUBLISHED_ITERATIONS = 1000


def reproduce(
    pathways: Sequence[str] | Mapping[str, Dataset] = ("limonene", "isopentenol"),
    *,
    pir: Sequence[float] = PENALTIES,
    seeds: int = 3,
    seed: int = 0,
    variants: Sequence[str] = VARIANT_NAMES,
    stages: Sequence[Stage] | None = None,
    solver: str = "auto",
    device: str = "auto",
    dtype: str = "auto",
    tpot_minutes: float | None = None,
    quick: bool = False,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = True,
) -> Reproduction:
    """Reproduce Tables III, IV and V of the paper, and score the same nets as true forecasts.

    The published protocol (``protocol="identity"``): every strain is interpolated to 200 rows, and
    the published net is asked to bring each row, 72 h later, back to where it started. It is
    trained on the low and the high producer and scored on the medium one. A field that is zero
    everywhere is perfect under it, so the tables show it beside the nets, and nets as they are
    before any training; nothing is ranked. Then each of those nets is run as a forecast: from the
    strain's state at t0 to all measured times, beside the controls.

    Args:
        pathways: names of the data sets, ``"limonene"`` and ``"isopentenol"``; or name -> data
            set, with the strains and columns of these.
        pir: factors lambda of the physiology-informed penalty.
        seeds: nets a factor.
        seed: of the first one.
        variants: any of :data:`VARIANT_NAMES`.
        stages: what is trained; None: the published recipe, 300 epochs of Adam, then BFGS. The
            variant ``"as-published"`` takes the published L-BFGS in place of what follows Adam.
        solver: as for :func:`pyscimlode.fit`.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``.
        dtype: ``"auto"``, ``"float64"``, ``"float32"``.
        tpot_minutes: minutes a pathway for a search with TPOT (extra ``tpot``); None: none.
        quick: two seeds and three steps a stage, to see that everything works.
        out: a folder that tables, notes and trained nets are written to. Finished batches are kept
            there while it runs.
        resume: go on in ``out`` where an interrupted reproduction stopped.
        progress: whether to say on standard error what is done and how long it will take.

    Returns:
        tables, notes computed from the numbers, and the rows behind them.

    Raises:
        DataError: for an unknown pathway, or one without published tables.
        DownloadError: when the measured data are not here and cannot be downloaded.
        TrainingError: for unknown variants or numbers out of range, or nothing to resume.
        TrainingInterrupted: Ctrl-C; with ``out``, ``resume=True`` goes on from there.
        MissingDependencyError: for TPOT that is not installed.
        ArtifactError: when ``out`` holds something else.

    Example::

        reproduction = pyscimlode.reproduce(out="reproduce")
        print(reproduction)
        print(reproduction.to_markdown())
        reproduction.plot("L2")
    """
    from pyscimlode.boards.reproduction_batch import BatchOptions
    from pyscimlode.boards.reproduction_parts import PartFolder
    from pyscimlode.boards.reproduction_plan import carry_out, plan

    _check(pir, seeds, variants, tpot_minutes)
    if resume and out is None:
        raise TrainingError("resume=True needs out=..., the folder of the interrupted run.")
    options = BatchOptions(
        pir=tuple(float(value) for value in pir),
        seeds=min(seeds, QUICK_SEEDS) if quick else seeds,
        seed=seed,
        stages=_stages(stages, quick),
        solver=solver,
        device=device,
        dtype=dtype,
        fixed_steps=QUICK_STEPS if quick else PUBLISHED_ITERATIONS,
        regressor="ridge" if quick else "extra-trees",
        progress=progress,
    )
    questions = _questions(pathways)
    steps = plan(questions, variants, options, tpot_minutes)
    settings = _settings(questions, variants, options, quick)
    folder = None if out is None else PartFolder.start(Path(out), settings, resume=resume)
    started = time.perf_counter()
    parts = carry_out(steps, folder, progress=progress)
    seconds = round(time.perf_counter() - started, 1)
    settings |= {"seconds": seconds, "resumed": resume, **_versions()}
    result = _reproduction(parts, settings)
    if out is not None:
        result.save(out)
    return result


def _check(
    pir: Sequence[float], seeds: int, variants: Sequence[str], tpot_minutes: float | None
) -> None:
    if seeds < 1:
        raise TrainingError(f"seeds={seeds}: at least one net a penalty.")
    if not pir or any(not value >= 0 for value in pir) or len(set(pir)) < len(pir):
        raise TrainingError(f"pir={tuple(pir)!r}: different factors, zero or positive.")
    for name in variants:
        if name not in VARIANT_NAMES:
            raise TrainingError(
                f"There is no variant {name!r}; there are {', '.join(VARIANT_NAMES)}."
                + did_you_mean(str(name), VARIANT_NAMES)
            )
    if not variants:
        raise TrainingError(f"variants: name at least one of {', '.join(VARIANT_NAMES)}.")
    if tpot_minutes is not None and not tpot_minutes > 0:
        raise TrainingError(f"tpot_minutes={tpot_minutes!r}: a positive number of minutes.")


def _questions(pathways: Sequence[str] | Mapping[str, Dataset]) -> list[Question]:
    from pyscimlode.boards.reproduction_scores import Question

    names = [pathways] if isinstance(pathways, str) else list(pathways)
    questions = []
    for name in names:
        if name not in SCORES:
            raise DataError(
                f"There are no published tables of {name!r}, only of {', '.join(SCORES)}."
                + did_you_mean(str(name), SCORES)
            )
        data = pathways[name] if isinstance(pathways, Mapping) else load(name)
        strain = SCORES[name].strain
        if strain not in data.strains:
            raise ExperimentError(
                f"The data set given for {name!r} has no strain {strain!r}, on which the published "
                f"table is; its strains are {', '.join(data.strains)}."
            )
        questions.append(Question(name, strain, data))
    if not questions:
        raise DataError(f"pathways: name at least one of {', '.join(SCORES)}.")
    return questions


def _stages(stages: Sequence[Stage] | None, quick: bool) -> tuple[Stage, ...]:
    from pyscimlode.training import PUBLISHED_STAGES, Adam, Collocation

    chosen = PUBLISHED_STAGES if stages is None else tuple(stages)
    if not any(isinstance(stage, Adam) for stage in chosen):
        raise TrainingError("stages: a reproduction needs a stage of Adam.")
    if not quick:
        return chosen
    return tuple(
        replace(stage, steps=QUICK_STEPS)
        if isinstance(stage, Adam | Collocation)
        else replace(stage, max_iters=QUICK_STEPS)
        for stage in chosen
    )


def _settings(
    questions: Sequence[Question],
    variants: Sequence[str],
    options: BatchOptions,
    quick: bool,
) -> dict[str, Any]:
    """Return what decides the numbers, as JSON data."""
    from pyscimlode.training import stage_to_json

    described = {name: value for name, value in asdict(options).items() if name != "progress"}
    return {
        "pyscimlode": __version__,
        "data": {q.pathway: q.data.content_hash for q in questions},
        "strains": {q.strain: q.pathway for q in questions},
        "variants": list(variants),
        **described,
        "pir": list(options.pir),
        "stages": [stage_to_json(stage) for stage in options.stages],
        "quick": quick,
    }


def _versions() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _reproduction(parts: Sequence[Part], settings: Mapping[str, Any]) -> Reproduction:
    from pyscimlode.boards.reproduction import Reproduction
    from pyscimlode.boards.reproduction_parts import joined

    whole = joined(parts)
    return Reproduction(
        table=whole.scores,
        stages=whole.stages,
        weights=whole.weights,
        times=whole.times,
        settings=dict(settings),
    )
