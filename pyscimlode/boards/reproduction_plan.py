"""What a reproduction does in which order, with the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from pyscimlode.baselines import DerivativeRegression, TPOTBaseline
from pyscimlode.boards.reproduction_baselines import baseline_part
from pyscimlode.boards.reproduction_batch import (
    VARIANTS,
    BatchOptions,
    one_net_part,
    train_batch,
    untrained_part,
)
from pyscimlode.boards.reproduction_parts import Part, PartFolder
from pyscimlode.boards.reproduction_scores import Question, controls_part
from pyscimlode.errors import MissingDependencyError
from pyscimlode.training.progress import duration

NETS = "nets"
"""Sub-folder of the trained nets."""


@dataclass(frozen=True, eq=False)
class Step:
    """One part of the reproduction.

    Attributes:
        name: of the part, fit for a file.
        what: in words.
        make: makes it; is given the folder of the reproduction, if there is one.
        weight: how long it takes, roughly, in units of a batch.
    """

    name: str
    what: str
    make: Callable[[PartFolder | None], Part]
    weight: float = 0.1


def plan(
    questions: Sequence[Question],
    variants: Sequence[str],
    options: BatchOptions,
    tpot_minutes: float | None = None,
) -> list[Step]:
    """Return all steps.

    Raises:
        MissingDependencyError: when TPOT is asked for and is not installed.
    """
    steps = []
    for question in questions:
        strain = question.strain
        for name in variants:
            make = partial(_batch, question, name, options)
            steps.append(Step(f"{strain}-{name}", f"{strain}: {VARIANTS[name].meaning}", make, 1.0))
        steps += [
            Step(f"{strain}-controls", f"{strain}: controls", partial(_controls, question)),
            Step(
                f"{strain}-untrained",
                f"{strain}: untrained",
                partial(_untrained, question, options),
            ),
            Step(
                f"{strain}-regression",
                f"{strain}: regression",
                partial(_regression, question, options),
            ),
            Step(
                f"{strain}-one-net", f"{strain}: one net, timed", partial(_one, question, options)
            ),
        ]
        if tpot_minutes is not None:
            _check_tpot()
            name, what = f"{strain}-tpot-{tpot_minutes:g}-min", f"{strain}: search with TPOT"
            steps.append(Step(name, what, partial(_tpot, question, tpot_minutes, options)))
    return steps


def carry_out(
    steps: Sequence[Step], folder: PartFolder | None, *, progress: bool = True
) -> list[Part]:
    """Make the parts that are not there yet, and return all of them in order."""
    parts: list[Part] = []
    started, done = time.perf_counter(), 0.0
    for index, step in enumerate(steps):
        kept = folder is not None and folder.has(step.name)
        if progress:
            left = 0.0 if kept else sum(later.weight for later in steps[index:])
            spent = time.perf_counter() - started
            _say(f"[{index + 1}/{len(steps)}] {step.what}", spent, done, left)
        make = partial(step.make, folder)
        parts.append(make() if folder is None else folder.part(step.name, make))
        done += 0.0 if kept else step.weight
    return parts


def _say(text: str, spent: float, done: float, left: float) -> None:
    if left == 0.0:
        text += " (kept)"
    elif done > 0.0:
        text += f"; about {duration(spent / done * left)} left in all"
    print(text, file=sys.stderr, flush=True)


def _batch(question: Question, name: str, options: BatchOptions, folder: PartFolder | None) -> Part:
    checkpoint: Path | None = None
    nets: Path | None = None
    if folder is not None:
        checkpoint = folder.checkpoint(f"{question.strain}-{name}")
        nets = folder.path / NETS
    return train_batch(question, VARIANTS[name], options, checkpoint=checkpoint, nets=nets)


def _controls(question: Question, folder: PartFolder | None) -> Part:
    return controls_part(question)


def _untrained(question: Question, options: BatchOptions, folder: PartFolder | None) -> Part:
    return untrained_part(question, options)


def _regression(question: Question, options: BatchOptions, folder: PartFolder | None) -> Part:
    from sklearn.linear_model import Ridge

    regressor = Ridge() if options.regressor == "ridge" else options.regressor
    regression = DerivativeRegression(regressor, interpolation="row", seed=options.seed)
    return baseline_part(question, regression)


def _one(question: Question, options: BatchOptions, folder: PartFolder | None) -> Part:
    return one_net_part(question, options)


def _tpot(
    question: Question, minutes: float, options: BatchOptions, folder: PartFolder | None
) -> Part:
    search = TPOTBaseline(
        max_seconds=60.0 * minutes, interpolation="row", progress=bool(options.progress)
    )
    return baseline_part(question, search)


def _check_tpot() -> None:
    if find_spec("tpot") is None:
        raise MissingDependencyError(
            "A search with TPOT needs the extra: pip install 'pyscimlode[tpot]'; or ask for none "
            "(tpot_minutes=None)."
        )
