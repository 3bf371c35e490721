from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from pyscimlode.kinetics import KineticCase
from pyscimlode.models.kinetic.law_shapes import LAWS
from tests.kinetics.cases import evaluator_of, golden_case, random_ln_km


def test_the_pathway_has_every_law_and_both_directions(pathway: KineticCase) -> None:
    laws = Counter(reaction.law for reaction in pathway.network.reactions)
    assert set(laws) == set(LAWS)
    assert len(pathway.network.reactions) == 34
    assert (pathway.state.fluxes < 0).sum() == 2
    assert len(pathway.network.moieties or ()) == 4


def test_the_pathway_leaves_something_to_learn(pathway: KineticCase) -> None:
    incidence = evaluator_of(pathway).evaluate(random_ln_km(pathway, 400)).incidence
    assert 0.05 < incidence < 0.5


def test_the_toy_is_the_one_of_the_case_file(kinetic_data: Path, toy: KineticCase) -> None:
    case, _ = golden_case(kinetic_data, "toy6")
    assert case.network.reaction_ids == toy.network.reaction_ids
    ln_km = random_ln_km(toy, 3)
    np.testing.assert_allclose(
        evaluator_of(case).evaluate(ln_km).lambda_max,
        evaluator_of(toy).evaluate(ln_km).lambda_max,
        rtol=1e-12,
    )
