from __future__ import annotations

from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import TrainingError, TrainingInterrupted
from pyscimlode.kinetics import (
    Evaluation,
    EvolutionResult,
    Generation,
    KineticCase,
    KineticEvaluator,
    KineticGenerator,
    evolve,
    mirrored,
    published,
)
from tests.kinetics.cases import evaluator_of


@pytest.fixture(scope="module")
def parts(pathway: KineticCase) -> tuple[KineticGenerator, KineticEvaluator]:
    generator = KineticGenerator(pathway.network.km_names, noise=9, hidden=(16, 32))
    return generator, evaluator_of(pathway)


QUICK = {"population": 4, "models": 10, "generations": 3, "seed": 1}


def same(one: EvolutionResult, other: EvolutionResult) -> None:
    np.testing.assert_array_equal(one.theta, other.theta)
    np.testing.assert_array_equal(one.rewards, other.rewards)
    np.testing.assert_array_equal(one.parent_incidence, other.parent_incidence)


def test_the_published_settings() -> None:
    settings = published()
    assert (settings.population, settings.sigma, settings.learning_rate) == (20, 0.01, 0.001)
    assert (settings.decay, settings.models, settings.generations) == (0.95, 100, 50)
    assert (settings.mirror, settings.shaping, settings.threshold) == (False, "zscore", -2.5)


def test_evolution_finds_valid_models(parts: tuple[KineticGenerator, KineticEvaluator]) -> None:
    generator, evaluator = parts
    settings = mirrored(population=10, models=30, generations=8, sigma=0.05, learning_rate=0.03)
    result = evolve(generator, evaluator, settings)
    assert result.rewards.shape == (8, 10)
    assert result.incidence[-1].mean() > result.incidence[0].mean() + 0.3
    sample = generator.sample(result.theta, 200, seed=9)
    assert evaluator.evaluate(sample).incidence > 0.5


def test_one_update_by_hand(parts: tuple[KineticGenerator, KineticEvaluator]) -> None:
    """A reward that is the number of a call; z-scores of 0 ... 3 weight the noise."""
    generator, evaluator = parts
    calls: list[float] = []

    def count(evaluation: Evaluation) -> float:
        calls.append(float(len(calls)))
        return calls[-1]

    start = np.zeros(generator.layout.size)
    settings = published(**{**QUICK, "generations": 1})
    result = evolve(generator, evaluator, settings, reward=count, theta=start)
    noise = [
        np.random.default_rng([1, 0, member + 1, 0]).standard_normal(len(start))
        for member in range(4)
    ]
    weights = (np.arange(4) - 1.5) / np.arange(4).std()
    step = sum(w * n for w, n in zip(weights, noise, strict=True))
    np.testing.assert_allclose(result.theta, 1e-3 / (4 * 1e-2) * step, rtol=1e-12, atol=1e-15)
    assert len(calls) == 5


@pytest.mark.parametrize("make", [published, mirrored])
def test_executors_change_nothing(parts: tuple, make: object) -> None:
    settings = make(**QUICK)  # type: ignore[operator]
    alone = evolve(*parts, settings)
    with ThreadPoolExecutor(2) as executor:
        same(alone, evolve(*parts, settings, executor=executor))


def test_members_can_be_evaluated_in_other_processes(parts: tuple) -> None:
    settings = published(**{**QUICK, "generations": 1})
    with ProcessPoolExecutor(1) as executor:
        same(evolve(*parts, settings), evolve(*parts, settings, executor=executor))


def test_screening_keeps_incidence(parts: tuple) -> None:
    plain = evolve(*parts, published(**QUICK))
    screened = evolve(*parts, published(**QUICK, screened=True))
    np.testing.assert_array_equal(plain.incidence, screened.incidence)


def test_a_resumed_run_is_the_run(parts: tuple, tmp_path: Path) -> None:
    settings, seen = mirrored(**QUICK), []
    whole = evolve(*parts, settings)
    path = tmp_path / "evolution.safetensors"

    def stop(generation: Generation) -> None:
        seen.append(generation.number)
        if generation.number == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evolve(*parts, settings, checkpoint=path, progress=stop)
    resumed = evolve(*parts, settings, checkpoint=path, resume=True, progress=stop)
    same(whole, resumed)
    assert seen == [1, 2, 3]


def test_a_finished_run_can_be_prolonged(parts: tuple, tmp_path: Path) -> None:
    path = tmp_path / "evolution.safetensors"
    evolve(*parts, published(**QUICK), checkpoint=path)
    longer = published(**{**QUICK, "generations": 4})
    same(evolve(*parts, longer), evolve(*parts, longer, checkpoint=path, resume=True))


