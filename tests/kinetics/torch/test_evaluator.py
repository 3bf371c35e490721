from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, RateFunction
from pyscimlode.kinetics.torch import TorchEvaluator
from tests.kinetics.by_definition import rates_of, reduced_by_autodiff
from tests.kinetics.cases import evaluator_of, golden_case, largest_mismatch, random_ln_km


def both(case: KineticCase, models: int, device: str = "cpu"):
    evaluator = evaluator_of(case)
    ln_km = random_ln_km(case, models)
    return evaluator, TorchEvaluator(evaluator, device), ln_km, torch.from_numpy(ln_km)


def same(case: KineticCase, device: str) -> None:
    evaluator, other, ln_km, tensor = both(case, 20, device)
    np.testing.assert_allclose(
        other.ln_vmax(tensor).cpu(), evaluator.ln_vmax(ln_km), rtol=1e-12, atol=1e-12
    )
    for scaled in (True, False):
        wanted = evaluator.jacobian(ln_km, scaled=scaled)
        found = other.jacobian(tensor, scaled=scaled).cpu().numpy()
        rows = np.abs(wanted).max(axis=2, keepdims=True)
        assert (np.abs(found - wanted) / rows).max() <= 1e-12
    lambda_max = evaluator.evaluate(ln_km).lambda_max
    np.testing.assert_allclose(other.lambda_max(tensor).cpu(), lambda_max, rtol=1e-8)
    for test in ("auto", "arnoldi", "squaring"):
        assert other.valid(tensor, test=test).tolist() == (lambda_max <= -2.5).tolist()


def test_same_numbers_as_numpy(own: KineticCase) -> None:
    same(own, "cpu")


@pytest.mark.cuda
def test_same_numbers_on_cuda(own: KineticCase) -> None:
    same(own, "cuda")


@pytest.mark.parametrize("name", ["toy6", "varma65", "ecoli_trpd9923_lp"])
def test_golden_arrays(kinetic_data: Path, name: str) -> None:
    case, golden = golden_case(kinetic_data, name)
    evaluator = TorchEvaluator(evaluator_of(case))
    ln_km = torch.from_numpy(golden["golden_lnKM"])
    assert np.abs(evaluator.ln_vmax(ln_km).numpy() - golden["golden_lnVmax"]).max() <= 1e-9
    wanted = golden["golden_J0"]
    found = evaluator.jacobian(ln_km[: len(wanted)]).numpy()
    assert (np.abs(found - wanted).max(axis=2) / np.abs(wanted).max(axis=2)).max() <= 1e-9
    values = evaluator.eigenvalues(ln_km).numpy()
    for one, other in zip(values, golden["golden_eig"], strict=True):
        assert largest_mismatch(one, other) <= 1e-5


def test_gradient_is_the_one_of_the_closed_form(own: KineticCase) -> None:
    evaluator, other, ln_km, tensor = both(own, 6)
    tensor.requires_grad_()
    other.lambda_max(tensor).sum().backward()
    _, wanted = evaluator.lambda_max_gradient(ln_km)
    assert tensor.grad is not None
    scale = np.abs(wanted).max(axis=1, keepdims=True)
    assert (np.abs(tensor.grad.numpy() - wanted) / scale).max() <= 1e-7


def test_gradient_against_torchs_own_eigenvalues(toy: KineticCase) -> None:
    """torch.linalg.eigvals differentiates through all eigenvectors."""
    _, other, _, tensor = both(toy, 4)
    tensor.requires_grad_()
    (found,) = torch.autograd.grad(other.lambda_max(tensor).sum(), tensor)
    values = torch.linalg.eigvals(other.jacobian(tensor, scaled=True))
    (wanted,) = torch.autograd.grad(values.real.amax(dim=-1).sum(), tensor)
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10)


def check_autodiff(case: KineticCase, ln_km: np.ndarray) -> None:
    wanted = reduced_by_autodiff(case, ln_km)
    found = evaluator_of(case).jacobian(ln_km[None])[0]
    assert (np.abs(found - wanted).max(axis=1) / np.abs(wanted).max(axis=1)).max() <= 1e-10


def test_jacobian_against_automatic_differentiation(own: KineticCase) -> None:
    check_autodiff(own, random_ln_km(own, 1, low=-12.0, high=-3.0)[0])


@pytest.mark.parametrize("name", ["varma65", "ecoli_trpd9923_lp"])
def test_jacobian_of_the_cases_against_automatic_differentiation(
    kinetic_data: Path, name: str
) -> None:
    case, golden = golden_case(kinetic_data, name)
    check_autodiff(case, golden["golden_lnKM"][1])


def test_rates_by_definition(pathway: KineticCase) -> None:
    ln_km = random_ln_km(pathway, 1)
    ln_vmax = evaluator_of(pathway).ln_vmax(ln_km)
    noise = np.random.default_rng(1).normal(0, 0.3, len(pathway.network.species))
    c = pathway.state.concentrations * np.exp(noise)
    found = RateFunction(pathway.network, pathway.state.keq).rates(c, ln_km, ln_vmax)[0]
    wanted = rates_of(pathway, torch.log(torch.tensor(c)), ln_km[0], ln_vmax[0])
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_tensors_that_do_not_fit(toy: KineticCase) -> None:
    evaluator = TorchEvaluator(evaluator_of(toy))
    with pytest.raises(
        DataError, match=r"float32 tensor of the shape \(1, 14\); it must be float64"
    ):
        evaluator.ln_vmax(torch.zeros(1, 14, dtype=torch.float32))
    with pytest.raises(DataError, match=r"test='qr' is not known; there are auto, arnoldi, squar"):
        evaluator.valid(torch.zeros(1, 14, dtype=torch.float64), test="qr")
