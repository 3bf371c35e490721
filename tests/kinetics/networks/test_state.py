from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics import KineticCase, SteadyState


def test_density_turns_specific_fluxes_into_mM_per_hour(pathway: KineticCase) -> None:
    state = pathway.state
    np.testing.assert_allclose(state.fluxes_mM_h, 300.0 * state.fluxes)
    np.testing.assert_allclose(state.with_density(420.0).fluxes_mM_h, 420.0 * state.fluxes)


def test_what_a_state_refuses(toy: KineticCase) -> None:
    one, two = np.ones(1), np.ones(2)
    with pytest.raises(DataError, match=r"concentrations of a steady state must be a vector"):
        SteadyState(np.ones((2, 1)), two, two)
    with pytest.raises(DataError, match=r"2 fluxes and 1 equilibrium constants"):
        SteadyState(one, two, one)
    with pytest.raises(DataError, match=r"flux_unit='mol/s' is not known; there are mM/h"):
        SteadyState(one, one, one, "mol/s")
    with pytest.raises(DataError, match=r"need density="):
        SteadyState(one, one, one, "mmol/gDW/h")
    with pytest.raises(DataError, match=r"density=-1.0 gDW/L must be a positive number"):
        SteadyState(one, one, one, "mmol/gDW/h", -1.0)
    with pytest.raises(DataError, match=r"do not depend on a density"):
        toy.state.with_density(300.0)


def test_arrays_cannot_be_written(toy: KineticCase) -> None:
    with pytest.raises(ValueError, match="read-only"):
        toy.state.concentrations[0] = 2.0
