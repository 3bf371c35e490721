from __future__ import annotations

import numpy as np
import pytest

import pyscimlode
from pyscimlode.errors import ExperimentError
from pyscimlode.results import FitResult
from pyscimlode.results.identity_forecast import identity_fit_as_forecast
from tests.boards.reproductions import STATES, limonene_like


def fitted(protocol: str) -> FitResult:
    return pyscimlode.fit(
        limonene_like(),
        test="L2",
        protocol=protocol,
        ensemble=2,
        stages=[pyscimlode.Adam(2)],
        progress=False,
    )


def test_the_strain_is_run_from_its_first_state_with_its_proteins_as_states() -> None:
    data = limonene_like()
    result = fitted("identity")
    forecast = identity_fit_as_forecast(result, data.select(["L2"]))
    values = forecast.members["L2"]
    assert forecast.state_names == STATES
    assert values.shape == (2, 4, 2)
    np.testing.assert_array_equal(forecast.times["L2"], data["L2"].times)
    np.testing.assert_allclose(values[:, 0], np.tile(data["L2"].states[0], (2, 1)))
    # Explicit Euler with small steps on the net's own field, proteins among the states.
    z = np.concatenate([data["L2"].states[0], data["L2"].controls[0]])
    steps = 400
    for _ in range(steps):
        z = z + 24.0 / steps * result.field(z[None], np.empty((1, 0)))[0, 0]
    np.testing.assert_allclose(values[0, 1], z[:2], rtol=1e-2, atol=1e-3)


def test_a_fit_under_the_forecast_protocol_needs_no_such_thing() -> None:
    with pytest.raises(ExperimentError, match=r"protocol='forecast': its predict\(\) is a forec"):
        identity_fit_as_forecast(fitted("forecast"), limonene_like().select(["L2"]))
