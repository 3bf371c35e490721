from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pyscimlode.kinetics import KineticCase, KineticGenerator
from pyscimlode.kinetics.torch import GradientTraining, train_by_gradient
from pyscimlode.kinetics.torch.squaring import squaring_test
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km


def decides(case: KineticCase, ln_km: np.ndarray, threshold: float) -> float:
    """Check what is decided against all eigenvalues; return the share that is decided."""
    evaluator = evaluator_of(case)
    jacobian = torch.from_numpy(evaluator.jacobian(ln_km, scaled=True))
    valid, decided = (array.numpy() for array in squaring_test(jacobian, threshold))
    exact = evaluator.evaluate(ln_km, threshold=threshold)
    np.testing.assert_array_equal(valid[decided], exact.valid[decided])
    assert not valid[~decided].any()
    return float(decided.mean())


@pytest.mark.parametrize("threshold", [-10.0, -2.5, 0.0])
def test_random_models(own: KineticCase, threshold: float) -> None:
    assert decides(own, random_ln_km(own, 500), threshold) >= 0.99


def test_models_of_a_trained_generator(pathway: KineticCase) -> None:
    generator = KineticGenerator(pathway.network.km_names, noise=19, hidden=(32, 64))
    settings = GradientTraining(steps=6, models=32, learning_rate=2e-3)
    theta = train_by_gradient(generator, evaluator_of(pathway), settings).theta
    assert decides(pathway, generator.sample(theta, 300), -2.5) >= 0.99


def test_the_full_size_case(kinetic_data: Path) -> None:
    case, golden = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    ln_km = np.concatenate([golden["golden_lnKM"], random_ln_km(case, 60)])
    assert decides(case, ln_km, -2.5) >= 0.99


@pytest.mark.parametrize("distance", [1e-7, 1e-5, 1e-3, 1e-1])
def test_next_to_the_threshold_nothing_wrong_is_said(own: KineticCase, distance: float) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 20)
    lambda_max = evaluator.evaluate(ln_km).lambda_max
    for row, value in zip(ln_km, lambda_max, strict=True):
        for threshold in (value - distance, value + distance):
            share = decides(own, row[None], float(threshold))
            assert share == 1.0 or distance < 1e-2


def test_a_fast_mode_that_oscillates_is_left_open_or_decided_rightly() -> None:
    slow = torch.diag(torch.tensor([-5.0, -1e6, 0.0, 0.0], dtype=torch.float64))
    for real in (-3e4, -1e-3, 1e-3, 3e4):
        matrix = slow.clone()
        matrix[2:, 2:] = torch.tensor([[real, 1e5], [-1e5, real]])
        valid, decided = squaring_test(matrix[None], 0.0)
        assert bool(valid[0]) == (bool(decided[0]) and real < 0)
        assert bool(decided[0]) or abs(real) < 1.0


def test_small_matrices_and_none() -> None:
    matrices = torch.diag_embed(torch.tensor([[-5.0, -3.0], [-5.0, -2.0], [4e11, -9.0]]).double())
    valid, decided = squaring_test(matrices, -2.5)
    assert valid.tolist() == [True, False, False]
    assert decided.all()
    valid, decided = squaring_test(matrices[:0], -2.5)
    assert len(valid) == len(decided) == 0
