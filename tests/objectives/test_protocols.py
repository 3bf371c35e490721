from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import DataError
from pyscimlode.objectives.protocols import check_protocol, identity_rows


def table() -> Dataset:
    experiment = Experiment(
        "A",
        np.array([0.0, 36.0, 72.0]),
        np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]]),
        np.array([[10.0], [20.0], [30.0]]),
    )
    return Dataset((experiment,), ("x", "never"), ("E",))


def test_rows_stand_at_both_ends() -> None:
    rows = identity_rows(table(), points=5)
    assert rows.names == ("A@0", "A@1", "A@2", "A@3", "A@4")
    assert rows.strains == ("A",)
    assert rows.state_names == ("x", "E")
    assert rows.control_names == ()
    assert rows.provenance.details["reported_states"] == ["x"]
    for row, value in zip(rows, np.linspace(1.0, 3.0, 5), strict=True):
        np.testing.assert_allclose(row.times, [0.0, 72.0])
        np.testing.assert_allclose(row.states[:, 0], value)


def test_rows_of_rows_are_the_same() -> None:
    rows = identity_rows(table())
    assert identity_rows(rows) is rows


def test_unknown_protocol() -> None:
    with pytest.raises(DataError, match="Did you mean 'forecast'"):
        check_protocol("forcast")
