from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.backends.base import Capabilities
from pyscimlode.backends.julia import eigenvalues as julia_side
from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.errors import BackendUnavailable, DataError, EngineDied
from pyscimlode.kinetics import KineticCase, compare_eigenvalues
from pyscimlode.kinetics.evaluation.opinions import matched
from pyscimlode.kinetics.evaluation.refined import EXTENDED
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km

THERE = Capabilities(
    available=True, reason="", solvers=(), dtypes=("float64",), devices=("cpu",), versions={}
)
MISSING = Capabilities(
    available=False,
    reason="juliacall is not installed.",
    solvers=(),
    dtypes=("float64",),
    devices=("cpu",),
    versions={},
)


def found_to_be(monkeypatch: pytest.MonkeyPatch, capabilities: Capabilities) -> None:
    monkeypatch.setattr(JuliaBackend, "capabilities", lambda self: capabilities)


def test_numpy_and_torch_agree(own: KineticCase) -> None:
    found = compare_eigenvalues(
        evaluator_of(own), random_ln_km(own, 50, low=-15.0), ("torch", "numpy")
    )
    assert found
    assert [item.engine for item in found.opinions] == ["numpy", "torch"]
    first, second = found.opinions
    assert (first.eigenvalues, first.lambda_max, first.gradient) == (0.0, 0.0, 0.0)
    assert second.eigenvalues < 1e-9
    assert second.gradient < 1e-7
    assert (found.condition > 1 - 1e-9).all()
    if EXTENDED:
        assert max(first.refined, second.refined) < 1e-9
        values = evaluator_of(own).evaluate(random_ln_km(own, 50, low=-15.0)).lambda_max
        np.testing.assert_allclose(found.refined, values, rtol=1e-8)


def test_by_default_what_does_not_run_is_left_out(
    toy: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_to_be(monkeypatch, MISSING)
    found = compare_eigenvalues(evaluator_of(toy), random_ln_km(toy, 5))
    assert list(found.table["engine"]) == ["numpy", "torch"]
    assert found.absent == {"julia": "juliacall is not installed."}
    assert "julia is left out: juliacall is not installed." in str(found)


def test_by_name_what_does_not_run_is_an_error(
    toy: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    found_to_be(monkeypatch, MISSING)
    with pytest.raises(BackendUnavailable, match=r"'julia' does not run here: juliacall is not"):
        compare_eigenvalues(evaluator_of(toy), random_ln_km(toy, 5), ["julia"])


def test_an_engine_that_fails(toy: KineticCase, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(matrices: np.ndarray) -> np.ndarray:
        raise EngineDied("the worker is gone")

    found_to_be(monkeypatch, THERE)
    monkeypatch.setattr(julia_side, "julia_eigenvalues", dies)
    evaluator, ln_km = evaluator_of(toy), random_ln_km(toy, 5)
    assert compare_eigenvalues(evaluator, ln_km).absent == {"julia": "the worker is gone"}
    with pytest.raises(EngineDied, match="the worker is gone"):
        compare_eigenvalues(evaluator, ln_km, ["julia"])


def test_a_wrong_engine_is_found_out(toy: KineticCase, monkeypatch: pytest.MonkeyPatch) -> None:
    """One eigenvalue of one model crosses the threshold."""

    def wrong(matrices: np.ndarray) -> np.ndarray:
        values = np.linalg.eigvals(matrices).astype(complex)
        if len(values) > 1:
            leading = values[2].real.argmax()
            values[2, leading] = -1.0 if values[2, leading].real <= -2.5 else -4.0
        return values

    found_to_be(monkeypatch, THERE)
    monkeypatch.setattr(julia_side, "julia_eigenvalues", wrong)
    found = compare_eigenvalues(evaluator_of(toy), random_ln_km(toy, 5), ["julia"])
    assert not found
    assert found.opinions[1].disagreements == 1
    assert found.opinions[1].eigenvalues > 0.05
    assert found.opinions[1].lambda_max > 0.05
    assert np.isnan(found.opinions[1].gradient)


def test_clustered_eigenvalues_are_paired_in_any_order() -> None:
    wanted = np.array([[-1.0, -1.0 + 1e-9j, -1.0 - 1e-9j, -1e9]])
    found = np.array([[-1e9, -1.0 - 1e-9j, -1.0, -1.0 + 1e-9j]])
    np.testing.assert_array_equal(matched(found, wanted), 0.0)
    moved = found + np.array([0.0, 0.0, 0.2, 0.0])
    np.testing.assert_allclose(matched(moved, wanted), [[0.1, 0.0, 0.0, 0.0]], atol=1e-9)


def test_mistakes_are_named(toy: KineticCase) -> None:
    evaluator = evaluator_of(toy)
    with pytest.raises(DataError, match=r"no engine 'tourch' .* Did you mean 'torch'\?"):
        compare_eigenvalues(evaluator, random_ln_km(toy, 1), ["tourch"])
    with pytest.raises(DataError, match="There is no model to compare"):
        compare_eigenvalues(evaluator, random_ln_km(toy, 0))


@pytest.mark.julia
def test_julia_agrees(own: KineticCase) -> None:
    found = compare_eigenvalues(
        evaluator_of(own), random_ln_km(own, 50, low=-15.0), ["numpy", "julia"]
    )
    assert found
    assert found.opinions[1].eigenvalues < 1e-9


@pytest.mark.julia
@pytest.mark.parametrize("name", ["toy6", "varma65", "ecoli_trpd9923_lp"])
def test_julia_agrees_on_the_cases(kinetic_data: Path, name: str) -> None:
    case, golden = golden_case(kinetic_data, name)
    evaluator = evaluator_of(case)
    ln_km = np.concatenate([golden["golden_lnKM"], random_ln_km(case, 40)])
    found = compare_eigenvalues(evaluator, ln_km)
    assert not found.absent
    assert [item.engine for item in found.opinions] == ["numpy", "torch", "julia"]
    assert found, str(found)
