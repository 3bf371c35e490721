from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.artifacts import save_arrays
from pyscimlode.errors import ArtifactError
from pyscimlode.kinetics import (
    EvolutionResult,
    KineticCase,
    KineticEvaluator,
    KineticGenerator,
    evolve,
    load_generator,
    load_training,
    published,
    save_generator,
)


def test_a_generator_makes_the_same_models_when_read_back(tmp_path: Path) -> None:
    generator = KineticGenerator(("a", "b"), noise=3, hidden=(4,), measured={"a": (0.0, 1.0)})
    theta = generator.initial(np.random.default_rng(0))
    again, weights = load_generator(save_generator(tmp_path / "g", generator, theta))
    assert again == generator
    np.testing.assert_array_equal(again.sample(weights, 9), generator.sample(theta, 9))


def test_other_files_are_refused(tmp_path: Path) -> None:
    generator = KineticGenerator(("a", "b"), noise=3, hidden=(4,))
    path = save_arrays(
        tmp_path / "g", {"theta": np.zeros(3)}, generator.to_json(), kind="kinetic generator"
    )
    with pytest.raises(ArtifactError, match=r"weights have the shape \(3,\), and its generator 30"):
        load_generator(path)
    path = save_arrays(tmp_path / "h", {"theta": np.zeros(3)}, kind="checkpoint")
    with pytest.raises(ArtifactError, match=r"holds a checkpoint, not a kinetic generator"):
        load_generator(path)


def test_the_course_of_a_training_is_kept(toy: KineticCase, tmp_path: Path) -> None:
    generator = KineticGenerator(toy.network.km_names, noise=3, hidden=(4,))
    evaluator = KineticEvaluator(toy.network, toy.state)
    result = evolve(generator, evaluator, published(generations=2, population=3, models=5))
    path = save_generator(tmp_path / "g", generator, result.theta, result)
    again = load_training(path)
    assert isinstance(again, EvolutionResult)
    for name in ("theta", "rewards", "incidence", "parent_incidence"):
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name))
    assert (again.settings, again.generator) == (result.settings, generator)
    assert load_generator(path)[0] == generator
    assert load_training(save_generator(tmp_path / "h", generator, result.theta)) is None


def test_the_course_of_a_training_by_gradient_is_kept(toy: KineticCase, tmp_path: Path) -> None:
    from pyscimlode.kinetics.torch import GradientResult, GradientTraining, train_by_gradient

    generator = KineticGenerator(toy.network.km_names, noise=3, hidden=(4,))
    evaluator = KineticEvaluator(toy.network, toy.state)
    result = train_by_gradient(generator, evaluator, GradientTraining(steps=2, models=5))
    again = load_training(save_generator(tmp_path / "g", generator, result.theta, result))
    assert isinstance(again, GradientResult)
    for name in ("theta", "loss", "incidence", "diversity"):
        np.testing.assert_array_equal(getattr(again, name), getattr(result, name))
    assert again.settings == result.settings
