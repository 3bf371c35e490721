from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, KineticGenerator, evolve, published
from pyscimlode.kinetics.generators.integration import (
    measured_intervals,
    overlap,
    overlap_table,
    uncertainty_reduction,
    with_measured,
)
from tests.kinetics.cases import evaluator_of, random_ln_km

A_R2 = "km_A_R2"


def test_reports_become_an_interval_around_their_geometric_mean() -> None:
    low, high = measured_intervals({A_R2: [0.1, 10.0]})[A_R2]
    assert np.exp(low) == pytest.approx(0.8)
    assert np.exp(high) == pytest.approx(1.2)
    assert measured_intervals({A_R2: np.int64(1)})[A_R2] == pytest.approx((low, high))
    one = measured_intervals({A_R2: 2.0}, spread=0.0)[A_R2]
    assert one == pytest.approx((np.log(2.0), np.log(2.0)))


def test_measured_km_replace_generated_ones_in_sampling_and_training(toy: KineticCase) -> None:
    generator = KineticGenerator(toy.network.km_names, noise=4, hidden=(8,))
    measured = with_measured(generator, {A_R2: [0.5, 2.0]})
    theta = generator.initial(np.random.default_rng(0))
    column = toy.network.km_names.index(A_R2)
    values = np.exp(measured.sample(theta, 500)[:, column])
    assert 0.8 <= values.min() < 0.82
    assert 1.18 < values.max() <= 1.2
    settings = published(population=4, models=10, generations=2)
    trained = evolve(measured, evaluator_of(toy), settings)
    assert np.exp(trained.generator.sample(trained.theta, 50)[:, column]).max() <= 1.2


@pytest.mark.parametrize(
    ("a", "b", "score", "coverage"),
    [
        ((0.0, 4.0), (1.0, 2.0), 0.25, 1.0),
        ((0.0, 2.0), (1.0, 4.0), 0.25, 1 / 3),
        ((0.0, 1.0), (2.0, 3.0), 0.0, 0.0),
        ((0.0, 1.0), (0.5, 0.5), 0.0, 1.0),
        ((1.0, 1.0), (1.0, 1.0), 1.0, 1.0),
    ],
)
def test_overlap(
    a: tuple[float, float], b: tuple[float, float], score: float, coverage: float
) -> None:
    assert overlap(a, b) == pytest.approx((score, coverage))


def test_overlap_table_by_subsystem(toy: KineticCase) -> None:
    ln_km = np.linspace(-1.0, 1.0, 101)[:, None] * np.log(10.0) * np.ones(14)
    measured = measured_intervals({A_R2: 1.0, "km_C_R6": 1000.0})
    table = overlap_table(toy.network, ln_km, measured, {"R2": "kinase"}).set_index("km")
    assert table.loc[A_R2, "generated_low"] == pytest.approx(-0.9)
    assert table.loc[A_R2, "overlap"] == pytest.approx(np.log10(1.2 / 0.8) / 1.8)
    assert table.loc[A_R2, "coverage"] == 1.0
    assert table.loc["km_C_R6", "overlap"] == 0.0
    means = table.groupby("subsystem")["coverage"].mean()
    assert means.to_dict() == {"kinase": 1.0, "other": 0.0}


def test_uncertainty_reduction(toy: KineticCase) -> None:
    before = random_ln_km(toy, 400)
    after = before.copy()
    column = toy.network.km_names.index(A_R2)
    after[:, column] = 0.5 * before[:, column] + 1.0
    table = uncertainty_reduction(toy.network, before, after, measured=["km_C_R6"])
    assert table.loc[0, "km"] == A_R2
    assert table.loc[0, "reduction"] == pytest.approx(0.5)
    others = table[(table["km"] != A_R2)]
    np.testing.assert_allclose(others[["reduction", "shift"]], 0.0, atol=1e-12)
    assert table["measured"].tolist().count(True) == 1
    assert "km_W_e_R6" not in set(table["km"])  # inert


def test_mistakes_are_named(toy: KineticCase) -> None:
    for given in ("high", [0.5, None], {"a": 1.0}):
        with pytest.raises(DataError, match=r"measured KM 'K' is .*; numbers in mM are expected"):
            measured_intervals({"K": given})  # type: ignore[dict-item]
    with pytest.raises(DataError, match=r"The measured KM 'K' is -1.0 mM; it must be positive"):
        measured_intervals({"K": -1.0})
    with pytest.raises(DataError, match=r"The measured KM 'K' has no value"):
        measured_intervals({"K": []})
    with pytest.raises(DataError, match=r"spread=1.0 must be at least 0 and below 1"):
        measured_intervals({"K": 1.0}, spread=1.0)
    with pytest.raises(DataError, match=r"The measured KM 'km_A_R22' is not known"):
        overlap_table(toy.network, np.zeros((2, 14)), {"km_A_R22": (0.0, 1.0)})
    with pytest.raises(DataError, match=r"ln_km has the shape \(3,\); it must be \(models, 14\)"):
        uncertainty_reduction(toy.network, np.zeros(3), np.zeros(3))
