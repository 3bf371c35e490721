from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.errors import ColumnError, DataError, ValueRangeError
from pyscimlode.kinetics import (
    KineticCase,
    check_state,
    log_displacement,
    read_case,
    read_tfa_states,
)


def table(case: KineticCase) -> pd.DataFrame:
    """A case as pyTFA writes it: forward and backward fluxes, ln c in M, ln(Gamma/Keq)."""
    network, state = case.network, case.state
    columns: dict[str, float] = {}
    for id_, v in zip(network.reaction_ids, state.fluxes, strict=True):
        columns[id_] = max(v, 0.0)
        columns[f"{id_}_reverse_a1b2c"] = max(-v, 0.0)
    for id_, c in zip(network.species_ids, state.concentrations, strict=True):
        columns[f"LC_{id_}"] = np.log(c / 1000.0)
    for reaction, r in zip(network.reactions, log_displacement(network, state), strict=True):
        if reaction.reversible:
            columns[f"LnGamma_{reaction.id}"] = r
    return pd.DataFrame([columns, columns], index=["one", "two"])


def test_states_are_those_that_were_written(pathway: KineticCase, tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    table(pathway).to_csv(path)
    states = read_tfa_states(path, pathway.network, 300.0)
    assert list(states) == ["one", "two"]
    state = states["two"]
    check_state(pathway.network, state)
    for name in ("concentrations", "fluxes", "keq"):
        np.testing.assert_allclose(getattr(state, name), getattr(pathway.state, name), rtol=1e-10)
    assert state.provenance == {"source": "states.csv", "state": "two"}


def test_the_published_states_are_the_case(kinetic_data: Path) -> None:
    case = read_case(kinetic_data / "varma65.json")
    states = read_tfa_states(kinetic_data / "tfa_reference_strains.csv", case.network, 300.0)
    assert list(states) == ["strain_1", "strain_2"]
    state = states["strain_1"]
    check_state(case.network, state)
    for name in ("concentrations", "fluxes", "keq"):
        np.testing.assert_allclose(getattr(state, name), getattr(case.state, name), rtol=1e-9)


def test_names_with_hyphens_and_first_digits_are_found(toy: KineticCase, tmp_path: Path) -> None:
    frame = table(toy).rename(columns={"LC_S_e": "LC_S-e", "LC_A": "LC__A"})
    frame.to_csv(tmp_path / "states.csv")
    with pytest.raises(DataError, match=r"density=-1.0 gDW/L must be a positive number"):
        read_tfa_states(tmp_path / "states.csv", toy.network, -1.0)
    state = read_tfa_states(tmp_path / "states.csv", toy.network, 300.0)["one"]
    np.testing.assert_allclose(state.concentrations, 1.0)


def test_mistakes_are_named(pathway: KineticCase, tmp_path: Path) -> None:
    path = tmp_path / "states.csv"
    with pytest.raises(DataError, match=r"states\.csv cannot be read: No such file"):
        read_tfa_states(path, pathway.network, 300.0)
    path.write_text("")
    with pytest.raises(DataError, match=r"states\.csv is not a table of states"):
        read_tfa_states(path, pathway.network, 300.0)
    table(pathway).drop(columns=["LC_atp_c", "LC_adp_c"]).to_csv(path)
    with pytest.raises(ColumnError, match=r"no column 'LC_atp_c' and 1 more \(concentration\)"):
        read_tfa_states(path, pathway.network, 300.0)
    frame = table(pathway).astype(object)
    frame.loc["two", "PFK"] = "much"
    frame.to_csv(path)
    with pytest.raises(ValueRangeError, match=r"state 'two' has no number in the column 'PFK'"):
        read_tfa_states(path, pathway.network, 300.0)
    table(pathway).drop(columns=["LnGamma_PGI"]).to_csv(path)
    state = read_tfa_states(path, pathway.network, 300.0)["one"]
    with pytest.raises(DataError, match=r"reaction 'PGI' \(rev_mm\) has no equilibrium constant"):
        check_state(pathway.network, state)
