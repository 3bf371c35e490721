"""``odeint_implicit``: any function, its gradients, rows on their own, failures as values."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.implicit import odeint_implicit
from pyscimlode.data.stiff_problems import stiff_problem
from pyscimlode.errors import SolverError, TimeError

METHODS = ("rosenbrock", "esdirk")


def robertson(t: Tensor, y: Tensor) -> Tensor:
    a, b, c = y.unbind(-1)
    return torch.stack(stiff_problem("robertson").derivatives(t, (a, b, c)), dim=-1)


def van_der_pol(t: Tensor, y: Tensor, mu: Tensor) -> Tensor:
    x, speed = y.unbind(-1)
    return torch.stack([speed, mu * (1.0 - x * x) * speed - x], dim=-1)


def test_robertson_over_eleven_decades() -> None:
    problem = stiff_problem("robertson")
    y0 = torch.tensor(problem.initial)
    values, stats = odeint_implicit(robertson, y0, problem.times, rtol=1e-6, atol=1e-12)
    assert stats.status[0] == Status.SUCCESS
    assert stats.steps[0] < 400
    time, published = problem.published[0]
    assert time == problem.times[-1]
    np.testing.assert_allclose(values[-1], published, rtol=1e-4)


def test_van_der_pol_with_a_given_jacobian() -> None:
    problem = stiff_problem("van-der-pol")
    mu = torch.tensor(1e3, dtype=torch.float64)

    def jacobian(t: Tensor, y: Tensor, mu: Tensor) -> Tensor:
        x, speed = y.unbind(-1)
        zero, one = torch.zeros_like(x), torch.ones_like(x)
        rows = [zero, one, -2.0 * mu * x * speed - 1.0, mu * (1.0 - x * x)]
        return torch.stack(rows, dim=-1).unflatten(-1, (2, 2))

    values, stats = odeint_implicit(
        van_der_pol,
        torch.tensor(problem.initial),
        problem.times[[0, -1]],
        rtol=1e-4,
        atol=1e-7,
        jacobian=jacobian,
        params=(mu,),
    )
    assert stats.status[0] == Status.SUCCESS
    np.testing.assert_allclose(values[-1], problem.published[0][1], rtol=1e-2)


@pytest.mark.parametrize("method", METHODS)
def test_gradients_by_start_and_parameters(method: str) -> None:
    times = np.linspace(0.0, 1.0, 4)
    options: dict[str, Any] = {"method": method, "rtol": 1e-8, "atol": 1e-9}

    def total(y0: Tensor, mu: Tensor) -> Tensor:
        values = odeint_implicit(van_der_pol, y0, times, params=(mu,), **options)[0]
        return (values[1:] * values[1:]).sum()

    y0 = torch.tensor([[1.5, 0.2], [0.3, -1.0]], dtype=torch.float64, requires_grad=True)
    mu = torch.tensor(5.0, dtype=torch.float64, requires_grad=True)
    by_start, by_mu = torch.autograd.grad(total(y0, mu), (y0, mu))
    with torch.no_grad():
        move = torch.tensor([[1.0, -0.5], [0.3, 0.7]], dtype=torch.float64)
        step = 1e-4
        start = (total(y0 + step * move, mu) - total(y0 - step * move, mu)) / (2.0 * step)
        parameter = (total(y0, mu + step) - total(y0, mu - step)) / (2.0 * step)
    assert (by_start * move).sum().item() == pytest.approx(start.item(), rel=1e-5)
    assert by_mu.item() == pytest.approx(parameter.item(), rel=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_time_dependent_field(method: str) -> None:
    times = np.linspace(0.0, 3.0, 7)
    values, _ = odeint_implicit(
        lambda t, y: -100.0 * (y - torch.sin(t)[:, None]) + torch.cos(t)[:, None],
        torch.zeros(1, 1, dtype=torch.float64),
        times,
        method=method,
        rtol=1e-8,
        atol=1e-10,
    )
    np.testing.assert_allclose(values[:, 0, 0], np.sin(times), atol=1e-7)


@pytest.mark.parametrize("method", METHODS)
def test_a_stiff_row_does_not_change_another(method: str) -> None:
    mild, stiff = torch.tensor([2.0]), torch.tensor([500.0])
    y0 = torch.tensor([[2.0, 0.0]], dtype=torch.float64)
    times = np.array([0.0, 0.5, 3.0])

    def solve(mu: Tensor) -> Any:
        start = y0.expand(len(mu), 2).contiguous()
        return odeint_implicit(
            lambda t, y: van_der_pol(t, y, mu.double()), start, times, method=method
        )

    class Rows:
        """The field of rows 0 and 1; a batch has as many rows as it is asked for."""

        def __call__(self, t: Tensor, y: Tensor) -> Tensor:
            mu = torch.cat([mild, stiff]).double().repeat(len(y) // 2)
            return van_der_pol(t, y, mu)

    alone, own = solve(mild)
    both, stats = odeint_implicit(
        Rows(), y0.expand(2, 2).contiguous(), times, method=method, jacobian=_jacobian_of(Rows())
    )
    assert (stats.status == 0).all()
    assert stats.steps[0] == own.steps[0]
    np.testing.assert_allclose(both[:, 0], alone[:, 0], rtol=1e-12)


def _jacobian_of(func: Any) -> Any:
    def jacobian(t: Tensor, y: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = y.detach().requires_grad_()
            value = func(t, leaf)
            rows = [
                torch.autograd.grad(column.sum(), leaf, retain_graph=True)[0]
                for column in value.unbind(-1)
            ]
        return torch.stack(rows, dim=1)

    return jacobian


@pytest.mark.parametrize("method", METHODS)
def test_failures_are_values(method: str) -> None:
    def explode(t: Tensor, y: Tensor) -> Tensor:
        return y * y

    y0 = torch.tensor([[1.0], [0.01]], dtype=torch.float64, requires_grad=True)
    values, stats = odeint_implicit(explode, y0, [0.0, 0.5, 2.0], method=method, max_steps=80)
    assert stats.status[0] != Status.SUCCESS
    assert stats.status[1] == Status.SUCCESS
    assert stats.failed_at[0] == pytest.approx(1.0, abs=0.02)
    assert torch.isnan(values[2, 0]).all()
    np.testing.assert_allclose(values[1].detach().flatten(), [2.0, 1.0 / 99.5], rtol=1e-4)
    values[:, 1].sum().backward()
    assert y0.grad is not None
    assert torch.isfinite(y0.grad).all()


def test_newton_that_never_converges_is_said() -> None:
    calls = itertools.count()

    def unsteady(t: Tensor, y: Tensor) -> Tensor:
        return 0.0 * y + (1e12 if next(calls) % 2 else -1e12)

    start = torch.ones(1, 1, dtype=torch.float64)
    values, stats = odeint_implicit(unsteady, start, [0.0, 1.0], method="esdirk")
    assert stats.status[0] == Status.NEWTON_FAILED
    assert 0.0 <= stats.failed_at[0] < 1.0
    assert torch.isnan(values[-1]).all()


def test_wrong_arguments() -> None:
    y0 = torch.ones(1, dtype=torch.float64)
    with pytest.raises(SolverError, match=r"method='bdf' is not one of rosenbrock, esdirk"):
        odeint_implicit(lambda t, y: -y, y0, [0.0, 1.0], method="bdf")
    with pytest.raises(TimeError, match=r"times are at least two, and increase"):
        odeint_implicit(lambda t, y: -y, y0, [0.0, 0.0])
