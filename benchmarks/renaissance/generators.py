"""Generators trained by the recipes that are compared; trained once, then read from the cache."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.kept import cache_folder
from pyscimlode.artifacts import atomic_write_text, load_arrays, save_arrays
from pyscimlode.kinetics import (
    Evolution,
    EvolutionResult,
    Generation,
    KineticEvaluator,
    KineticGenerator,
    evolve,
    mirrored,
    published,
    window_reward,
)
from pyscimlode.kinetics.generators.rewards import Reward, reward_name

if TYPE_CHECKING:
    from pyscimlode.kinetics.torch import GradientResult

FloatArray = npt.NDArray[np.float64]
DENSITY = 300.0
"""gDW/L, 1200 x 0.25 as in the published training."""
WINDOW = (-10.0, -5.0)
"""Of lambda_max, 1/h: dominant time constants of 6 to 12 min."""
KIND = "training by gradient"
GRADIENT = "gradient"
SMALL: dict[str, Any] = {"noise": 5, "hidden": (16,)}
QUICK: dict[str, Any] = {"population": 4, "models": 20, "generations": 3}
QUICK_STEPS = 5


@dataclass(frozen=True)
class Recipe:
    """How a generator is trained.

    Attributes:
        range: of the generator.
        settings: of the evolution.
        reward: of the evolution.
    """

    range: str = "batch"
    settings: Evolution = field(default_factory=published)
    reward: str | Reward = "incidence"


RECIPES: dict[str, Recipe] = {
    "published": Recipe(),
    "default": Recipe("entry", mirrored()),
    "fastest": Recipe(reward="fastest"),
    "window": Recipe(reward=window_reward(*WINDOW)),
}
"""Trained by evolution; ``"gradient"`` is trained through the largest eigenvalue."""


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained generator and how the training went.

    Attributes:
        name: of the file in the cache.
        evaluator: at the density.
        result: of the training.
        cpu_seconds: of the training.
    """

    name: str
    evaluator: KineticEvaluator
    result: EvolutionResult | GradientResult
    cpu_seconds: float

    @property
    def generator(self) -> KineticGenerator:
        """The generator's description."""
        return self.result.generator

    @property
    def theta(self) -> FloatArray:
        """``(size,)`` weights."""
        return self.result.theta

    def sample(self, models: int, seed: int = 1000) -> FloatArray:
        """Return ln KM ``(models, KM)`` of fresh models, none seen in training."""
        return self.generator.sample(self.theta, models, seed)


def trained(
    recipe: str = "published",
    seed: int = 0,
    density: float = DENSITY,
    *,
    case: str | None = None,
    state: int | None = None,
    generations: int = 50,
    measured: Mapping[str, tuple[float, float]] | None = None,
    quick: bool = False,
) -> Trained:
    """Return a trained generator, from the cache if it is there.

    An evolution that was interrupted goes on from its last generation.

    Args:
        recipe: ``"gradient"`` or a name of :data:`RECIPES`.
        seed: of weights and noise.
        density: gDW/L; without effect on a case whose fluxes are in mM/h.
        case: name; :func:`cases.largest` by default.
        state: number of another steady state of the case; its own by default.
        generations: of an evolution; steps of a gradient training.
        measured: KM name -> (low, high) in ln mM, drawn instead of generated.
        quick: a tiny generator and training that is not kept.
    """
    name = case or cases.largest(quick)
    evaluator = cases.evaluator(name, density, state)
    kind = "entry" if recipe == GRADIENT else RECIPES[recipe].range
    generator = KineticGenerator(
        evaluator.network.km_names, range=kind, measured=measured or {}, **(SMALL if quick else {})
    )
    parts = [name, f"{density:g}", recipe, f"{generations}", f"seed{seed}"]
    if state is not None:
        parts.append(f"state{state}")
    if measured:
        text = json.dumps({k: list(v) for k, v in sorted(measured.items())})
        parts.append("measured-" + sha256(text.encode()).hexdigest()[:8])
    stem = "-".join(parts)
    if recipe == GRADIENT:
        steps = QUICK_STEPS if quick else generations
        return _by_gradient(stem, evaluator, generator, steps, seed, quick)
    settings = replace(RECIPES[recipe].settings, generations=generations, seed=seed)
    if quick:
        settings = replace(settings, **QUICK)
    return _by_evolution(stem, evaluator, generator, settings, RECIPES[recipe].reward, quick)


def _by_evolution(
    stem: str,
    evaluator: KineticEvaluator,
    generator: KineticGenerator,
    settings: Evolution,
    reward: str | Reward,
    quick: bool,
) -> Trained:
    path = None if quick else cache_folder() / f"{stem}.safetensors"
    clock = _Clock(stem, path)
    result = evolve(
        generator,
        evaluator,
        settings,
        reward=reward,
        checkpoint=path,
        resume=path is not None,
        progress=clock,
    )
    return Trained(stem, evaluator, result, sum(clock.seconds))


def _by_gradient(
    stem: str,
    evaluator: KineticEvaluator,
    generator: KineticGenerator,
    steps: int,
    seed: int,
    quick: bool,
) -> Trained:
    from pyscimlode.kinetics.torch import GradientResult, GradientTraining, train_by_gradient

    settings = GradientTraining(steps=steps, seed=seed)
    path = None if quick else cache_folder() / f"{stem}.safetensors"
    if path is not None and path.is_file():
        arrays, noted = load_arrays(path, kind=KIND)
        result = GradientResult(generator=generator, settings=settings, **arrays)
        return Trained(stem, evaluator, result, noted["cpu_seconds"])
    before = time.process_time()
    result = train_by_gradient(generator, evaluator, settings)
    seconds = time.process_time() - before
    if path is not None:
        names = ("theta", "loss", "incidence", "diversity")
        arrays = {name: getattr(result, name) for name in names}
        save_arrays(path, arrays, {"cpu_seconds": seconds}, kind=KIND)
    return Trained(stem, evaluator, result, seconds)


class _Clock:
    """Prints every generation and notes its CPU seconds beside the checkpoint."""

    def __init__(self, stem: str, path: Path | None) -> None:
        self.stem = stem
        self.path = None if path is None else path.with_suffix(".seconds.json")
        self.seconds: list[float] = []
        if self.path is not None and self.path.is_file():
            self.seconds = json.loads(self.path.read_text(encoding="utf-8"))
        self.before = time.process_time()

    def __call__(self, generation: Generation) -> None:
        now = time.process_time()
        self.seconds = [*self.seconds[: generation.number - 1], now - self.before]
        self.before = now
        if self.path is not None:
            atomic_write_text(self.path, json.dumps(self.seconds) + "\n")
        print(self._line(generation), file=sys.stderr, flush=True)

    def _line(self, generation: Generation) -> str:
        return (
            f"{self.stem}: generation {generation.number} of {generation.generations}, "
            f"{generation.incidence.mean():.1%} valid, parent {generation.parent_incidence:.1%}, "
            f"{sum(self.seconds):.0f} s"
        )


def describe(recipe: str) -> dict[str, Any]:
    """Return what a recipe is, as JSON data."""
    if recipe == GRADIENT:
        return {"range": "entry", "training": "gradient"}
    found = RECIPES[recipe]
    reward = found.reward if isinstance(found.reward, str) else reward_name(found.reward)
    return {"range": found.range, "reward": reward, **asdict(found.settings)}
