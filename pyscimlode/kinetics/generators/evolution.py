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

from pyscimlode.errors import TrainingError, TrainingInterrupted
from pyscimlode.kinetics.evaluation.evaluator import KineticEvaluator
from pyscimlode.kinetics.generators.evolution_files import (
    EvolutionState,
    load_evolution,
    save_evolution,
)
from pyscimlode.kinetics.generators.evolution_settings import Evolution, mirrored, published
from pyscimlode.kinetics.generators.generator import KineticGenerator
from pyscimlode.kinetics.generators.rewards import (
    Reward,
    rank_utilities,
    resolve_reward,
    reward_name,
    z_scores,
)
from pyscimlode.kinetics.progress import StepLines
from pyscimlode.training.interrupt import uninterrupted

FloatArray = npt.NDArray[np.float64]
PARENT = -1
"""Number of the parent among the members."""
NOISE, INPUTS = 0, 1
"""Streams of random numbers of one member: of its weights, and of its generator's inputs."""
__all__ = ["Evolution", "EvolutionResult", "Generation", "evolve", "mirrored", "published"]


@dataclass(frozen=True)
class Generation:
    """What is known after a generation; handed to ``progress``."""

    number: int
    generations: int
    rewards: FloatArray
    incidence: FloatArray
    parent_incidence: float

    def __str__(self) -> str:
        return f"{self.incidence.mean():.1%} valid, parent {self.parent_incidence:.1%}"


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
    progress: bool | Callable[[Generation], None] = True,
    checkpoint: str | Path | None = None,
    resume: bool = False,
) -> EvolutionResult:
    """Train a generator by natural evolution strategies.

    Args:
        generator: to train; its outputs are the evaluator's KM.
        evaluator: of a network at a steady state.
        settings: of the evolution; :func:`mirrored` by default.
        reward: ``"incidence"``, ``"fastest"`` or a function of an ``Evaluation``.
        theta: weights to start from; fresh ones by default.
        executor: evaluates members: anything with ``submit``, such as
            ``concurrent.futures.ProcessPoolExecutor`` or a client of dask; this process by
            default. The result is the same.
        progress: True writes lines with the time left to standard error once it takes longer than
            two seconds; a function is called after every generation instead.
        checkpoint: file that is written after every generation, atomically.
        resume: go on from the checkpoint, if there is one.

    Raises:
        TrainingError: generator and evaluator do not fit, an unknown reward or one that is not
            finite, or a checkpoint of another evolution.
        TrainingInterrupted: Ctrl-C; the checkpoint has the last whole generation.
    """
    settings = settings or mirrored()
    generator.check_network(evaluator.network)
    judge = _Judge(generator, evaluator, settings, resolve_reward(reward))
    state = _start(judge, theta, checkpoint, resume)
    identity = _identity(judge, theta)
    report = _lines() if progress is True else progress or None
    try:
        while state.generation < settings.generations:
            state = _next(state, judge, executor)
            if checkpoint is not None:
                with uninterrupted():
                    save_evolution(Path(checkpoint), state, identity)
            if report is not None:
                report(_last(state, settings))
    except KeyboardInterrupt as stop:
        raise _interrupted(state, settings, checkpoint) from stop
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
        judged = [judge(theta, generation, member) for member in members]
    else:
        futures = [executor.submit(judge, theta, generation, member) for member in members]
        try:
            judged = [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    for member, (reward, _) in enumerate(judged):
        if not np.isfinite(reward):
            raise TrainingError(
                f"The reward of member {member} in generation {generation + 1} is {reward}; "
                f"{reward_name(judge.reward)} must return a finite number for any evaluation."
            )
    return judged


def _start(
    judge: _Judge, theta: npt.ArrayLike | None, checkpoint: str | Path | None, resume: bool
) -> EvolutionState:
    if resume and checkpoint is None:
        raise TrainingError("resume=True needs checkpoint=, the file to go on from.")
    generator, settings = judge.generator, judge.settings
    if resume and checkpoint is not None and Path(checkpoint).exists():
        state = load_evolution(Path(checkpoint), _identity(judge, theta))
        if state.generation > settings.generations:
            raise TrainingError(
                f"{checkpoint} is {state.generation} generations on, and {settings.generations} "
                "are asked for; ask for as many or more, or choose another file."
            )
        return state
    if theta is None:
        start = generator.initial(np.random.default_rng(settings.seed))
    else:
        start = np.array(theta, dtype=np.float64)
        generator.layout.check(start)
    none = np.zeros((0, settings.population))
    return EvolutionState(start, 0, none, none, np.zeros(0))


def _last(state: EvolutionState, settings: Evolution) -> Generation:
    return Generation(
        state.generation,
        settings.generations,
        state.rewards[-1],
        state.incidence[-1],
        float(state.parent_incidence[-1]),
    )


def _lines() -> Callable[[Generation], None]:
    lines = StepLines("generation")
    return lambda done: lines(done.number, done.generations, str(done))


def _interrupted(
    state: EvolutionState, settings: Evolution, checkpoint: str | Path | None
) -> TrainingInterrupted:
    path = None if checkpoint is None else Path(checkpoint)
    if path is None:
        how = "No checkpoint was asked for; give checkpoint= next time."
    elif state.generation == 0:
        how = "There is no checkpoint yet."
    else:
        how = f"What was reached is in {path}; go on with checkpoint={str(path)!r} and resume=True."
    done = f"{state.generation} of {settings.generations} generations"
    return TrainingInterrupted(f"The evolution was interrupted after {done}. {how}", path, state)


def _identity(judge: _Judge, theta: npt.ArrayLike | None) -> dict[str, dict[str, Any]]:
    """Return what a checkpoint must share; more generations may be asked for."""
    settings = {k: v for k, v in asdict(judge.settings).items() if k != "generations"}
    state, network = judge.evaluator.state, judge.evaluator.network
    arrays = b"".join(x.tobytes() for x in (state.concentrations, state.fluxes_mM_h, state.keq))
    problem = {
        "network": network.name,
        "density": state.density,
        "state": _digest(arrays),
        "reward": reward_name(judge.reward),
    }
    if theta is not None:
        problem["theta"] = _digest(np.asarray(theta, dtype=np.float64).tobytes())
    return {"generator": judge.generator.to_json(), "settings": settings, "problem": problem}


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:12]


def _rng(seed: int, generation: int, member: int, stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, generation, member + 1, stream])
