from __future__ import annotations

import numpy as np
import pytest
import torch

from pyscimlode.errors import TrainingError
from pyscimlode.kinetics import KineticCase, KineticGenerator
from pyscimlode.kinetics.torch import GradientStep, GradientTraining, train_by_gradient
from pyscimlode.kinetics.torch.training import generated
from tests.kinetics.cases import evaluator_of


@pytest.mark.parametrize("range_", ["entry", "batch"])
def test_the_generator_is_the_one_in_numpy(range_: str) -> None:
    generator = KineticGenerator(
        ("a", "b", "c"), noise=4, hidden=(8, 8), range=range_, measured={"b": (0.0, 1.0)}
    )
    theta = generator.initial(np.random.default_rng(0))
    noise = generator.draw_noise(20, np.random.default_rng(1))
    found = generated(generator, torch.from_numpy(theta), noise, np.random.default_rng(2))
    wanted = generator.ln_km(theta, noise, np.random.default_rng(2))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_training_makes_models_valid(pathway: KineticCase) -> None:
    generator = KineticGenerator(pathway.network.km_names, noise=19, hidden=(32, 64))
    evaluator = evaluator_of(pathway)
    seen: list[GradientStep] = []
    settings = GradientTraining(steps=25, models=32, learning_rate=2e-3)
    result = train_by_gradient(generator, evaluator, settings, progress=seen.append)
    before = evaluator.evaluate(generator.sample(generator.initial(np.random.default_rng(0)), 200))
    after = evaluator.evaluate(generator.sample(result.theta, 200, seed=5))
    assert after.incidence > before.incidence + 0.5
    assert after.incidence > 0.9
    assert [step.number for step in seen] == list(range(1, 26))
    assert seen[-1].incidence == result.incidence[-1]
    assert result.diversity.min() > 0.0


def test_the_same_seed_gives_the_same_weights(toy: KineticCase) -> None:
    generator = KineticGenerator(toy.network.km_names, noise=4, hidden=(8,))
    settings = GradientTraining(steps=3, models=8)
    one, other = (train_by_gradient(generator, evaluator_of(toy), settings) for _ in range(2))
    np.testing.assert_array_equal(one.theta, other.theta)


def test_mistakes_are_named(toy: KineticCase, pathway: KineticCase) -> None:
    generator = KineticGenerator(toy.network.km_names, noise=4, hidden=(8,))
    with pytest.raises(TrainingError, match=r"not those of the network 'example_pathway'"):
        train_by_gradient(generator, evaluator_of(pathway))
    with pytest.raises(TrainingError, match=r"steps=0 must be positive"):
        GradientTraining(steps=0)
