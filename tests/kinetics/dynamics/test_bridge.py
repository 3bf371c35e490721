"""From a generated model to a trained one, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticModel, example_pathway, simulate_strains, with_levels
from pyscimlode.results import FitResult
from pyscimlode.training import BFGS
from tests.kinetics.cases import evaluator_of
from tests.models.kinetic.ramps import toy_model

HOURS = [0.0, 0.15, 0.4, 0.8, 1.5]
ENZYMES = ("R1", "R3", "R6")


@pytest.fixture(scope="module")
def start() -> KineticModel:
    """Another generated model, with Vmax that are off by half."""
    model = toy_model(seed=1)
    off = 0.5 * np.random.default_rng(2).normal(size=len(model.ln_vmax))
    return replace(model, ln_vmax=model.ln_vmax + off)


@pytest.fixture(scope="module")
def strains() -> Dataset:
    return simulate_strains(
        toy_model(seed=0), 6, HOURS, enzymes=ENZYMES, spread=1.0, noise=0.01, seed=4
    )


@pytest.fixture(scope="module")
def trained(start: KineticModel, strains: Dataset) -> FitResult:
    return pyscimlode.fit(
        strains,
        model=start.hybrid(initial_spread=0.0),
        test=["S5", "S6"],
        ensemble=1,
        stages=[BFGS(15, weight_decay=1e-3)],
        progress=False,
    )


def test_a_trained_model_forecasts_strains_that_it_has_not_seen(
    start: KineticModel, strains: Dataset, trained: FitResult
) -> None:
    untrained = replace(trained, theta=np.zeros_like(trained.theta))
    scores = trained.scores
    error = scores.value(trained.name)
    assert error < 0.5 * untrained.scores.value(untrained.name)
    assert error < 0.5 * min(scores.value(m) for m in scores.models if m != trained.name)


def test_it_is_saved_and_read_back(trained: FitResult, tmp_path: Path) -> None:
    trained.save(tmp_path / "fit")
    again = pyscimlode.load(tmp_path / "fit")
    assert again.model == trained.model
    assert trained.test is not None
    found, expected = again.predict(trained.test), trained.predict(trained.test)
    np.testing.assert_array_equal(found["S5"], expected["S5"])


def test_the_fitted_model_is_a_kinetic_model_again(start: KineticModel, trained: FitResult) -> None:
    fitted = start.fitted(trained)
    assert not np.allclose(fitted.ln_vmax, start.ln_vmax)
    assert trained.test is not None
    strain = trained.test["S5"]
    own = with_levels(fitted, ENZYMES, strain.controls[0])
    path = own.simulate(strain.states[0], strain.times)
    forecast = trained.predict(trained.test, times=strain.times).median("S5")
    np.testing.assert_allclose(forecast, path, rtol=2e-3)


def test_engines_agree_on_it(trained: FitResult) -> None:
    agreement = pyscimlode.crosscheck(
        trained, backends=["torch"], levels=["field", "loss"], strains=1
    )
    assert agreement


def test_members_start_around_the_generated_model(start: KineticModel) -> None:
    hybrid = start.hybrid().bound_to(start.network.dynamic_ids, ENZYMES)
    draws = [hybrid.initial(5, 3, np.random.default_rng(seed)) for seed in (0, 1)]
    assert not np.allclose(*draws)
    assert np.abs(draws).max() < 0.5


def test_fits_of_other_models_are_refused(start: KineticModel, trained: FitResult) -> None:
    case = example_pathway()
    other = KineticModel.at_steady_state(evaluator_of(case), np.zeros(len(case.network.km_names)))
    with pytest.raises(ModelError, match=r"The fit is of the network 'toy6', whose reactions"):
        other.fitted(trained)
    with pytest.raises(ModelError, match=r"member=1: the fit has the members 0 to 0"):
        start.fitted(trained, member=1)
    net = replace(trained.model, widths=(2,))  # type: ignore[type-var]
    with pytest.raises(ModelError, match=r"A network corrects the rates of this fit"):
        start.fitted(replace(trained, model=net))
    with pytest.raises(ModelError, match=r"A neural_ode model has no KM and Vmax"):
        start.fitted(replace(trained, model=pyscimlode.NeuralODE()))


def test_a_control_that_is_misspelt(start: KineticModel, strains: Dataset) -> None:
    with pytest.raises(ModelError, match=r"'R33' is not among the controls .*mean 'R3'"):
        pyscimlode.fit(strains, model=start.hybrid(enzymes={"R3": "R33"}), progress=False)


def test_its_rates_are_drawn(trained: FitResult) -> None:
    from pyscimlode.plots import plot_rates
    from pyscimlode.report import wording

    figure = plot_rates(trained, "R2")
    assert figure.axes[0].get_ylabel() == "rate [mM/h]"
    assert figure.axes[0].get_title(loc="left") == "R2: A + ATP → B + ADP"
    assert "every reaction has its rate law" in wording.MODELS[trained.model.kind]
