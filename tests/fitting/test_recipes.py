from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pyscimlode import BFGS, Adam, Collocation, Dataset, HybridODE, NeuralODE, datasets
from pyscimlode.data import Experiment
from pyscimlode.fitting.recipes import (
    BRANCHED_EXPONENT,
    FEW_STRAINS,
    chosen_model,
    default_hybrid,
    default_model,
    default_stages,
)
from pyscimlode.models import (
    Pathway,
    Reaction,
    limonene_pathway,
    mevalonate_pathway,
    simulated_pathway,
)
from pyscimlode.training import PUBLISHED_STAGES
from tests.models.kinetic.ramps import toy_model


@pytest.mark.parametrize("model", [None, NeuralODE(), HybridODE(simulated_pathway())])
def test_few_strains_get_more_weight_decay(model: NeuralODE | HybridODE | None) -> None:
    few = default_stages("forecast", FEW_STRAINS, model)
    many = default_stages("forecast", FEW_STRAINS + 1, model)
    for strict, free in zip(few, many, strict=True):
        assert type(strict) is type(free)
        assert isinstance(strict, Adam | Collocation)
        assert isinstance(free, Adam | Collocation)
        assert strict.weight_decay >= 10 * free.weight_decay
        assert strict.steps <= free.steps


def test_hybrid_models_have_stages_of_their_own() -> None:
    hybrid = HybridODE(simulated_pathway())
    assert default_stages("forecast", 2, hybrid) != default_stages("forecast", 2)
    assert default_stages("forecast", 2, NeuralODE()) == default_stages("forecast", 2)


def test_weight_decay_of_hybrid_models_falls_with_the_number_of_strains() -> None:
    decays = []
    for n_strains in (2, 7, 10):
        stage = default_stages("forecast", n_strains, HybridODE(simulated_pathway()))[-1]
        assert isinstance(stage, Adam)
        decays.append(stage.weight_decay)
    assert decays == sorted(decays, reverse=True)
    assert len(set(decays)) == 3


def test_the_published_protocol_keeps_its_recipe() -> None:
    hybrid = HybridODE(simulated_pathway())
    assert default_stages("identity", 2, hybrid) == PUBLISHED_STAGES
    assert default_model("identity", 2) == NeuralODE.published()


TRUNK = Reaction("trunk", {"A": 1}, {"B": 1}, ("E",))
BRANCHES = Pathway(
    (TRUNK, Reaction("one", {"B": 1}, {"C": 1}), Reaction("two", {"B": 1}, {"D": 1}))
)


def strains(*measured: str) -> Dataset:
    """Return a strain for each text, whose letters are the states that it was measured for."""
    return Dataset(
        tuple(
            Experiment(
                name=f"S{index}",
                times=np.array([0.0, 1.0]),
                states=np.tile([1.0 if s in letters else np.nan for s in "ABCDX"], (2, 1)),
                controls=np.ones((2, 1)),
            )
            for index, letters in enumerate(measured)
        ),
        state_names=tuple("ABCDX"),
        control_names=("E",),
    )


@pytest.mark.parametrize(
    ("measured", "branched"),
    [
        (("ABCDX", "ABCDX"), False),
        (("ABCX", "ABDX"), True),
        (("ABCX", "ABCX"), False),  # D is measured nowhere
        (("ABCDX", "ABCD"), False),  # X is no species of the pathway
        (("ABCDX",), False),
    ],
)
def test_branches_of_some_strains_change_the_hybrid_model(
    measured: tuple[str, ...], branched: bool
) -> None:
    model = default_hybrid(BRANCHES, strains(*measured))
    assert model.network_sees_controls is branched
    usual = HybridODE(BRANCHES).initial_exponent
    assert model.initial_exponent == (BRANCHED_EXPONENT if branched else usual)


@pytest.mark.parametrize("n_strains", [2, 7])
def test_networks_that_see_controls_are_held_back_by_weight_decay(n_strains: int) -> None:
    blind = HybridODE(simulated_pathway())
    seeing = replace(blind, network_sees_controls=True)
    for strict, free in zip(
        default_stages("forecast", n_strains, seeing),
        default_stages("forecast", n_strains, blind),
        strict=True,
    ):
        assert isinstance(strict, Adam | Collocation)
        assert isinstance(free, Adam | Collocation)
        assert strict.weight_decay > 2 * free.weight_decay
    assert default_stages("forecast", 50, seeing) == default_stages("forecast", 50, blind)


def test_named_hybrid_models_follow_the_strains_and_given_ones_stay() -> None:
    train = strains("ABCX", "ABDX")
    given = HybridODE(BRANCHES)
    assert chosen_model("forecast", given, train) is given
    assert chosen_model("forecast", None, train) == default_model("forecast", 2)
    assert chosen_model("forecast", "neural-ode", train) == NeuralODE()
    simulated, _ = datasets.benchmark("sim-sparse", n=2)
    assert chosen_model("forecast", "hybrid-simulated", simulated) == HybridODE(simulated_pathway())


def test_pooled_families_have_branches_and_one_family_has_not(measured_data: object) -> None:
    del measured_data
    pooled = datasets.load("costello2018-all").select(("L1", "L2", "I1", "I2", "B1"))
    assert chosen_model("forecast", "hybrid-mevalonate", pooled) == HybridODE(
        mevalonate_pathway(), network_sees_controls=True, initial_exponent=BRANCHED_EXPONENT
    )
    own = datasets.load("limonene")
    assert default_hybrid(limonene_pathway(), own) == HybridODE(limonene_pathway())


def test_kinetic_models_are_drawn_towards_the_generated_one() -> None:
    model = toy_model().hybrid()
    (few,) = default_stages("forecast", 4, model)
    (many,) = default_stages("forecast", 20, model)
    assert isinstance(few, BFGS)
    assert isinstance(many, BFGS)
    assert few.weight_decay > many.weight_decay > 0.0
