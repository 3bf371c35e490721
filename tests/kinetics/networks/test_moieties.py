from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import KineticCase, balances, find_moieties, stoichiometry
from tests.kinetics.cases import evaluator_of, random_ln_km


def test_volume_ratios_multiply_rows(toy: KineticCase) -> None:
    of = balances(toy.network)
    assert of.matrix[-1].tolist() == [0, 0, 0, 0, 4, -2]
    assert stoichiometry(toy.network)[6].tolist() == [0, 0, 0, 0, 2, -1]


def test_totals_are_conserved(own: KineticCase) -> None:
    of = balances(own.network)
    assert np.abs(of.totals @ of.matrix).max() <= 1e-12 * np.abs(of.matrix).max()


def test_found_moieties_span_the_given_ones(pathway: KineticCase) -> None:
    found, dependent = find_moieties(pathway.network)
    assert {frozenset(m) for m in found} == {frozenset(m) for m in pathway.network.moieties or ()}
    assert all(moiety[name] == 1.0 for moiety, name in zip(found, dependent, strict=True))
    automatic = dataclasses.replace(pathway.network, moieties=None, dependent=None)
    assert automatic.dependent == dependent


def test_eigenvalues_do_not_depend_on_which_species_follows(pathway: KineticCase) -> None:
    other = pathway.network.with_dependent(("adp_c", "nadh_c", "nadph_c", "accoa_c"))
    ln_km = random_ln_km(pathway, 5)
    found = evaluator_of(KineticCase(other, pathway.state)).eigenvalues(ln_km)
    wanted = evaluator_of(pathway).eigenvalues(ln_km)
    for a, b in zip(np.sort_complex(found), np.sort_complex(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8)


def test_missing_moieties_and_bad_choices_are_named(pathway: KineticCase) -> None:
    network = pathway.network
    fewer = dataclasses.replace(
        network, moieties=(network.moieties or ())[:3], dependent=(network.dependent or ())[:3]
    )
    with pytest.raises(
        ModelError, match=r"names 3 moieties, but its stoichiometry conserves 4 \(coa_c"
    ):
        balances(fewer)
    twice = network.with_dependent(("atp_c", "adp_c", "nadp_c", "coa_c"))
    with pytest.raises(ModelError, match=r"do not determine the dependent species atp_c, adp_c"):
        balances(twice)
