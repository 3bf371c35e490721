from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.interpolation import controls_at
from pyscimlode.errors import ColumnError, ExperimentError, TimeError
from pyscimlode.results import FitResult


def test_forecast_solves_the_learned_field(result: FitResult) -> None:
    """The engine's forecast is that of the model's NumPy field under SciPy."""
    test = result.test
    assert test is not None
    experiment = test["S5"]

    def rhs(t: float, z: np.ndarray) -> np.ndarray:
        p = controls_at(test, "S5", [t])
        return result.field(z[None], p)[1, 0]

    z = experiment.states[0]
    reference = [z]
    for start, end in zip(experiment.times[:-1], experiment.times[1:], strict=True):
        z = solve_ivp(rhs, (start, end), z, rtol=1e-8, atol=1e-10).y[:, -1]
        reference.append(z)
    forecast = result.predict("S5").members["S5"][1]
    np.testing.assert_allclose(forecast, np.stack(reference), rtol=2e-3, atol=1e-4)


def test_forecast_reads_first_states_and_controls_alone(result: FitResult) -> None:
    test = result.test
    assert test is not None
    experiment = test["S5"]
    states = experiment.states.copy()
    states[1:] = 99.0
    changed = replace(test, experiments=(replace(experiment, states=states),))
    np.testing.assert_array_equal(result.predict(changed)["S5"], result.predict("S5")["S5"])


def test_times_may_be_asked_for(result: FitResult) -> None:
    fine = result.predict("S5", times=[0.0, 4.0, 30.0])
    assert fine["S5"].shape == (3, 10)
    np.testing.assert_allclose(fine["S5"][:2], result.predict("S5")["S5"][:2], rtol=1e-4, atol=1e-5)
    with pytest.raises(TimeError, match="strictly increasing"):
        result.predict("S5", times=[1.0, 1.0])
    with pytest.raises(TimeError, match="list of finite times"):
        result.predict("S5", times=[np.nan])


def test_training_strains_can_be_forecast_by_name(result: FitResult) -> None:
    assert result.predict("S1").names == ("S1",)
    assert result.predict().names == ("S5", "S6")


def test_unknown_strain_and_other_columns(result: FitResult, strains: Dataset) -> None:
    with pytest.raises(ExperimentError, match="no strain 'S9' in this fit; there are S1, S2"):
        result.predict("S9")
    with pytest.raises(ColumnError):
        result.predict(strains.keep(states=strains.state_names[:3]))


def test_no_held_out_strain_no_scores(result: FitResult) -> None:
    alone = replace(result, test=None)
    with pytest.raises(ExperimentError, match="held no strain out"):
        _ = alone.scores
    with pytest.raises(ExperimentError, match="say what to predict"):
        alone.predict()


def test_scores_of_a_trained_strain_are_refused(result: FitResult, strains: Dataset) -> None:
    with pytest.raises(ExperimentError, match="'S1' is a test strain and also a training strain"):
        result.score(strains.select(["S1"]))


def test_text_says_what_it_is(result: FitResult) -> None:
    text = repr(result)
    for part in ("production-degradation x2", "4 strain(s)", "held out: S5, S6", "final loss"):
        assert part in text
