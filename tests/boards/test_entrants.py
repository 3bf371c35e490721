from __future__ import annotations

import pytest

from pyscimlode import DerivativeRegression, HybridODE, NeuralODE, TPOTBaseline
from pyscimlode.boards.entrants import ENTRANTS, Blend, Recipe, resolve_entrants
from pyscimlode.boards.tasks import Task, fold_tasks
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import ModelError
from pyscimlode.fitting.recipes import default_model, default_stages
from pyscimlode.training import Adam, Collocation
from tests.boards.example import example_tasks


@pytest.fixture(scope="module")
def task() -> Task:
    return fold_tasks(simulate(n=3, times=(0, 6, 12)))[0]


def test_recipes_are_the_default_ones_for_so_many_strains(task: Task) -> None:
    recipe = ENTRANTS["production-degradation"].build(task)
    assert isinstance(recipe, Recipe)
    assert recipe.model == default_model("forecast", 2)
    assert recipe.stages_for(2) == default_stages("forecast", 2, recipe.model)


def test_hybrids_know_the_pathway_and_their_control_knows_it_wrong(task: Task) -> None:
    right, wrong = (ENTRANTS[name].build(task) for name in ("hybrid", "hybrid-permuted"))
    assert isinstance(right, Recipe)
    assert isinstance(wrong, Recipe)
    assert isinstance(right.model, HybridODE)
    assert isinstance(wrong.model, HybridODE)
    for one, other in zip(
        right.model.pathway.reactions, wrong.model.pathway.reactions, strict=True
    ):
        assert one.substrates == other.substrates
        assert not {*one.enzymes} & {*other.enzymes}
    assert ENTRANTS["hybrid-permuted"].kind == "control"


def test_without_a_known_pathway_there_is_no_hybrid() -> None:
    task = example_tasks()[0]
    assert task.pathway == ""
    for name in ("hybrid", "hybrid+geometric", "hybrid-permuted"):
        assert ENTRANTS[name].build(task) is None


def test_what_is_needed_comes_first(task: Task) -> None:
    chosen = resolve_entrants(["hybrid+geometric", "extra-trees", "hybrid"])
    assert [entrant.name for entrant in chosen] == ["hybrid", "hybrid+geometric", "extra-trees"]
    assert chosen[1].build(task) == Blend("hybrid", "geometric mean")
    assert [entrant.name for entrant in resolve_entrants("neural-ode")] == ["neural-ode"]


def test_models_of_ones_own(task: Task) -> None:
    net, forest = NeuralODE(widths=(8,)), DerivativeRegression("extra-trees", ensemble=2)
    stages = [Collocation(5), Adam(5)]
    chosen = resolve_entrants(
        {"net": net, "short": (net, stages), "forest": forest, "gp": "gaussian-process"}
    )
    assert [(e.name, e.kind) for e in chosen] == [
        ("net", "model"),
        ("short", "model"),
        ("forest", "baseline"),
        ("gp", "baseline"),
    ]
    assert chosen[0].build(task) == Recipe(net)
    assert chosen[1].build(task) == Recipe(net, tuple(stages))
    assert chosen[2].build(task) is forest


def test_the_time_of_a_search_can_be_set(task: Task) -> None:
    (entrant,) = resolve_entrants(["tpot"], tpot_seconds=7.0)
    built = entrant.build(task)
    assert isinstance(built, TPOTBaseline)
    assert built.max_seconds == 7.0


def test_wrong_requests() -> None:
    with pytest.raises(ModelError, match=r"no model 'hybird' .*Did you mean 'hybrid'"):
        resolve_entrants(["hybird"])
    with pytest.raises(ModelError, match="No model is named"):
        resolve_entrants([])
    with pytest.raises(ModelError, match="'mean' is the name of a control"):
        resolve_entrants({"mean": NeuralODE()})
    with pytest.raises(ModelError, match=r"\{'net': NeuralODE\} is a class; add brackets"):
        resolve_entrants({"net": NeuralODE})
    with pytest.raises(ModelError, match=r"\{'x': float\}: give a model"):
        resolve_entrants({"x": 3.0})
    with pytest.raises(ModelError, match="the name is a text"):
        resolve_entrants({" ": NeuralODE()})
