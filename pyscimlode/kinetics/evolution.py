"""Natural evolution strategies: a generator is trained by what its models are worth.

Wierstra et al., JMLR 15:949 (2014); as used for kinetic models by Choudhury et al., Nat. Catal.
7:1086 (2024). Every generation, members are the parent's weights plus sigma times noise; the
parent moves along the noise, weighted by the members' shaped rewards. All noise is drawn anew from
(seed, generation, member), so members can be evaluated anywhere and a run is resumed bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.errors import TrainingError
from pyscimlode.kinetics.evaluator import THRESHOLD, KineticEvaluator
from pyscimlode.kinetics.evolution_files import EvolutionState, load_evolution, save_evolution
from pyscimlode.kinetics.generator import KineticGenerator
from pyscimlode.kinetics.rewards import (
    Reward,
    rank_utilities,
    resolve_reward,
    reward_name,
    z_scores,
)

FloatArray = npt.NDArray[np.float64]
PARENT = -1
"""Number of the parent among the members."""
NOISE, INPUTS = 0, 1
"""Streams of random numbers of one member: of its weights, and of its generator's inputs."""


@dataclass(frozen=True)
class Evolution:
    """Settings of an evolution; see :func:`published` and :func:`mirrored`.

    Attributes:
        population: members of a generation; even with ``mirror``.
        sigma: standard deviation of a member's weights around the parent's.
        learning_rate: of the first generation.
        decay: factor on the learning rate after every generation.
        models: models that a member is judged by.
        generations: how many.
        mirror: members come in pairs with opposite noise and the same inputs.
        shaping: ``"zscore"`` or ``"rank"``.
        threshold: largest lambda_max of a valid model, 1/h.
        screened: reject models by Arnoldi steps first. Incidence is the same; rewards that look
            at the lambda_max of invalid models see lower bounds.
        seed: of everything.
    """

    population: int = 20
    sigma: float = 1e-2
    learning_rate: float = 1e-3
    decay: float = 0.95
    models: int = 100
    generations: int = 50
    mirror: bool = False
    shaping: str = "zscore"
    threshold: float = THRESHOLD
    screened: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("population", "models"):
            if getattr(self, name) < 1:
                raise TrainingError(f"{name}={getattr(self, name)!r} must be positive.")
        for name in ("sigma", "learning_rate", "decay"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise TrainingError(f"{name}={getattr(self, name)!r} must be a positive number.")
        if self.mirror and self.population % 2:
            raise TrainingError(f"population={self.population} must be even with mirror=True.")
        if self.shaping not in ("zscore", "rank"):
            raise TrainingError(f"shaping={self.shaping!r} is not known; there are zscore, rank.")


def published(**changes: Any) -> Evolution:
    """Return the published settings (the article's sigma of 1e2 lost its minus sign)."""
    return Evolution(**changes)


def mirrored(**changes: Any) -> Evolution:
    """Return settings with mirrored pairs and rewards shaped by rank."""
    return Evolution(**{"mirror": True, "shaping": "rank", **changes})


@dataclass(frozen=True)
class Generation:
    """What is known after a generation; handed to ``progress``."""

    number: int
    generations: int
    rewards: FloatArray
    incidence: FloatArray
    parent_incidence: float


@dataclass(frozen=True, eq=False)
class EvolutionResult:
    """A trained generator.

    Attributes:
        generator: its description.
        theta: ``(size,)`` weights of the parent.
        rewards: ``(generations, population)``.
        incidence: ``(generations, population)`` share of valid models of each member.
        parent_incidence: ``(generations,)`` the parent's after each update.
        settings: of the evolution.
    """

    generator: KineticGenerator
    theta: FloatArray
    rewards: FloatArray
    incidence: FloatArray
    parent_incidence: FloatArray
    settings: Evolution

    def plot(self, **options: Any) -> Any:
        """Plot the share of valid models; see ``pyscimlode.plots.plot_incidence``."""
        from pyscimlode import plots

        return plots.plot_incidence({"mean of the members": self}, **options)


def evolve(
    generator: KineticGenerator,
    evaluator: KineticEvaluator,
    settings: Evolution | None = None,
    *,
    reward: str | Reward = "incidence",
    theta: npt.ArrayLike | None = None,
    executor: Executor | None = None,
    progress: Callable[[Generation], None] | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = False,
) -> EvolutionResult:
    """Train a generator by natural evolution strategies.

    Args:
        generator: to train; its outputs are the evaluator's KM.
        evaluator: of a network at a steady state.
        settings: of the evolution; :func:`published` by default.
        reward: ``"incidence"``, ``"fastest"`` or a function of an ``Evaluation``.
        theta: weights to start from; fresh ones by default.
        executor: evaluates members, such as ``concurrent.futures.ProcessPoolExecutor`` or a
            client of dask or ray with ``submit``; this process by default. The result is the same.
        progress: called after every generation.
        checkpoint: file that is written after every generation, atomically.
        resume: go on from the checkpoint, if there is one.

    Raises:
        TrainingError: generator and evaluator do not fit, an unknown reward, or a checkpoint of
            another evolution.
    """
    settings = settings or published()
    if generator.km_names != evaluator.network.km_names:
        raise TrainingError(
            f"The generator makes {len(generator.km_names)} KM that are not those of the network "
            f"{evaluator.network.name!r}; make it with km_names=network.km_names."
        )
    judge = _Judge(generator, evaluator, settings, resolve_reward(reward))
    identity = _identity(judge)
    state = _start(generator, settings, theta, checkpoint, resume, identity)
    while state.generation < settings.generations:
        state = _next(state, judge, executor)
        if checkpoint is not None:
            save_evolution(Path(checkpoint), state, identity)
        if progress is not None:
            progress(
                Generation(
                    state.generation,
                    settings.generations,
                    state.rewards[-1],
                    state.incidence[-1],
                    float(state.parent_incidence[-1]),
                )
            )
    return EvolutionResult(
        generator, state.theta, state.rewards, state.incidence, state.parent_incidence, settings
    )


@dataclass(frozen=True, eq=False)
class _Judge:
    """Everything that evaluating a member needs; travels to other processes."""

    generator: KineticGenerator
    evaluator: KineticEvaluator
    settings: Evolution
    reward: Reward

    def __call__(self, theta: FloatArray, generation: int, member: int) -> tuple[float, float]:
        """Return reward and incidence of one member."""
        own = theta
        if member != PARENT:
            own = self.moved(theta, self.settings.sigma, generation, member)
        ln_km = self._models(own, generation, member)
        evaluation = self.evaluator.evaluate(
            ln_km, threshold=self.settings.threshold, screened=self.settings.screened
        )
        return float(self.reward(evaluation)), evaluation.incidence

    def moved(self, theta: FloatArray, step: float, generation: int, member: int) -> FloatArray:
        """Return theta plus step times the noise ``(size,)`` on a member's weights."""
        pair, sign = (member // 2, 1 - 2 * (member % 2)) if self.settings.mirror else (member, 1)
        rng = _rng(self.settings.seed, generation, pair, NOISE)
        result = rng.standard_normal(self.generator.layout.size)
        result *= sign * step
        result += theta
        return result

    def _models(self, theta: FloatArray, generation: int, member: int) -> FloatArray:
        inputs = member // 2 if self.settings.mirror and member != PARENT else member
        rng = _rng(self.settings.seed, generation, inputs, INPUTS)
        noise = self.generator.draw_noise(self.settings.models, rng)
        return self.generator.ln_km(theta, noise, rng)


def _next(state: EvolutionState, judge: _Judge, executor: Executor | None) -> EvolutionState:
    settings, generation = judge.settings, state.generation
    judged = _judged(judge, state.theta, generation, executor)
    rewards, incidence = np.array(judged).T
    shape = z_scores if settings.shaping == "zscore" else rank_utilities
    rate = settings.learning_rate * settings.decay**generation
    theta = state.theta
    for member, weight in enumerate(shape(rewards)):
        step = rate / (settings.population * settings.sigma) * weight
        theta = judge.moved(theta, step, generation, member)
    _, parent = judge(theta, generation, PARENT)
    return EvolutionState(
        theta=theta,
        generation=generation + 1,
        rewards=np.vstack([state.rewards, rewards]),
        incidence=np.vstack([state.incidence, incidence]),
        parent_incidence=np.append(state.parent_incidence, parent),
    )


def _judged(
    judge: _Judge, theta: FloatArray, generation: int, executor: Executor | None
) -> list[tuple[float, float]]:
    members = range(judge.settings.population)
    if executor is None:
        return [judge(theta, generation, member) for member in members]
    futures = [executor.submit(judge, theta, generation, member) for member in members]
    return [future.result() for future in futures]


def _start(
    generator: KineticGenerator,
    settings: Evolution,
    theta: npt.ArrayLike | None,
    checkpoint: str | Path | None,
    resume: bool,
    identity: dict[str, Any],
) -> EvolutionState:
    if resume and checkpoint is None:
        raise TrainingError("resume=True needs checkpoint=, the file to go on from.")
    if resume and checkpoint is not None and Path(checkpoint).exists():
        return load_evolution(Path(checkpoint), identity)
    if theta is None:
        start = generator.initial(np.random.default_rng(settings.seed))
    else:
        start = np.array(theta, dtype=np.float64)
        generator.layout.check(start)
    none = np.zeros((0, settings.population))
    return EvolutionState(start, 0, none, none, np.zeros(0))


def _identity(judge: _Judge) -> dict[str, dict[str, Any]]:
    """Return what a checkpoint must share; more generations may be asked for."""
    settings = {k: v for k, v in asdict(judge.settings).items() if k != "generations"}
    state, network = judge.evaluator.state, judge.evaluator.network
    arrays = b"".join(x.tobytes() for x in (state.concentrations, state.fluxes_mM_h, state.keq))
    problem = {
        "network": network.name,
        "density": state.density,
        "state": sha256(arrays).hexdigest()[:12],
        "reward": reward_name(judge.reward),
    }
    return {"generator": judge.generator.to_json(), "settings": settings, "problem": problem}


def _rng(seed: int, generation: int, member: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, generation, member + 1, stream])
