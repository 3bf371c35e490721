from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import (
    Compartment,
    KineticCase,
    KineticNetwork,
    KineticReaction,
    KineticSpecies,
    Participant,
    network_from_json,
)
from pyscimlode.models.kinetic.reactions import reaction


def small(**changes: object) -> KineticNetwork:
    parts: dict = {
        "name": "small",
        "compartments": (Compartment("c"),),
        "species": (
            KineticSpecies("S", "c", fixed=True),
            KineticSpecies("A", "c"),
            KineticSpecies("P", "c", fixed=True),
        ),
        "reactions": (reaction("R1", "rev_mm", "S <-> A"), reaction("R2", "irrev_mm", "A -> P")),
        "moieties": (),
        "dependent": (),
    }
    return KineticNetwork(**{**parts, **changes})


def test_orders_of_species_reactions_and_km(toy: KineticCase) -> None:
    network = toy.network
    assert network.dynamic_ids == ("A", "ATP", "B", "ADP", "C")
    assert network.independent_ids == ("A", "ATP", "B", "C")
    assert network.reaction_ids == ("R1", "R2", "R3", "R4", "R5", "R6")
    assert network.km_names[:2] == ("km_S_e_R1", "km_A_R1")
    inert = np.array(network.km_names)[~network.km_active]
    assert inert.tolist() == ["km_W_e_R6"]
    assert network.species_index(["C", "A"]).tolist() == [6, 1]
    assert network.volume_ratios[6] == 2.0


def test_a_network_without_dynamic_species_is_refused() -> None:
    species = tuple(KineticSpecies(name, "c", fixed=True) for name in "SAP")
    for options in ({}, {"moieties": None, "dependent": None}):
        with pytest.raises(ModelError, match=r"'small' has no dynamic species: all 3 are fixed"):
            small(species=species, **options)


def test_a_network_cannot_be_changed(toy: KineticCase) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        toy.network.name = "other"  # type: ignore[misc]
    assert toy.network.moieties is not None
    with pytest.raises(TypeError, match=r"belongs to an immutable object"):
        toy.network.moieties[0]["ATP"] = 2.0  # type: ignore[index]


def test_json_round_trip(own: KineticCase) -> None:
    again = network_from_json(own.network.to_json())
    assert again == own.network
    assert hash(again) == hash(own.network)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"species": ()}, r"'small' has no species"),
        ({"compartments": (Compartment("c"), Compartment("c"))}, r"the compartment id 'c' twice"),
        ({"compartments": (Compartment("c", 0.0),)}, r"'c' has volume_ratio 0.0"),
        (
            {"species": (KineticSpecies("S", "x"),)},
            r"Species 'S' is in the compartment 'x', which is not known; there are c",
        ),
        (
            {"reactions": (reaction("R1", "rev_mm", "S <-> Aa"),)},
            r"Reaction 'R1' names the species 'Aa', which is not known. Did you mean 'A'\?",
        ),
        (
            {"reactions": (reaction("R", "rev_mm", "S <-> A"), reaction("R", "rev_mm", "A <-> P"))},
            r"the reaction id 'R' twice",
        ),
        (
            {
                "reactions": (
                    KineticReaction(
                        "R1", "rev_mm", (Participant("S", -1, "K"), Participant("A", 1, "K"))
                    ),
                )
            },
            r"The KM name 'K' is given twice",
        ),
        ({"km_order": ("km_S_R1",)}, r"do not name the same KM: 'km_A_R"),
        ({"moieties": ({"A": 1.0},), "dependent": ()}, r"1 moieties and 0 dependent species"),
        ({"moieties": ({"S": 1.0},), "dependent": ("S",)}, r"Moiety 1 names 'S', which is no dyn"),
        (
            {"moieties": ({"A": 1.0},), "dependent": ("A",)},
            r"'R1' does not conserve moiety 1 \(A\): A \+1 add up to 1",
        ),
    ],
)
def test_mistakes_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        small(**changes)


def test_unknown_names_are_looked_up_with_a_hint(toy: KineticCase) -> None:
    with pytest.raises(ModelError, match=r"The species 'atp' is not known. Did you mean 'ATP'\?"):
        toy.network.species_index(["atp"])
    with pytest.raises(ModelError, match=r"The reaction 'R9' is not known"):
        toy.network.reaction_index(["R9"])
