"""The ladder between engines: agreement, and disagreements planted at every level."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyscimlode.agreement import LEVELS, START_LEVELS, Agreement, Rung, check_engines
from pyscimlode.agreement.levels import compare_gradients, field_points
from pyscimlode.backends import registry
from pyscimlode.backends.base import Capabilities
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch import TorchBackend
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.errors import BackendUnavailable, EngineDied, ExperimentError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.problem import Objective, Problem
from tests.backends.problems import initial_theta, small_problem


def problem() -> Problem:
    made = small_problem(
        NeuralODE(widths=(4,), features="linear"),
        experiments=2,
        states=2,
        controls=1,
        times=4,
        knots=3,
        objective=Objective(kind="huber", huber_delta=0.2),
        pir=4.0,
    )
    return replace(made, initial=made.initial * np.array([[1.0], [-0.3]]))


class Crooked(PortableSession):
    """An engine with a mistake."""

    mistake = ""

    def field(self, theta: Any, z: Any, p: Any) -> Any:
        value = super().field(theta, z, p)
        if self.mistake == "field":
            value[..., 1] *= 1.0 + 1e-9
        return value

    def solve(self, theta: Any, **options: Any) -> Any:
        found = super().solve(theta, **options)
        if self.mistake == "trajectory":
            found.z[0, 1, 2:, 1] += 1e-4
        return found

    def loss_and_grad(self, theta: Any, **options: Any) -> Any:
        if self.mistake == "dies later":
            raise EngineDied("the worker was killed")
        parts, gradient = super().loss_and_grad(theta, **options)
        if self.mistake == "loss":
            parts = replace(parts, pir=1.001 * parts.pir)
        if self.mistake == "gradient" and options.get("experiments") in (None, [1]):
            gradient[0, 3] += 1e-3
        return parts, gradient


class CrookedBackend(TorchBackend):
    name = "crooked"

    def open(self, problem: Problem, solver: SolverSpec, **options: Any) -> Any:
        import torch

        if Crooked.mistake == "dies at once":
            raise EngineDied("the worker was killed")
        return Crooked(problem, solver, device="cpu", dtype=torch.float64)


class AbsentBackend(TorchBackend):
    name = "absent"

    def capabilities(self) -> Capabilities:
        return Capabilities(False, "it is on holiday; wait.", (), (), ())


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, backend in (("crooked", CrookedBackend), ("absent", AbsentBackend)):
        monkeypatch.setitem(registry.BUILT_IN, name, f"{__name__}:{backend.__name__}")
    made = {"crooked": CrookedBackend, "absent": AbsentBackend}
    known = registry._instantiate

    def instantiate(target: str) -> Any:
        name = target.rpartition(":")[2].removesuffix("Backend").lower()
        return made[name]() if name in made else known(target)

    monkeypatch.setattr(registry, "_instantiate", instantiate)
    yield
    Crooked.mistake = ""


def checked(mistake: str = "", **options: Any) -> Agreement:
    Crooked.mistake = mistake
    what = problem()
    return check_engines(what, initial_theta(what), backends=["crooked"], **options)


def test_engines_agree_on_all_levels() -> None:
    what = problem()
    levels = LEVELS[:-1]
    found = check_engines(what, initial_theta(what), backends=["torch"], levels=levels)
    assert LEVELS[-1] == "native training"
    assert bool(found)
    assert [rung.level for rung in found.rungs] == list(levels)
    assert all(rung.error <= rung.tolerance for rung in found.rungs)
    assert found.lowest_failing("torch") is None
    assert set(found.versions) == {"reference", "torch"}
    assert "Lowest level" not in repr(found)


@pytest.mark.parametrize(
    ("mistake", "place"),
    [
        ("field", r"state 'M1'"),
        ("trajectory", r"state 'M1', experiment 'S1', time"),
        ("loss", r"experiment 'S1', member 0"),
        ("gradient", r"parameter net\.0\.weight\[1, 0\], experiment 'S1'"),
    ],
)
def test_a_mistake_is_found_at_its_level_and_place(mistake: str, place: str) -> None:
    found = checked(mistake, levels=START_LEVELS)
    assert not found
    failing = found.lowest_failing("crooked")
    assert failing is not None
    assert failing.level == mistake
    assert f"Lowest level that differs: {mistake}" in repr(found)
    assert re.search(place, str(failing.where))
    for rung in found.rungs:
        assert rung.verdict == ("differs" if rung.level == mistake else "agrees")


def test_the_trajectory_is_blamed_where_it_first_differs() -> None:
    found = checked("trajectory", levels=["trajectory"])
    where = found.rungs[0].where
    assert where is not None
    assert where.time == pytest.approx(problem().times[1, 2])
    assert where.ours is not None
    assert where.theirs is not None
    assert where.ours - where.theirs == pytest.approx(1e-4, rel=1e-3)


def test_the_lowest_level_is_named_in_whatever_order_they_were_asked_for() -> None:
    found = checked("field", levels=["gradient", "loss", "field"])
    assert [rung.level for rung in found.rungs] == ["field", "loss", "gradient"]


def test_fields_are_compared_at_the_inputs_that_the_solver_sees() -> None:
    made = small_problem(interpolation="step", knots=3, experiments=2)
    at = field_points(made)
    values = made.knot_values.reshape(-1, made.n_controls)
    for row in at.p:
        assert (row == values).all(axis=1).any()
    linear = field_points(replace(made, control_interpolation="linear"))
    first = [i for i, name in enumerate(linear.experiment) if name == "S0"]
    np.testing.assert_allclose(
        linear.p[first, 1],
        np.interp(linear.time[first], made.knot_times[0], made.knot_values[0, :, 1]),
    )
    assert field_points(small_problem(controls=0)).p.shape == (17, 0)


def test_a_gradient_without_numbers_is_no_agreement() -> None:
    what = problem()
    expected = np.ones((1, what.layout.size))
    error, where, _ = compare_gradients(what.layout, np.full_like(expected, np.nan), expected)
    assert error == np.inf
    assert where is not None
    assert where.parameter == "net.0.weight[0, 0]"


def test_an_engine_that_is_not_there_is_said_and_no_disagreement() -> None:
    what = problem()
    found = check_engines(what, initial_theta(what), backends=["absent"], levels=["field"])
    assert bool(found)
    assert found.rungs[0].verdict == "not run"
    assert "field        not run: it is on holiday" in repr(found)


@pytest.mark.parametrize("mistake", ["dies at once", "dies later"])
def test_an_engine_that_dies_has_failed_and_does_not_agree(mistake: str) -> None:
    found = checked(mistake, levels=["field", "gradient"])
    assert not found
    verdicts = [rung.verdict for rung in found.rungs]
    assert verdicts == ["failed" if mistake == "dies at once" else "agrees", "failed"]
    failing = found.lowest_failing("crooked")
    assert failing is not None
    assert "the worker was killed" in failing.note
    assert f"Lowest level without an answer: {failing.level}." in repr(found)
    assert len(found.plot().axes) == 1


def test_a_kink_on_the_way_is_said_and_allowed_for() -> None:
    what = replace(problem(), model=NeuralODE(widths=(4,), features="log"))
    found = check_engines(what, initial_theta(what), backends=["torch"], levels=START_LEVELS)
    gradient = found.rungs[-1]
    assert gradient.tolerance == 1e-3
    assert "passes zero in experiment 'S1', member 0, where log features" in gradient.note
    assert "kink" not in found.rungs[0].note
    assert bool(found)


def test_json_has_no_nan_and_everything_else(tmp_path: Path) -> None:
    found = checked("gradient", levels=["field", "gradient"])
    found.to_json(tmp_path / "agreement.json")
    read = json.loads((tmp_path / "agreement.json").read_text(encoding="utf-8"))
    assert read["agree"] is False
    assert [rung["verdict"] for rung in read["rungs"]] == ["agrees", "differs"]
    assert read["rungs"][1]["where"]["experiment"] == "S1"
    assert list(found.table["level"]) == ["field", "gradient"]
    assert repr(Agreement.from_json(tmp_path / "agreement.json")) == repr(found)


def test_an_infinite_error_is_a_word_in_json(tmp_path: Path) -> None:
    rungs = (Rung("field", "a", "differs", np.inf, 1.0), Rung("loss", "a", "not run", np.nan, 1.0))
    text = Agreement("reference", rungs).to_json(tmp_path / "found.json")
    assert "Infinity" not in text
    assert "NaN" not in text
    read = Agreement.from_json(tmp_path / "found.json").rungs
    assert read[0] == rungs[0]
    assert np.isnan(read[1].error)


def test_wrong_requests() -> None:
    what = problem()
    theta = initial_theta(what)
    with pytest.raises(ExperimentError, match=r"no level 'gradiant'.*Did you mean 'gradient'"):
        check_engines(what, theta, levels=["gradiant"])
    with pytest.raises(ExperimentError, match=r"Name an engine to compare with 'reference'"):
        check_engines(what, theta, backends=["reference"])
    with pytest.raises(BackendUnavailable, match=r"'nobody' is not installed"):
        check_engines(what, theta, backends=["torch"], judge="nobody")
