from __future__ import annotations

import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

from pyscimlode.errors import ModelError
from pyscimlode.kinetics import balances
from pyscimlode.kinetics.formats.cobra_models import network_from_cobra
from pyscimlode.kinetics.formats.sbml_import import read_sbml


def small_model() -> SimpleNamespace:
    """The parts of a cobra model that are read."""
    mets = {
        name: SimpleNamespace(id=name, compartment=name[-1], __hash__=None)
        for name in ("glc_e", "glc_c", "h2o_c", "h_c", "atp_c", "adp_c", "g6p_c")
    }

    def reaction(id_: str, lower: float, **parts: float) -> SimpleNamespace:
        items = [(mets[name], n) for name, n in parts.items()]
        return SimpleNamespace(id=id_, lower_bound=lower, metabolites=Items(items))

    return SimpleNamespace(
        id="small",
        metabolites=list(mets.values()),
        reactions=[
            reaction("EX_glc", -10.0, glc_e=-1.0),
            reaction("GLCt", -1000.0, glc_e=-1.0, glc_c=1.0),
            reaction("HEX", 0.0, glc_c=-1.0, atp_c=-1.0, g6p_c=1.0, adp_c=1.0, h_c=1.0),
            reaction("ATPM", 0.0, atp_c=-1.0, h2o_c=-1.0, adp_c=1.0, h_c=1.0),
        ],
    )


class Items(list):
    def items(self) -> list:
        return list(self)


def test_laws_held_species_and_modifiers() -> None:
    found = network_from_cobra(small_model(), volume_ratios={"c": 1.2})
    network = found.network
    assert [(r.id, r.law) for r in network.reactions] == [
        ("GLCt", "rev_mm"),
        ("HEX", "irrev_mm"),
        ("ATPM", "irrev_mm"),
    ]
    assert [s.id for s in network.species if s.fixed] == ["glc_e", "h_c"]
    assert "h2o_c" not in network.species_ids
    assert list(found.left_out) == ["EX_glc"]
    assert network.volume_ratios[network.species_ids.index("glc_c")] == 1.2


def test_what_is_no_cobra_model_is_refused() -> None:
    with pytest.raises(ModelError, match=r"dict is not a cobra model .*read one with cobra\.io"):
        network_from_cobra({})
    with pytest.raises(ModelError, match=r"'HEXX' to keep is not known"):
        network_from_cobra(small_model(), keep=["HEXX"])
    with pytest.raises(
        ModelError, match=r"species 'atp' to hold is not known\. Did you mean 'atp_c'"
    ):
        network_from_cobra(small_model(), held=["atp"])
    with pytest.raises(ModelError, match=r"names the compartment 'C', which is not known; .* c, e"):
        network_from_cobra(small_model(), volume_ratios={"C": 1.0})


def test_the_e_coli_core_model(tmp_path: Path) -> None:
    pytest.importorskip("cobra", reason="cobra (extra cobra) is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from cobra.io import load_model, write_sbml_model

        model = load_model("textbook")
        write_sbml_model(model, str(tmp_path / "core.xml"))
        flux = model.optimize().fluxes
    network = network_from_cobra(model).network
    assert (len(network.reactions), len(network.dynamic_ids)) == (74, 50)
    moieties = {frozenset(m) for m in network.moieties or ()}
    assert frozenset({"atp_c", "adp_c", "amp_c"}) in moieties
    assert len(moieties) == 5
    kept = network_from_cobra(model, keep=[r for r, v in flux.items() if abs(v) > 1e-6]).network
    balances(kept)
    assert len(kept.reactions) < 50
    again = read_sbml(tmp_path / "core.xml").network
    assert {(r.id.removeprefix("R_"), r.law) for r in again.reactions} == {
        (r.id, r.law) for r in network.reactions
    }
