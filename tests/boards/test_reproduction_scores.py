from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.boards.published import TABLE_III
from pyscimlode.boards.reproduction_scores import (
    Question,
    controls_part,
    forecast_rows,
    identity_errors,
)
from pyscimlode.objectives.protocols import identity_rows
from pyscimlode.predictions import Prediction
from tests.boards.reproductions import STATES, limonene_like


def question() -> Question:
    return Question("limonene", "L2", limonene_like())


def test_identity_errors_are_taken_over_the_rows_of_a_strain() -> None:
    rows, shift = identity_rows(question().test), np.array([1.0, -2.0, 0.0, 0.0])
    ends = {e.name: np.stack([e.states, e.states + shift]) for e in rows}
    prediction = Prediction(
        state_names=rows.state_names,
        times={e.name: e.times for e in rows},
        members=ends,
        status={e.name: np.zeros(2, dtype=np.int64) for e in rows},
    )
    exact, moved = identity_errors(prediction, rows)
    assert exact == {"Acetyl-CoA": (200, 0.0), "GPP": (200, 0.0)}
    assert moved["Acetyl-CoA"] == (200, pytest.approx(1.0))
    assert moved["GPP"] == (200, pytest.approx(2.0))


def test_forecasts_are_scored_after_the_start_in_units_of_all_strains() -> None:
    asked = question()
    values = {"L2": asked.test["L2"].states + np.array([[9.0, 9.0], [1.0, 0], [1.0, 0], [1.0, 0]])}
    first, second = forecast_rows(asked, STATES, values, {"kind": "control", "model": "off by 1"})
    sd = np.concatenate([e.states[:, 0] for e in asked.data]).std()
    assert (first["state"], first["points"]) == ("Acetyl-CoA", 3)
    assert first["rmse"] == pytest.approx(1.0)
    assert first["nrmse"] == pytest.approx(1.0 / sd)
    assert second["rmse"] == 0.0
    assert (first["variant"], first["seed"], first["strain"]) == ("", "", "L2")


def test_controls_and_published_numbers_are_rows_too() -> None:
    table = controls_part(question()).scores
    zero = table[table["model"] == "zero field"]
    assert list(zero["rmse"]) == [0.0, 0.0]
    assert set(zero["task"]) == {"identity"}
    assert set(table.loc[table["kind"] == "control", "model"]) == {
        "zero field",
        "persistence",
        "mean",
        "geometric mean",
        "nearest strain",
    }
    printed = table[(table["model"] == "published net") & (table["pir"] == 1000.0)]
    assert dict(zip(printed["state"], printed["rmse"], strict=True)) == {
        state: errors[2] for state, errors in TABLE_III.rmse.items()
    }
    assert set(printed["points"]) == {0}
