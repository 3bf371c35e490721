from __future__ import annotations

import pytest

from pyscimlode import Adam, Collocation, HybridODE, NeuralODE
from pyscimlode.fitting.recipes import FEW_STRAINS, default_model, default_stages
from pyscimlode.models import simulated_pathway
from pyscimlode.training import PUBLISHED_STAGES


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
