from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
import torch

from pyscimlode.backends.torch.losses import loss_terms
from pyscimlode.backends.torch.tensors import scaling_tensors
from pyscimlode.objectives.losses import data_term, pir_term
from pyscimlode.problem import Objective
from tests.backends.problems import small_problem


@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("kind", ["mse", "huber"])
def test_loss_is_the_numpy_definition_and_its_cotangent_the_derivative(
    kind: Literal["mse", "huber"], detached: bool
) -> None:
    objective = Objective(kind=kind, huber_delta=0.4, detached_pir=detached)
    problem = small_problem(members=2, objective=objective)
    scaling = scaling_tensors(problem)
    members = np.arange(2)
    experiments = np.broadcast_to(np.arange(3), (2, 3))
    points = np.broadcast_to(np.arange(6), (2, 3, 6))
    terms = loss_terms(problem, scaling, members, experiments, points)
    z = np.random.default_rng(3).normal(size=(2, 3, 6, 4)) * 6.0
    state_scale = problem.scaling.state_scale
    y = torch.tensor(z / state_scale[:, None, None, :], requires_grad=True)
    success = torch.ones((2, 3), dtype=torch.bool)
    data, pir = terms.parts(y, success)
    expected = data_term(
        z, problem.observed, problem.weights, problem.loss_scale, kind=kind, huber_delta=0.4
    )
    np.testing.assert_allclose(data.detach(), expected, rtol=1e-12)
    expected = pir_term(z, problem.pir_weights, state_scale, problem.pir)
    np.testing.assert_allclose(pir.detach(), expected, rtol=1e-12)
    (slope,) = torch.autograd.grad((data + pir).sum(), y)
    fast = terms.parts_and_cotangent(y.detach(), success)
    for a, b in zip(fast, (data.detach(), pir.detach(), slope), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_failed_rows_count_neither_in_the_loss_nor_in_the_gradient() -> None:
    problem = small_problem(members=1)
    terms = loss_terms(
        problem,
        scaling_tensors(problem),
        np.arange(1),
        np.arange(3)[None],
        np.broadcast_to(np.arange(6), (1, 3, 6)),
    )
    y = torch.tensor(np.random.default_rng(4).normal(size=(1, 3, 6, 4)), requires_grad=True)
    broken = torch.cat([y[:, :1], torch.full((1, 1, 6, 4), torch.nan), y[:, 2:]], dim=1)
    success = torch.tensor([[True, False, True]])
    data, pir = terms.parts(broken, success)
    whole = [part.item() for part in terms.parts(y, success)]
    assert [data.item(), pir.item()] == pytest.approx(whole, rel=1e-14)
    (slope,) = torch.autograd.grad((data + pir).sum(), y)
    assert torch.isfinite(slope).all()
    assert (slope[:, 1] == 0).all()
    fast = terms.parts_and_cotangent(broken.detach(), success)
    np.testing.assert_allclose(fast[2], slope, rtol=1e-12, atol=1e-16)
