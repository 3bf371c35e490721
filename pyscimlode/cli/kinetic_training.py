"""How ``pyscimlode kinetics train`` trains a generator."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.cli.kinetic_models import processes, two_numbers
from pyscimlode.errors import TrainingError, TrainingInterrupted

if TYPE_CHECKING:
    from pyscimlode.kinetics import EvolutionResult, KineticEvaluator, KineticGenerator
    from pyscimlode.kinetics.generators.rewards import Reward
    from pyscimlode.kinetics.torch import GradientResult

RECIPES = ("published", "mirrored", "gradient")


def by_evolution(
    generator: KineticGenerator,
    evaluator: KineticEvaluator,
    recipe: str,
    options: dict[str, Any],
    checkpoint: Path,
    reward: str,
    workers: int,
    quiet: bool,
) -> EvolutionResult:
    """Train by an evolution, with progress and a checkpoint.

    Raises:
        TrainingError: settings that are not valid, or a checkpoint of another evolution.
        TrainingInterrupted: Ctrl-C; the message says how to go on.
    """
    from pyscimlode.kinetics import evolve, mirrored, published

    recipes = {"published": published, "mirrored": mirrored}
    try:
        with processes(workers) as executor:
            return evolve(
                generator,
                evaluator,
                recipes[recipe](**options),
                reward=_reward(reward),
                executor=executor,
                progress=_every("generation", quiet),
                checkpoint=checkpoint,
                resume=True,
            )
    except TrainingInterrupted as stop:
        again = "run the same command again to go on"
        there = f" {checkpoint} has what was done; {again}." if checkpoint.exists() else ""
        raise TrainingInterrupted(f"Interrupted.{there}", checkpoint, stop.state) from None
    except TrainingError as error:
        if checkpoint.exists():
            error.add_note("On the command line, --force starts afresh.")
        raise


def by_gradient(
    generator: KineticGenerator,
    evaluator: KineticEvaluator,
    steps: int | None,
    options: dict[str, Any],
    quiet: bool,
) -> GradientResult:
    """Train by gradient, with progress; ``steps=None`` for the default."""
    from pyscimlode.kinetics.torch import GradientTraining, train_by_gradient

    settings = GradientTraining(**options, **({"steps": steps} if steps else {}))
    return train_by_gradient(generator, evaluator, settings, progress=_every("step", quiet))


def _reward(text: str) -> str | Reward:
    """Return the name of a reward, or the reward of a window LOW:HIGH.

    Raises:
        TrainingError: a window that is none.
    """
    from pyscimlode.kinetics import window_reward

    if ":" not in text:
        return text
    low, high = two_numbers(text)
    if math.isnan(low) or math.isnan(high):
        raise TrainingError(
            f"--reward {text!r}: give a window as two numbers per hour, such as --reward=-10:-5."
        )
    return window_reward(low, high)


def _every(what: str, quiet: bool) -> Callable[[Any], None] | bool:
    """Return what writes a line after every step, with the time left."""
    from pyscimlode.kinetics.progress import StepLines

    lines = StepLines(what, quiet=0.0, every=0.0)
    total = f"{what}s"
    return not quiet and (lambda done: lines(done.number, getattr(done, total), str(done)))
