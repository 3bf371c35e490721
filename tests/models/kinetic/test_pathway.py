from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticCase, KineticEvaluator, KineticModel
from pyscimlode.models import HybridODE, KineticPathway, model_from_json
from tests.models.kinetic.ramps import toy_model


@pytest.fixture(scope="module")
def described() -> KineticPathway:
    model = toy_model().hybrid()
    assert isinstance(model.pathway, KineticPathway)
    return model.pathway


def test_json_round_trip(described: KineticPathway) -> None:
    written = json.loads(json.dumps(described.to_json(), allow_nan=False))
    assert KineticPathway.from_json(written) == described
    model = HybridODE(described, widths=()).bound_to(toy_model().network.dynamic_ids, ("R1",))
    again = model_from_json(json.loads(json.dumps(model.to_json())))
    assert again == model
    assert again.kind == "kinetic_ode"


def test_what_is_no_kinetic_pathway_is_refused(described: KineticPathway) -> None:
    data = described.to_json()
    del data["km"]
    with pytest.raises(ModelError, match=r"kinetic pathway does not fit \(KeyError: 'km'\)"):
        KineticPathway.from_json(data)


def test_inert_km_are_not_trained(described: KineticPathway) -> None:
    assert "km_W_e_R6" in described.km_names
    assert "km_W_e_R6" not in described.free
    assert len(described.free_km) == 13
    assert described.free_vmax == tuple(f"vmax_R{i}" for i in range(1, 7))


def test_free_parameters_by_group_and_name() -> None:
    model = toy_model()
    assert model.hybrid(free=["vmax"]).pathway.free_km == ()  # type: ignore[union-attr]
    some = model.hybrid(free=["vmax_R2", "km_A_R1"]).pathway
    assert some.free == ("km_A_R1", "vmax_R2")  # type: ignore[union-attr]
    with pytest.raises(ModelError, match=r"The parameter 'vmax_R9' is not .* mean 'vmax_R"):
        model.hybrid(free=["vmax_R9"])


def test_bad_numbers_and_names_are_named(described: KineticPathway) -> None:
    with pytest.raises(ModelError, match=r"The Vmax of 'R1' is -1.0; it must be a positive"):
        replace(described, vmax=(-1.0, *described.vmax[1:]))
    with pytest.raises(ModelError, match=r"The KM 'km_A_R1' is nan"):
        replace(described, km={**described.km, "km_A_R1": float("nan")})
    with pytest.raises(ModelError, match=r"has 6 reactions, 5 equilibrium constants and 6 Vmax"):
        replace(described, keq=described.keq[1:])
    with pytest.raises(ModelError, match=r"the species 'A' twice"):
        replace(described, species=(*described.species, described.species[1]))
    with pytest.raises(ModelError, match=r"The species of reaction 'R1', 'S_e' is not among"):
        replace(described, species=described.species[1:])
    with pytest.raises(ModelError, match=r"The reaction 'R7' is not among"):
        replace(described, enzymes={"R7": "E"})


def test_enzymes_are_controls_of_their_names_unless_told(described: KineticPathway) -> None:
    assert described.uses(("other", "R3", "R1")) == (("R1", "R1"), ("R3", "R3"))
    assert described.uses(()) == ()
    with pytest.raises(ModelError, match=r"None of the controls \(GPPS\) is named after a reac"):
        described.uses(("GPPS",))
    told = replace(described, enzymes={"R2": "GPPS"})
    assert told.uses(("GPPS", "R1")) == (("R2", "GPPS"),)
    with pytest.raises(ModelError, match=r"'GPPS' is not among the controls \(GPSS\).*'GPSS'"):
        told.uses(("GPSS",))
    assert replace(described, enzymes={}).uses(("GPPS",)) == ()


def test_reactions_in_net_of_what_changes(described: KineticPathway) -> None:
    shown = {r.name: r for r in described.measured_reactions(("R2",))}
    assert dict(shown["R1"].substrates) == {}  # S_e is fixed
    assert dict(shown["R1"].products) == {"A": 1.0}
    assert dict(shown["R5"].products) == {"C": 2.0}
    assert shown["R2"].enzymes == ("R2",)
    assert shown["R1"].enzymes == ()


def test_the_example_pathway_is_described(own: KineticCase) -> None:
    evaluator = KineticEvaluator(own.network, own.state)
    model = KineticModel.at_steady_state(evaluator, [0.0] * len(own.network.km_names))
    made = model.hybrid().pathway
    assert isinstance(made, KineticPathway)
    assert made.species_ids == own.network.species_ids
    assert len(made.free_km) == own.network.km_active.sum()
