from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pyscimlode.errors import DataError, ModelError
from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.dynamics.robustness import Watched, assess_robustness, compartment_species
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km

WATCHED = (
    Watched("ATP", species=("ATP",)),
    Watched("growth", reactions=("R3",)),
    Watched("cytosol", species=("A", "B", "ATP", "ADP")),
)


def test_a_model_returns_at_the_rate_of_its_slowest_eigenvalue(toy: KineticCase) -> None:
    """At KM = 1 lambda_max is -3.49/h: long after, what is left shrinks by exp(lambda_max t)."""
    result = assess_robustness(
        evaluator_of(toy), np.zeros((1, 14)), WATCHED, perturbations=3, times_min=(60.0, 90.0)
    )
    left = [np.abs(result.ratios[0, :, result.times_min == t, 2] - 1).max() for t in (60.0, 90.0)]
    assert np.log(left[1] / left[0]) == pytest.approx(-3.48724632 * 0.5, rel=0.05)
    assert not result.failures


def test_the_table_counts_what_returned(toy: KineticCase) -> None:
    result = assess_robustness(
        evaluator_of(toy), np.zeros((2, 14)), WATCHED, perturbations=3, times_min=(1.0, 120.0)
    )
    table = result.table(tolerances=(0.05, 0.9)).set_index(["watched", "time_min", "tolerance"])
    assert table.loc[("cytosol", 1.0, 0.05), "returned"] == 0.0
    assert table.loc[("cytosol", 120.0, 0.05), "returned"] == 1.0
    assert table.loc[("cytosol", 1.0, 0.9), "every"] == 1.0
    assert (table["runs"] == 6).all()
    expected = np.abs(result.ratios[:, :, result.times_min == 1.0, 0] - 1) <= 0.05
    assert table.loc[("ATP", 1.0, 0.05), "returned"] == pytest.approx(expected.mean())


def test_failures_are_values_and_count_as_not_returned(toy: KineticCase) -> None:
    result = assess_robustness(
        evaluator_of(toy), np.zeros((1, 14)), WATCHED, perturbations=2, most=10
    )
    assert set(result.failures) == {(0, 0), (0, 1)}
    assert repr(result).startswith("Robustness of 1 models, 2 perturbations each by up to 50%, 2 f")
    assert "max_steps at" in result.failures[0, 0]
    assert "after 10 steps" in result.failures[0, 0]
    table = result.table()
    assert (table["returned"] == 0).all()
    assert (table["failed"] == 2).all()


def test_an_executor_gives_the_same(toy: KineticCase) -> None:
    evaluator, ln_km = evaluator_of(toy), random_ln_km(toy, 3, low=-9.0, high=-5.0)
    with ThreadPoolExecutor(2) as pool:
        parallel = assess_robustness(evaluator, ln_km, WATCHED, perturbations=2, executor=pool)
    here = assess_robustness(evaluator, ln_km, WATCHED, perturbations=2)
    np.testing.assert_array_equal(parallel.ratios, here.ratios)


def test_mistakes_are_named(toy: KineticCase) -> None:
    evaluator, km = evaluator_of(toy), np.zeros((1, 14))
    with pytest.raises(DataError, match=r"'S' watches 'S_e', which is held constant"):
        assess_robustness(evaluator, km, [Watched("S", ("S_e",))])
    with pytest.raises(DataError, match=r"'none' watches no species and no reaction"):
        assess_robustness(evaluator, km, [Watched("none")])
    with pytest.raises(ModelError, match=r"The reaction 'R9' is not known"):
        assess_robustness(evaluator, km, [Watched("x", reactions=("R9",))])
    with pytest.raises(DataError, match=r"times_min=\(5, 1\) must be positive and increase"):
        assess_robustness(evaluator, km, WATCHED, times_min=(5, 1))
    with pytest.raises(DataError, match=r"watched must be a list"):
        assess_robustness(evaluator, km, [])
    with pytest.raises(DataError, match=r"rtol=-1 must lie between 0 and 1"):
        assess_robustness(evaluator, km, WATCHED, rtol=-1)
    with pytest.raises(DataError, match=r"most=0 must be at least one step"):
        assess_robustness(evaluator, km, WATCHED, most=0)
    with pytest.raises(DataError, match=r"ln_km has the shape \(14,\); it must be \(models, KM\)"):
        assess_robustness(evaluator, km[0], WATCHED)
    with pytest.raises(DataError, match=r"Compartment 'z' has no dynamic species.*c, p, e"):
        compartment_species(toy.network, "z")
    result = assess_robustness(evaluator, km, WATCHED, perturbations=1, times_min=(5,))
    with pytest.raises(DataError, match=r"There are no paths at 7 min"):
        result.returned(7.0, 0.1)


@pytest.mark.slow
def test_the_full_case_is_followed(kinetic_data: Path) -> None:
    case, arrays = golden_case(kinetic_data, "ecoli_trpd9923_lp")
    cytosol = Watched("cytosol", compartment_species(case.network, "c"))
    result = assess_robustness(
        evaluator_of(case), arrays["golden_lnKM"][:1], [cytosol], perturbations=1, times_min=(1,)
    )
    assert np.isfinite(result.ratios).all() or result.failures
