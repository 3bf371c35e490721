"""How ``pyscimlode kinetics train`` trains a generator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.cli.kinetic_models import Steps, processes
from pyscimlode.errors import TrainingError, TrainingInterrupted

if TYPE_CHECKING:
    from pyscimlode.kinetics import EvolutionResult, KineticEvaluator, KineticGenerator
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
    from pyscimlode.kinetics import evolution, evolve

    settings = getattr(evolution, recipe)(**options)
    steps = Steps("generation", settings.generations, shown=not quiet)
    try:
        with processes(workers) as executor:
            return evolve(
                generator,
                evaluator,
                settings,
                reward=reward,
                executor=executor,
                progress=lambda g: steps.step(
                    f"{g.incidence.mean():.1%} valid, parent {g.parent_incidence:.1%}", g.number
                ),
                checkpoint=checkpoint,
                resume=True,
            )
    except KeyboardInterrupt:
        again = "run the same command again to go on"
        there = f"{checkpoint} has what was done; {again}." if checkpoint.exists() else ""
        raise TrainingInterrupted(f"Interrupted. {there}", checkpoint) from None
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
    shown = Steps("step", settings.steps, shown=not quiet)
    return train_by_gradient(
        generator,
        evaluator,
        settings,
        progress=lambda s: shown.step(f"{s.incidence:.1%} valid, loss {s.loss:.3g}"),
    )
