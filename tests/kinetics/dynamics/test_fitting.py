from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ColumnError, DataError, ModelError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel
from pyscimlode.kinetics.dynamics.fitting import fit_parameters
from pyscimlode.kinetics.dynamics.simulated import simulate_strains

FREE = ("vmax_R2", "km_C_R6")


@pytest.fixture(scope="module")
def truth(toy: KineticCase) -> KineticModel:
    evaluator = KineticEvaluator(toy.network, toy.state)
    return KineticModel.at_steady_state(evaluator, np.zeros(len(toy.network.km_names)))


@pytest.fixture(scope="module")
def data(truth: KineticModel) -> Dataset:
    return simulate_strains(truth, 1, [0.0, 0.1, 0.4], enzymes=["R1", "R6"], spread=0.7)


def start_of(truth: KineticModel) -> KineticModel:
    ln_km, ln_vmax = truth.ln_km.copy(), truth.ln_vmax.copy()
    ln_km[truth.network.km_names.index("km_C_R6")] += 0.5
    ln_vmax[1] -= 0.4
    return replace(truth, ln_km=ln_km, ln_vmax=ln_vmax)


def test_the_parameters_that_made_the_data_are_found(truth: KineticModel, data: Dataset) -> None:
    fit = fit_parameters(start_of(truth), data, FREE, rtol=1e-6)
    assert fit.error < 1e-5 < 0.02 < fit.error_before
    assert fit.values["vmax_R2"] == pytest.approx(np.exp(truth.ln_vmax[1]), rel=1e-2)
    assert fit.values["km_C_R6"] == pytest.approx(1.0, rel=1e-2)
    assert max(fit.log_sd.values()) < 0.01
    np.testing.assert_allclose(fit.model.ln_vmax, truth.ln_vmax, atol=1e-2)


def test_a_parameter_without_effect_is_not_determined(truth: KineticModel, data: Dataset) -> None:
    fit = fit_parameters(truth, data, ["vmax_R2", "km_W_e_R6"], most=2, rtol=1e-6)
    assert fit.log_sd["km_W_e_R6"] == np.inf, "the product KM of an irreversible law"
    assert np.isfinite(fit.log_sd["vmax_R2"])


def test_mistakes_are_named(truth: KineticModel, data: Dataset) -> None:
    with pytest.raises(ModelError, match=r"The parameter 'vmax_R22' is not known"):
        fit_parameters(truth, data, ["vmax_R22"])
    with pytest.raises(ModelError, match=r"Name the parameters to fit"):
        fit_parameters(truth, data, [])
    other = replace(data, state_names=("A", "ATP", "B", "ADP", "Z"), units={})
    with pytest.raises(ColumnError, match=r"The state 'Z' is not in the network 'toy6'"):
        fit_parameters(truth, other, FREE)
    first = data["S1"]
    moving = first.controls.copy()
    moving[1, 0] *= 2
    changing = replace(data, experiments=(replace(first, controls=moving),))
    with pytest.raises(DataError, match=r"'S1' has enzyme levels that change with time"):
        fit_parameters(truth, changing, FREE)
    gone = replace(data, experiments=(replace(first, states=first.states * np.nan),))
    with pytest.raises(DataError, match=r"no measured cell"):
        fit_parameters(truth, gone, FREE)
    low = replace(data, experiments=(replace(first, states=first.states - 1.0),))
    with pytest.raises(DataError, match=r"'S1' has states that are not positive"):
        fit_parameters(truth, low, FREE)
