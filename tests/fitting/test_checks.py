from __future__ import annotations

from typing import Any

import pytest

import pyscimlode
from pyscimlode import Adam, NeuralODE
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.errors import ExperimentError, TrainingError, ValueRangeError

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
    from pyscimlode.fitting.checks import fitted_problem

    problem, theta, _ = fitted_problem(pyscimlode.fit(train, **OPTIONS), members=1, strains=1)
    for given in (theta, None):
        assert pyscimlode.crosscheck(problem, theta=given, backends=["torch"], levels=["field"])


def test_wrong_requests(train: pyscimlode.Dataset) -> None:
    with pytest.raises(ValueRangeError, match=r"crosscheck='end': it is 'start', or None"):
        pyscimlode.fit(train, crosscheck="end", **OPTIONS)  # type: ignore[arg-type]
    result = pyscimlode.fit(train, **OPTIONS)
    with pytest.raises(ExperimentError, match=r"members=0, strains=2: a cross-check needs"):
        pyscimlode.crosscheck(result, members=0)
