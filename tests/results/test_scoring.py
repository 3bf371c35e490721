from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import pyscimlode


@pytest.mark.parametrize(("name", "test"), [("limonene", "L2"), ("isopentenol", "I2")])
def test_identity_stands_beside_a_field_that_is_zero(
    measured_data: Path, name: str, test: str
) -> None:
    result = pyscimlode.fit(
        name,
        test=test,
        protocol="identity",
        ensemble=1,
        stages=[pyscimlode.Adam(2)],
        progress=False,
    )
    scores = result.scores
    assert scores.models == ("neural-ode", "zero field")
    assert scores.value("zero field") < 1e-5
    assert scores.value("neural-ode") > 1e-3
    assert set(scores.table["n"]) == {200}
    assert len(set(scores.table["state"])) == 13


def test_clean_scores_leave_out_copied_columns(measured_data: Path) -> None:
    result = pyscimlode.fit(
        "limonene", test="L2", ensemble=1, stages=[pyscimlode.Adam(1)], progress=False
    )
    table = result.scores.table
    assert set(table[table["excluded"]]["state"]) == {"GPP"}
    assert any("GPP" in note for note in result.scores.notes)


def test_nrmse_is_in_units_of_the_three_strains(measured_data: Path) -> None:
    dataset = pyscimlode.datasets.load("limonene")
    result = pyscimlode.fit(
        dataset, test="L2", ensemble=1, stages=[pyscimlode.Adam(1)], progress=False
    )
    row = result.scores.table.set_index(["model", "state"]).loc[("persistence", "Mevalonate")]
    column = dataset.state_names.index("Mevalonate")
    values = np.concatenate([e.states[:, column] for e in dataset])
    assert row["rmse"] / row["nrmse"] == pytest.approx(np.nanstd(values))