def test_checkpoints_of_other_runs_are_refused(parts: tuple, tmp_path: Path) -> None:
    path = tmp_path / "evolution.safetensors"
    evolve(*parts, published(**QUICK), checkpoint=path)
    with pytest.raises(TrainingError, match=r"its settings has sigma=0.01, not 0.02"):
        evolve(*parts, published(**QUICK, sigma=0.02), checkpoint=path, resume=True)
    with pytest.raises(TrainingError, match=r"its problem has reward='incidence_reward', not"):
        evolve(*parts, published(**QUICK), reward="fastest", checkpoint=path, resume=True)
    state = parts[1].state.with_density(150.0)
    slow = KineticEvaluator(parts[1].network, state)
    with pytest.raises(TrainingError, match=r"its problem has density=300.0, not 150.0"):
        evolve(parts[0], slow, published(**QUICK), checkpoint=path, resume=True)
    theta = parts[0].initial(np.random.default_rng(5))
    with pytest.raises(TrainingError, match=r"its problem has theta=None, not '[0-9a-f]{12}'"):
        evolve(*parts, published(**QUICK), theta=theta, checkpoint=path, resume=True)
    with pytest.raises(TrainingError, match=r"is 3 generations on, and 2 are asked for"):
        evolve(*parts, published(**{**QUICK, "generations": 2}), checkpoint=path, resume=True)
    with pytest.raises(TrainingError, match=r"resume=True needs checkpoint="):
        evolve(*parts, published(**QUICK), resume=True)


def test_ctrl_c_leaves_the_last_whole_generation(parts: tuple, tmp_path: Path) -> None:
    settings, path = published(**QUICK), tmp_path / "evolution.safetensors"
    calls = 0

    def reward(evaluation: Evaluation) -> float:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise KeyboardInterrupt
        return evaluation.incidence

    told = r"interrupted after 1 of 3 generations\. What was reached is in .* and resume=True"
    with pytest.raises(TrainingInterrupted, match=told) as interrupted:
        evolve(*parts, settings, reward=reward, checkpoint=path)
    assert interrupted.value.path == path
    assert isinstance(interrupted.value, KeyboardInterrupt)
    resumed = evolve(*parts, settings, reward=reward, checkpoint=path, resume=True)
    same(evolve(*parts, settings, reward=reward), resumed)
    calls = 3
    with pytest.raises(TrainingInterrupted, match=r"No checkpoint was asked for; give checkpoint="):
        evolve(*parts, settings, reward=reward)


def test_work_that_is_not_needed_any_more_is_cancelled(parts: tuple) -> None:
    class Cancelled(Future):
        def result(self, timeout: float | None = None) -> tuple[float, float]:
            raise KeyboardInterrupt

    class Stopped(Executor):
        futures: list[Future] = []  # noqa: RUF012

        def submit(self, *_: object, **__: object) -> Future:
            self.futures.append(Cancelled())
            return self.futures[-1]

    with pytest.raises(TrainingInterrupted, match=r"after 0 of 3 generations"):
        evolve(*parts, published(**QUICK), executor=Stopped())
    assert [future.cancelled() for future in Stopped.futures] == [True] * 4


def test_rewards_must_be_finite(parts: tuple) -> None:
    def broken(evaluation: Evaluation) -> float:
        return float("nan")

    with pytest.raises(TrainingError, match=r"reward of member 0 in generation 1 is nan; .*broken"):
        evolve(*parts, published(**QUICK), reward=broken)


def test_mistakes_are_named(parts: tuple, toy: KineticCase) -> None:
    with pytest.raises(TrainingError, match=r"109 KM that are not those of the network 'toy6'"):
        evolve(parts[0], evaluator_of(toy))
    with pytest.raises(TrainingError, match=r"population=3 must be even with mirror=True"):
        mirrored(population=3)
    with pytest.raises(TrainingError, match=r"population=1 must be 2 or more"):
        published(population=1)
    with pytest.raises(TrainingError, match=r"generations=-1 must be 0 or more"):
        published(generations=-1)
    with pytest.raises(TrainingError, match=r"threshold=nan must be a finite number"):
        published(threshold=float("nan"))
    with pytest.raises(TrainingError, match=r"sigma=-1.0 must be a positive number"):
        published(sigma=-1.0)
    with pytest.raises(TrainingError, match=r"shaping='best' is not known"):
        published(shaping="best")
