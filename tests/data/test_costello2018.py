from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode import datasets
from pyscimlode.data import leave_one_strain_out, read_csv, validate_for_training
from pyscimlode.data.costello2018 import METABOLITES, PROTEINS

TIMES = [0, 2, 4, 6, 8, 10, 12, 16, 18, 20, 24, 36, 48, 72]


@pytest.mark.parametrize(
    ("name", "strains", "left_out"),
    [
        ("limonene", ("L1", "L2", "L3"), "Isopentenol"),
        ("isopentenol", ("I1", "I2", "I3"), "Limonene"),
    ],
)
def test_pathway_files(
    measured_data: Path, name: str, strains: tuple[str, ...], left_out: str
) -> None:
    data = datasets.load(name)
    assert data.strains == strains
    assert len(data.state_names) == 13
    assert data.control_names == PROTEINS
    assert all(e.times.tolist() == TIMES for e in data)
    assert left_out not in data.state_names
    assert f"column {left_out!r} left out: it has no value" in data.provenance.history
    assert "Costello" in data.provenance.details["citation"]
    assert data.units["OD600"] == "1"
    assert data.units["GPP"] == "mM"
    assert data.units["HMGR"] == "a.u."


def test_limonene_values_and_empty_cells_are_those_of_the_file(measured_data: Path) -> None:
    file = pd.read_csv(measured_data / "costello2018" / "limonene_data.csv")
    data = datasets.load("limonene")
    frame = data.to_frame()
    columns = [*data.state_names, *data.control_names]
    assert np.array_equal(frame[columns], file[columns], equal_nan=True)
    empty = int(frame[columns].isna().sum().sum()) + len(file)
    assert (empty, file.size - 2 * len(file)) == (403, 1008)


def test_sparse_states_are_measured_at_six_times(measured_data: Path) -> None:
    for experiment in datasets.load("limonene").keep(["Acetyl-CoA", "HMG-CoA", "NAD", "NADP"]):
        assert (experiment.mask.sum(axis=0) == 6).all()


def test_raw_files_agree_with_the_pathway_files(measured_data: Path) -> None:
    everything = datasets.load("costello2018-all")
    assert everything.strains == ("I1", "I2", "I3", "B1", "B2", "L1", "L2", "L3", "DH1")
    assert everything.state_names == METABOLITES
    for name in ("limonene", "isopentenol"):
        pathway = datasets.load(name)
        same = everything.keep(pathway.state_names).select(pathway.strains)
        for one, other in zip(pathway, same, strict=True):
            np.testing.assert_allclose(one.states, other.states, rtol=1e-12)
            np.testing.assert_array_equal(one.controls, other.controls)


def test_products_are_measured_in_their_producers_alone(measured_data: Path) -> None:
    everything = datasets.load("costello2018-all")
    for product, initial in (("Limonene", "L"), ("Isopentenol", "I"), ("Bisabolene", "B")):
        made_in = {e.name for e in everything.keep([product]) if e.n_measured}
        assert made_in == {name for name in everything.names if name.startswith(initial)}


@pytest.mark.parametrize("name", ["limonene", "isopentenol"])
def test_every_fold_can_be_trained_on(measured_data: Path, name: str) -> None:
    for _, train, test in leave_one_strain_out(datasets.load(name)):
        validate_for_training(train, test)


def test_pooled_folds_can_be_trained_on(measured_data: Path) -> None:
    pooled = datasets.load("costello2018-all").drop(["DH1"])
    for _, train, test in leave_one_strain_out(pooled, ["L2", "I2"]):
        validate_for_training(train, test)


def test_roles_of_the_limonene_file_are_guessed(measured_data: Path) -> None:
    guessed = read_csv(measured_data / "costello2018" / "limonene_data.csv")
    named = datasets.load("limonene")
    assert guessed.state_names == named.state_names
    assert guessed.control_names == named.control_names
    assert guessed.time_unit == "h"
    assert "time column guessed: 'Hour'" in guessed.provenance.history
    assert "column 'Isopentenol' left out: it has no value" in guessed.provenance.history
