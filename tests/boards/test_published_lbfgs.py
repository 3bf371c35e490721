from __future__ import annotations

import numpy as np
import pytest
import torch

import pyscimlode
from pyscimlode.boards.published_lbfgs import (
    STAGE,
    FloatArray,
    finish_as_published,
    fixed_step_lbfgs,
)
from tests.boards.reproductions import limonene_like


def rosenbrock(x: FloatArray) -> tuple[float, FloatArray]:
    value = 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2
    first = -400.0 * x[0] * (x[1] - x[0] ** 2) - 2.0 * (1.0 - x[0])
    return float(value), np.array([first, 200.0 * (x[1] - x[0] ** 2)])


@pytest.mark.parametrize(("lr", "steps"), [(0.2, 25), (1e-4, 60)])
def test_it_takes_the_steps_of_the_optimiser_that_the_paper_used(lr: float, steps: int) -> None:
    start = np.array([-1.2, 1.0])
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [x], lr=lr, max_iter=steps, tolerance_grad=1e-6, tolerance_change=1e-6
    )

    def closure() -> float:
        value, gradient = rosenbrock(x.detach().numpy())
        x.grad = torch.tensor(gradient)
        return value

    optimiser.step(closure)
    stop = fixed_step_lbfgs(rosenbrock, start, lr=lr, max_iters=steps)
    np.testing.assert_allclose(stop.theta, x.detach().numpy(), rtol=1e-9)
    assert stop.loss == rosenbrock(stop.theta)[0]
    assert stop.iterations <= steps


def test_it_says_why_it_stopped() -> None:
    def flat(x: FloatArray) -> tuple[float, FloatArray]:
        return 1.0, np.zeros_like(x)

    def steep(x: FloatArray) -> tuple[float, FloatArray]:
        return float(np.log(x[0])), 1.0 / x

    start = np.array([0.5])
    assert "at the start" in fixed_step_lbfgs(flat, start).message
    assert fixed_step_lbfgs(rosenbrock, np.array([-1.2, 1.0]), max_iters=2).message == (
        "all iterations were done"
    )
    with np.errstate(invalid="ignore"):
        stop = fixed_step_lbfgs(steep, np.array([1e-3]), lr=5.0)
    assert stop.message == "the loss was not finite"


def test_members_of_a_fit_move_by_little_and_lower_their_loss() -> None:
    data = limonene_like()
    fit = pyscimlode.fit(
        data.select(["L1", "L3"]),
        protocol="identity",
        ensemble=2,
        stages=[pyscimlode.Adam(3)],
        progress=False,
    )
    finished, reports = finish_as_published(fit, max_iters=4)
    assert [report["member"] for report in reports] == [0, 1]
    assert {report["stage"] for report in reports} == {STAGE}
    assert all(1 <= report["iterations"] <= 4 for report in reports)
    assert 0.0 < np.abs(finished.theta - fit.theta).max() < 1e-2
    before = [r["loss"] for r in fit.provenance["stage_results"]]
    assert all(r["loss"] < first for r, first in zip(reports, before, strict=True))
