from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pyscimlode.backends.status import Status
from pyscimlode.errors import DataError, ModelError, SolverError
from pyscimlode.kinetics import KineticCase, KineticModel, stoichiometry
from pyscimlode.kinetics.dynamics.bioreactor import INOCULUM, batch_culture, batch_cultures
from pyscimlode.kinetics.dynamics.cultures import BatchCulture, cultures_table
from tests.kinetics.cases import evaluator_of, random_ln_km

HELD = ("o2_e", "co2_e", "pi_e")


@pytest.fixture(scope="module")
def cells(pathway: KineticCase) -> KineticModel:
    evaluator = evaluator_of(pathway)
    ln_km = random_ln_km(pathway, 200, low=-10.0, high=-5.0)
    best = int(np.argmin(evaluator.evaluate(ln_km).lambda_max))
    return KineticModel.at_steady_state(evaluator, ln_km[best])


@pytest.fixture(scope="module")
def culture(cells: KineticModel) -> BatchCulture:
    return batch_culture(cells, "BIO", held=HELD, medium={"glc_e": 20.0}, rtol=1e-5)


def test_the_culture_outlives_its_glucose(culture: BatchCulture) -> None:
    assert 10.0 < culture.exhausted_h("glc_e") < 40.0
    assert culture.hours[-1] == 60.0
    assert (culture.concentrations > 0).all()
    assert culture.biomass[0] == pytest.approx(INOCULUM)
    late = culture.hours > culture.exhausted_h("glc_e", share=1e-4)
    assert culture.growth_rate[late].max() < 0.01 * culture.growth_rate.max()


def test_balances_hold(culture: BatchCulture) -> None:
    assert max(culture.balance_error.values()) < 1e-3
    assert culture.moiety_error < 1e-3
    assert (np.diff(culture.biomass) > 0).all() or culture.growth_rate.min() >= 0


def test_early_growth_follows_the_exponential(
    culture: BatchCulture, cells: KineticModel, pathway: KineticCase
) -> None:
    """With the medium of the steady state, a culture begins with its growth rate and yields."""
    start = batch_culture(cells, "BIO", held=HELD, hours=0.5, points=3, rtol=1e-7)
    assert start.growth_rate[0] == pytest.approx(0.1)
    assert start.biomass[-1] == pytest.approx(INOCULUM * np.exp(0.1 * 0.5), rel=1e-3)
    row = stoichiometry(pathway.network)[pathway.network.species_index(["glc_e"])[0]]
    made = start.biomass[-1] - start.biomass[0]
    uptake = (row @ pathway.state.fluxes) / 0.1
    glucose = start.concentration("glc_e")
    assert glucose[-1] - glucose[0] == pytest.approx(made * uptake, rel=1e-3)


def test_held_species_stay_and_the_frame_has_the_medium(culture: BatchCulture) -> None:
    assert np.ptp(culture.concentration("o2_e")) == 0.0
    frame = culture.to_frame()
    assert list(frame.columns) == ["hours", "biomass", "growth_rate", "glc_e", "ac_e", "lac_e"]
    assert list(culture.to_frame(["atp_c"]).columns)[-1] == "atp_c"


def test_mistakes_are_named(cells: KineticModel, culture: BatchCulture, toy: KineticCase) -> None:
    with pytest.raises(ModelError, match=r"The reaction 'GROWTH' is not known"):
        batch_culture(cells, "GROWTH")
    with pytest.raises(ModelError, match=r"The species 'h_e' is not known"):
        batch_culture(cells, "BIO", held=["h_e"])
    with pytest.raises(DataError, match=r"medium names 'pi_e', which is not released"):
        batch_culture(cells, "BIO", held=HELD, medium={"pi_e": 1.0})
    with pytest.raises(DataError, match=r"medium has -1.0 mM of 'glc_e'; it must be positive"):
        batch_culture(cells, "BIO", medium={"glc_e": -1.0})
    with pytest.raises(DataError, match=r"No species is released: compartment 'c'"):
        batch_culture(cells, "BIO", compartment="c", held=["h_c"])
    with pytest.raises(DataError, match=r"inoculum=0.0 gDW/L must be positive"):
        batch_culture(cells, "BIO", inoculum=0.0)
    with pytest.raises(DataError, match=r"The culture has no species 'glucose'"):
        culture.concentration("glucose")
    model = KineticModel.at_steady_state(evaluator_of(toy), np.zeros(14))
    with pytest.raises(DataError, match=r"The fluxes are in mM/h; give density="):
        batch_culture(model, "R3")
    with pytest.raises(SolverError, match=r"'example_pathway' was not followed. Given up at"):
        batch_culture(cells, "BIO", most=30)


