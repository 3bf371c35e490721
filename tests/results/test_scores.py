from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.results import FitResult, Scores


def table() -> Scores:
    nan = float("nan")
    rows = [
        ("model", "A", "x", 1, 3.0, 1.5, False),
        ("model", "B", "x", 3, 1.0, 0.5, False),
        ("model", "A", "y", 2, 4.0, 4.0, True),
        ("model", "A", "flat", 2, 1.0, nan, False),
        ("mean", "A", "x", 1, 1.0, 0.5, False),
        ("mean", "B", "x", 3, 1.0, 0.5, False),
        ("mean", "A", "y", 2, 1.0, 1.0, True),
        ("failed", "A", "x", 1, nan, nan, False),
        ("failed", "B", "x", 3, 1.0, 0.5, False),
    ]
    return Scores.from_rows(rows, unit="sd")


def test_a_state_is_scored_over_the_points_of_all_strains() -> None:
    x = np.sqrt((1 * 1.5**2 + 3 * 0.5**2) / 4)
    summary = table().summary()
    assert summary.loc["model", "NRMSE clean"] == pytest.approx(x)
    assert summary.loc["model", "NRMSE all"] == pytest.approx((x + 4.0) / 2)
    assert table().by_state().loc["x", "model"] == pytest.approx(x)
    assert table().by_strain().loc["A", "model"] == pytest.approx(1.5)


def test_best_first_and_failed_forecasts_last() -> None:
    summary = table().summary()
    assert list(summary.index) == ["mean", "model", "failed"]
    assert np.isnan(summary.loc["failed", "NRMSE clean"])


def test_text_says_what_is_divided_by_what() -> None:
    text = repr(table())
    assert "RMSE / sd" in text
    assert "0.866" in text
    assert "<table" in table()._repr_html_()


def test_csv_round_trip(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "scores.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "scores.csv"), table().table)


def test_identity_is_never_ranked() -> None:
    rows = [
        ("model", "A", "x", 2, 1.0, float("nan"), False),
        ("zero field", "A", "x", 2, 0.0, 0.0, False),
    ]
    scores = Scores.from_rows(rows, protocol="identity")
    assert list(scores.summary().index) == ["model", "zero field"]
    assert "NOT a forecast" in repr(scores)
    assert scores.value("model") == 1.0


def test_controls_stand_beside_the_model(result: FitResult) -> None:
    assert set(result.scores.models) == {
        "production-degradation x2",
        "persistence",
        "mean",
        "geometric mean",
        "nearest strain",
    }
    assert set(result.scores.table["strain"]) == {"S5", "S6"}
    assert np.isfinite(result.scores.summary().to_numpy()).all()


def test_scores_are_those_of_the_prediction(result: FitResult) -> None:
    forecast = result.predict()
    errors = []
    for experiment in result.test or ():
        difference = (forecast.median(experiment.name) - experiment.states)[1:]
        errors.append(difference[:, 2])
    expected = np.sqrt(np.mean(np.concatenate(errors) ** 2))
    state = result.train.state_names[2]
    assert result.scores.by_state("rmse").loc[state, result.name] == pytest.approx(expected)
