from __future__ import annotations

import numpy as np
import pytest
import torch

from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.evaluation import arnoldi
from pyscimlode.kinetics.torch import leading_real_part
from pyscimlode.kinetics.torch.eigen import screen
from tests.kinetics.cases import evaluator_of, random_ln_km


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_derivative_of_the_leading_real_part(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrices = torch.tensor(rng.normal(size=(3, 6, 6)), requires_grad=True)
    assert torch.autograd.gradcheck(leading_real_part, (matrices,), atol=1e-6)


def test_a_leading_eigenvalue_of_zero() -> None:
    matrices = torch.diag(torch.tensor([0.0, -1.0, -2.0], dtype=torch.float64))[None]
    matrices.requires_grad_()
    value = leading_real_part(matrices)
    value.sum().backward()
    assert value.item() == 0.0
    assert matrices.grad is not None
    np.testing.assert_allclose(matrices.grad[0], np.diag([1.0, 0.0, 0.0]), atol=1e-9)


def test_both_screens_reject_no_valid_model(own: KineticCase) -> None:
    evaluator = evaluator_of(own)
    ln_km = random_ln_km(own, 300)
    exact = evaluator.evaluate(ln_km)
    jacobian = evaluator.jacobian(ln_km, scaled=True)
    for bound in (arnoldi.screen(jacobian, -2.5), screen(torch.from_numpy(jacobian), -2.5).numpy()):
        assert np.isnan(bound[exact.valid]).all()
        rejected = np.isfinite(bound)
        assert rejected.sum() > 0.5 * (~exact.valid).sum()
        assert (bound[rejected] > -2.5).all()
