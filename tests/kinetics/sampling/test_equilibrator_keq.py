from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyscimlode.errors import MissingDependencyError, ModelError
from pyscimlode.kinetics import (
    Compartment,
    EstimatedKeq,
    KineticCase,
    KineticNetwork,
    KineticSpecies,
    reaction,
    read_case,
)
from pyscimlode.kinetics.sampling.equilibrator_keq import (
    bigg_identifier,
    keq_from_equilibrator,
    log_unit_factor,
)


def glycolysis() -> KineticNetwork:
    names = ("glc_D_c", "atp_c", "g6p_c", "adp_c", "f6p_c", "fdp_c", "dhap_c", "g3p_c", "h_c")
    return KineticNetwork(
        "upper",
        (Compartment("c"), Compartment("e")),
        (
            *(KineticSpecies(name, "c", name == "h_c") for name in names),
            KineticSpecies("glc_D_e", "e", fixed=True),
        ),
        (
            reaction("GLCt", "rev_mm", "glc_D_e <-> glc_D_c"),
            reaction(
                "HEX", "hill_nn", "glc_D_c + atp_c <-> g6p_c + adp_c", [("h_c", 1, "displacement")]
            ),
            reaction("PGI", "rev_mm", "g6p_c <-> f6p_c"),
            reaction("PFK", "irrev_mm", "f6p_c + atp_c -> fdp_c + adp_c"),
            reaction("FBA", "uni_bi", "fdp_c <-> dhap_c + g3p_c"),
        ),
    )


def test_identifiers() -> None:
    assert bigg_identifier("glc_D_c", "c") == "bigg.metabolite:glc__D"
    assert bigg_identifier("M_glc__D_e", "e") == "bigg.metabolite:glc__D"
    assert bigg_identifier("_13dpg_c", "c") == "bigg.metabolite:13dpg"


def test_units_and_protons() -> None:
    hex_, pgi, fba = (glycolysis().reactions[i] for i in (1, 2, 4))
    assert log_unit_factor(glycolysis(), pgi, 7.0) == 0.0
    assert log_unit_factor(glycolysis(), fba, 7.0) == pytest.approx(math.log(1000.0))
    assert log_unit_factor(glycolysis(), hex_, 7.0) == pytest.approx(math.log(1e-4))


def test_without_equilibrator_it_is_named(
    toy: KineticCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "equilibrator_api", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'pyscimlode\[equilibrator\]'"):
        keq_from_equilibrator(toy.network)


@pytest.fixture(scope="module")
def contribution() -> Any:
    pytest.importorskip("equilibrator_cache_data", reason="equilibrator-cache-data is not there")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api = pytest.importorskip("equilibrator_api", reason="equilibrator-api is not installed")
        return api.ComponentContribution()


@pytest.mark.slow
def test_upper_glycolysis(contribution: Any) -> None:
    found = keq_from_equilibrator(glycolysis(), contribution=contribution, ph=7.0)
    assert dict(found.missing) == {"GLCt": "runs across compartments"}
    assert np.isnan(found.keq[0])
    assert found.keq[3] == np.inf, "irreversible"
    # textbook values: PGI 0.3 to 0.5; aldolase about 1e-4 M, here mM
    assert 0.2 < found.keq[2] < 0.7
    assert 0.02 < found.keq[4] < 0.5
    # glucose + ATP at pH 7: dG'0 of -14 to -22 kJ/mol, and a proton of 1e-4 mM
    assert 1e2 < found.keq[1] / 1e-4 < 1e4
    assert np.all(found.log_sd[[1, 2, 4]] > 0)


def test_measured_constants_fill_the_gaps() -> None:
    network = glycolysis()
    estimated = EstimatedKeq(np.array([np.nan, 1.0, 2.0, np.inf, 3.0]), np.zeros(5), {})
    assert estimated.filled(network, {"GLCt": 1.0, "FBA": 0.1}).tolist() == [1, 1, 2, np.inf, 0.1]
    with pytest.raises(ModelError, match=r"The reaction 'GLC' is not known"):
        estimated.filled(network, {"GLC": 1.0})


@pytest.mark.slow
def test_by_default_nothing_is_downloaded(contribution: Any) -> None:
    network = KineticNetwork(
        "rare",
        (Compartment("c"),),
        (KineticSpecies("A", "c"), KineticSpecies("atp_c", "c", fixed=True)),
        (reaction("R1", "rev_mm", "A <-> atp_c"),),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = keq_from_equilibrator(network, identifiers={"A": "metanetx.chemical:MNXM50000"})
    assert dict(found.missing) == {"R1": "eQuilibrator does not know 'A'"}


@pytest.mark.slow
def test_the_case_has_these_constants(contribution: Any, kinetic_data: Path) -> None:
    case = read_case(kinetic_data / "ecoli_trpd9923_lp.json")
    found = keq_from_equilibrator(case.network, contribution=contribution)
    estimated = np.isfinite(found.keq)
    assert estimated.sum() == 64
    np.testing.assert_allclose(found.keq[estimated], case.state.keq[estimated], rtol=1e-3)
    assert set(found.missing.values()) == {"runs across compartments"}