def test_many_cultures_end_in_a_status(
    pathway: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyscimlode.kinetics.dynamics.bioreactor.TOGETHER", 10)
    evaluator, ln_km = evaluator_of(pathway), random_ln_km(pathway, 12, low=-10.0, high=-5.0)
    done: list[tuple[int, int]] = []
    cultures = batch_cultures(
        evaluator,
        ln_km,
        "BIO",
        held=HELD,
        hours=2.0,
        points=5,
        most=12,
        progress=lambda now, every: done.append((now, every)),
    )
    assert len(cultures) == 12
    assert done == [(1, 2), (2, 2)]
    for culture in cultures:
        assert culture.survived == (culture.status is Status.SUCCESS)
        reached = culture.hours <= culture.reached_h
        assert np.isfinite(culture.biomass[reached]).all()
        assert np.isnan(culture.biomass[~reached]).all()
    given_up = [c for c in cultures if not c.survived]
    assert given_up
    assert given_up[0].status is Status.MAX_STEPS
    assert "h of 2 after 12 steps (max_steps). The state there" in given_up[0].message
    assert given_up[0].at_end() == given_up[0].biomass[np.isfinite(given_up[0].biomass)][-1]


def test_an_executor_gives_the_same_cultures(
    pathway: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyscimlode.kinetics.dynamics.bioreactor.TOGETHER", 10)
    evaluator, ln_km = evaluator_of(pathway), random_ln_km(pathway, 12, low=-10.0, high=-5.0)
    options = {"held": HELD, "hours": 1.0, "points": 3, "most": 100}
    with ThreadPoolExecutor(2) as pool:
        there = batch_cultures(evaluator, ln_km, "BIO", executor=pool, **options)
    here = batch_cultures(evaluator, ln_km, "BIO", **options)
    for one, other in zip(there, here, strict=True):
        np.testing.assert_array_equal(one.concentrations, other.concentrations)


def test_a_table_says_how_cultures_ended(culture: BatchCulture) -> None:
    table = cultures_table([culture, culture], "glc_e", ["ac_e"])
    assert table["survived"].all()
    assert table["exhausted_h"][0] == culture.exhausted_h("glc_e")
    assert table["ac_e"][1] == culture.concentration("ac_e")[-1]
    assert table["message"][0] == "Followed for 60 h."
    assert repr(culture).endswith("gDW/L at the end. Followed for 60 h.")
    with pytest.raises(DataError, match=r"needs one culture or more"):
        cultures_table([], "glc_e")
    with pytest.raises(DataError, match=r"The culture has no species 'glucose'"):
        cultures_table([culture], "glucose")


def test_more_mistakes_are_named(pathway: KineticCase) -> None:
    evaluator = evaluator_of(pathway)
    km = np.zeros((1, len(pathway.network.km_names)))
    with pytest.raises(DataError, match=r"ln_km has the shape \(3,\); it must be \(models, KM\)"):
        batch_cultures(evaluator, km[0, :3], "BIO")
    with pytest.raises(DataError, match=r"ln_km"):
        batch_cultures(evaluator, km[:, :3], "BIO")
    with pytest.raises(DataError, match=r"held='o2_e' is one text; give a list"):
        batch_cultures(evaluator, km, "BIO", held="o2_e")
    with pytest.raises(DataError, match=r"hours=-1 must be positive"):
        batch_cultures(evaluator, km, "BIO", hours=-1)
    with pytest.raises(DataError, match=r"points=1 at least 2"):
        batch_cultures(evaluator, km, "BIO", points=1)
    with pytest.raises(DataError, match=r"ln_km"):
        batch_cultures(evaluator, km * np.nan, "BIO")
