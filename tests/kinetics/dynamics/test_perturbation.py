from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, balances
from pyscimlode.kinetics.dynamics.perturbation import perturbed


def test_totals_stay_and_changes_are_within_bounds(own: KineticCase) -> None:
    c = perturbed(own.network, own.state, 200, amplitude=0.5, seed=3)
    of = balances(own.network)
    steady = own.state.concentrations[of.dynamic]
    np.testing.assert_allclose(
        c @ of.totals.T, np.broadcast_to(of.totals @ steady, (200, len(of.totals))), rtol=1e-12
    )
    assert np.abs(c / steady - 1.0).max() <= 0.5 + 1e-12
    assert np.abs(c / steady - 1.0).max() > 0.49


def test_draws_are_uniform_within_the_plane(toy: KineticCase) -> None:
    """ATP + ADP = 2 leaves ATP uniform on [0.5, 1.5]; A belongs to no moiety."""
    c = perturbed(toy.network, toy.state, 4000, seed=1, steps=20)
    for name in ("ATP", "A"):
        values = np.sort(c[:, toy.network.dynamic_ids.index(name)])
        expected = 0.5 + (np.arange(len(values)) + 0.5) / len(values)
        assert np.abs(values - expected).max() < 1.63 / np.sqrt(len(values))  # Kolmogorov, 1 %


def test_a_moiety_with_unlike_pools_binds_the_large_one(pathway: KineticCase) -> None:
    c = perturbed(pathway.network, pathway.state, 50)
    nad = c[:, pathway.network.dynamic_ids.index("nad_c")]
    assert np.abs(nad / 2.5 - 1.0).max() <= 0.5 * 0.1 / 2.5 + 1e-12


def test_the_seed_makes_the_draws(toy: KineticCase) -> None:
    one, other = (perturbed(toy.network, toy.state, 3, seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(one, perturbed(toy.network, toy.state, 3, seed=0))
    assert (one != other).any()


def test_mistakes_are_named(toy: KineticCase) -> None:
    with pytest.raises(DataError, match=r"amplitude=1\.0 must lie between 0 and 1"):
        perturbed(toy.network, toy.state, 3, amplitude=1.0)
    with pytest.raises(DataError, match=r"samples=0 must be positive"):
        perturbed(toy.network, toy.state, 0)
