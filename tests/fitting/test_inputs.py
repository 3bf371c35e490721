from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import pyscimlode
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError, ExperimentError
from pyscimlode.fitting.inputs import FIT_OPTIONS, read_data, training_and_test


@pytest.fixture
def strains() -> Dataset:
    return pyscimlode.datasets.simulate(n=3, times=[0.0, 8.0, 24.0])


def test_all_ways_to_give_data_mean_the_same(strains: Dataset, tmp_path: Path) -> None:
    frame = strains.to_frame().drop(columns="strain")
    frame.to_csv(tmp_path / "strains.csv", index=False)
    frame.to_excel(tmp_path / "strains.xlsx", index=False)
    roles = {
        "time": "time",
        "experiment": "experiment",
        "states": list(strains.state_names),
        "controls": list(strains.control_names),
    }
    for given in (frame, tmp_path / "strains.csv", str(tmp_path / "strains.xlsx")):
        found = read_data(given, **roles)
        assert found.names == strains.names
        assert found["S2"].states == pytest.approx(strains["S2"].states, rel=1e-12)
    assert read_data(strains) is strains
    assert read_data("simulated").provenance.source == "simulated"


def test_neither_file_nor_name() -> None:
    with pytest.raises(
        DataError, match=r"neither a file nor a named data set.*Did you mean 'limonene'"
    ):
        read_data("limonen")
    with pytest.raises(DataError, match="data is a int"):
        read_data(3)  # type: ignore[arg-type]


def test_test_strains(strains: Dataset) -> None:
    train, test = training_and_test(strains, "S2")
    assert train.names == ("S1", "S3")
    assert test is not None
    assert test.names == ("S2",)
    assert training_and_test(strains, None)[1] is None
    own = training_and_test(strains.select(["S1"]), strains.select(["S2", "S3"]))[1]
    assert own is not None
    assert own.names == ("S2", "S3")
    with pytest.raises(ExperimentError, match="no data are given"):
        training_and_test(None, "S2")


def test_embedded_strains() -> None:
    train, test = training_and_test(None, None)
    assert test is not None
    assert (len(train), len(test)) == (20, 20)
    assert not set(train.strains) & set(test.strains)


def test_options_that_nothing_reads_are_refused(strains: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no option 'ensembel'.*Did you mean 'ensemble'"):
        pyscimlode.fit(strains, ensembel=5)
    with pytest.raises(DataError, match="no option 'epochs'; these data have their columns"):
        pyscimlode.fit(epochs=5)
    file = tmp_path / "strains.csv"
    strains.to_frame().to_csv(file, index=False)
    with pytest.raises(DataError, match=r"no option 'state'; options of a table are .*states"):
        read_data(file, state=["GPP"])


def test_suggestions_know_the_options_of_fit() -> None:
    named = set(inspect.signature(pyscimlode.fit).parameters) - {"data", "roles"}
    assert set(FIT_OPTIONS) == named
