from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import pyscimlode
from pyscimlode import Adam, NeuralODE
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.errors import ExperimentError, TrainingError, ValueRangeError
from pyscimlode.fitting.checks import fitted_problem, native_plan

OPTIONS: dict[str, Any] = {
    "model": NeuralODE(widths=(4,), features="linear"),
    "stages": [Adam(2)],
    "ensemble": 2,
    "progress": False,
}


@pytest.fixture(scope="module")
def train() -> pyscimlode.Dataset:
    return pyscimlode.datasets.simulate(2, times=[0, 6, 24]).keep(
        states=["GPP", "Limonene"], controls=["GPPS", "LS"]
    )


def test_a_fit_is_checked_before_training_and_stays_the_same(train: pyscimlode.Dataset) -> None:
    checked = pyscimlode.fit(train, crosscheck="start", **OPTIONS)
    assert (checked.theta == pyscimlode.fit(train, **OPTIONS).theta).all()


def test_a_wrong_engine_does_not_train(
    train: pyscimlode.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = PortableSession.loss_and_grad

    def wrong(self: PortableSession, theta: Any, **options: Any) -> Any:
        parts, gradient = right(self, theta, **options)
        return parts, 1.01 * gradient

    monkeypatch.setattr(PortableSession, "loss_and_grad", wrong)
    with pytest.raises(TrainingError, match=r"disagree before training(.|\n)*differs: gradient"):
        pyscimlode.fit(train, crosscheck="start", **OPTIONS)


def test_a_trained_fit_is_checked(train: pyscimlode.Dataset) -> None:
    result = pyscimlode.fit(train, **OPTIONS)
    found = pyscimlode.crosscheck(result, backends=["torch"], members=2)
    assert bool(found)
    assert [rung.level for rung in found.rungs][-1] == "bfgs step"
    assert found.problem.startswith("neural-ode x2, 2 of 2 member(s), on S1, S2")
    figure = found.plot()
    assert len(figure.axes) == 1


def test_a_problem_is_checked_at_given_or_initial_parameters(train: pyscimlode.Dataset) -> None:
    problem, theta, _ = fitted_problem(pyscimlode.fit(train, **OPTIONS), members=1, strains=1)
    for given in (theta, None):
        assert pyscimlode.crosscheck(problem, theta=given, backends=["torch"], levels=["field"])


def test_native_training_is_of_the_first_member_and_scored(train: pyscimlode.Dataset) -> None:
    held_out = pyscimlode.datasets.simulate(3, times=[0, 6, 24]).keep(
        states=["GPP", "Limonene"], controls=["GPPS", "LS"]
    )
    result = pyscimlode.fit(train, test=held_out.select(held_out.names[2:]), **OPTIONS)
    plan = native_plan(result, 3, [Adam(1)])
    assert plan.stages == (Adam(1),)
    assert plan.problem.experiment_names == result.train.names
    assert plan.theta.shape == (3, result.layout.size)
    assert (plan.problem.scaling.state_scale == result.scaling.state_scale[0]).all()
    assert plan.score is not None
    one = pyscimlode.fit(train, test=result.test, **{**OPTIONS, "ensemble": 1})
    found = plan.score(np.stack([one.theta[0], one.theta[0] + 0.1]))
    assert found.shape == (2,)
    assert found[0] == pytest.approx(one.scores.value(one.name))
    assert found[0] != found[1]
    identity = dataclasses.replace(result, protocol="identity")
    assert native_plan(identity, 3).score is None


def test_members_of_a_problem_are_seeds_if_it_is_said_where_they_start(
    train: pyscimlode.Dataset,
) -> None:
    problem, theta, _ = fitted_problem(pyscimlode.fit(train, **OPTIONS), members=2, strains=1)
    plan = native_plan(problem, 5, theta=theta)
    assert plan.problem is problem
    assert plan.theta is theta
    plan = native_plan(problem, 5)
    assert plan.problem.n_members == 5
    assert len({tuple(row) for row in plan.theta}) == 5
    found = pyscimlode.crosscheck(
        problem, backends=["torch"], levels=["native training"], seeds=4, stages=[Adam(1)]
    )
    assert found.settings["native training"]["seeds"] == 4
    assert [stage["kind"] for stage in found.settings["native training"]["stages"]] == ["adam"]


def test_diffeqpy_is_one_more_line(train: pyscimlode.Dataset) -> None:
    result = pyscimlode.fit(train, **OPTIONS)
    found = pyscimlode.crosscheck(
        result, backends=["torch"], levels=["field"], strains=1, diffeqpy=True
    )
    assert found.backends == ("torch", "diffeqpy")
    assert found.rungs[-1].level == "trajectory"
    assert found.rungs[-1].verdict in ("agrees", "not run")


def test_wrong_requests(train: pyscimlode.Dataset) -> None:
    with pytest.raises(ValueRangeError, match=r"crosscheck='end': it is 'start', or None"):
        pyscimlode.fit(train, crosscheck="end", **OPTIONS)  # type: ignore[arg-type]
    result = pyscimlode.fit(train, **OPTIONS)
    with pytest.raises(ExperimentError, match=r"members=0, strains=2: a cross-check needs"):
        pyscimlode.crosscheck(result, members=0)
