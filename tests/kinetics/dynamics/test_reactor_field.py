from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase
from pyscimlode.kinetics.dynamics.reactor_field import ReactorField, released_species
from tests.kinetics.cases import evaluator_of, random_ln_km


@pytest.mark.parametrize("gone", [False, True])
def test_the_jacobian_of_the_reactor_is_the_slope_of_its_field(
    pathway: KineticCase, gone: bool
) -> None:
    evaluator, ln_km = evaluator_of(pathway), random_ln_km(pathway, 1, low=-10.0, high=-5.0)
    released = released_species(pathway.network, "e", ["o2_e"])
    field = ReactorField(
        pathway.network, pathway.state, "BIO", released, 300.0, ln_km, evaluator.ln_vmax(ln_km)
    )
    c = np.append(pathway.state.concentrations[field.place], 0.04)
    y = np.log(c)[None] + np.random.default_rng(1).normal(0, 0.2, (1, len(c)))
    if gone:
        y[0, field.cells] = np.log(1e-31)
    rows, step = np.zeros(1, dtype=np.int64), 1e-6
    found = field.jacobian(y, rows)[0]
    for k, unit in enumerate(np.eye(len(c))):
        slope = (field.rhs(y + step * unit, rows) - field.rhs(y - step * unit, rows))[0] / 2 / step
        size = np.abs(found).max(axis=1)
        np.testing.assert_allclose(slope / size, found[:, k] / size, atol=1e-5)


def test_what_is_gone_stays_positive_and_does_not_grow(pathway: KineticCase) -> None:
    """At 1e-31 mM the trickle of 1e-30 mM/h is what is left: d ln c/dt = 10/h."""
    evaluator, ln_km = evaluator_of(pathway), random_ln_km(pathway, 1, low=-10.0, high=-5.0)
    released = released_species(pathway.network, "e", ["o2_e", "co2_e", "pi_e", "ac_e", "lac_e"])
    assert released == ("glc_e",)
    field = ReactorField(
        pathway.network, pathway.state, "BIO", released, 300.0, ln_km, evaluator.ln_vmax(ln_km)
    )
    y = np.log(np.append(pathway.state.concentrations[field.place], 1e-300))[None]
    y[0, field.cells] = np.log(1e-31)
    assert field.rhs(y, np.zeros(1, dtype=np.int64))[0, field.cells] == pytest.approx(10.0)


def test_a_medium_without_released_species_is_refused(pathway: KineticCase) -> None:
    with pytest.raises(DataError, match=r"No species is released: compartment 'x'"):
        released_species(pathway.network, "x", [])
    with pytest.raises(DataError, match=r"held='o2_e' is one text"):
        released_species(pathway.network, "e", "o2_e")
