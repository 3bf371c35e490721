from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from pyscimlode.baselines import DerivativeRegression
from pyscimlode.baselines.fitted_tpot import FittedTPOT
from pyscimlode.baselines.tpot import TPOTBaseline
from pyscimlode.baselines.tpot_worker import Found
from pyscimlode.cli.baseline import make_baseline
from pyscimlode.data import read_csv, split
from pyscimlode.data.dataset import Dataset
from pyscimlode.report.html import number
from tests.cli.conftest import COLUMNS, invoke

TPOT = {"interpolation": "time", "seed": 3, "generations": 2, "population": 5, "jobs": 1}


def test_scores_and_forecasts_are_those_of_the_regression(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "trees"
    done = invoke("baseline", table, *COLUMNS, "--test", "S4", "--seed", 2, "--out", out)
    assert done.exit_code == 0, done.output
    data = read_csv(table, states=["GPP", "Limonene"], controls=["GPPS", "LS"])
    train, test = split(data, "S4")
    fitted = DerivativeRegression("extra-trees", seed=2).fit(train)
    expected = fitted.score(test)
    (line,) = [text for text in done.stdout.splitlines() if text.startswith(fitted.name)]
    assert number(expected.value(fitted.name)) in line
    assert "persistence (control)" in done.stdout
    scores = pd.read_csv(out / "scores.csv")
    np.testing.assert_allclose(scores["nrmse"], expected.table["nrmse"])
    forecasts = pd.read_csv(out / "predictions.csv")
    limonene = forecasts[forecasts["state"] == "Limonene"]
    np.testing.assert_allclose(limonene["median"], fitted.predict(test).series("S4", "Limonene"))
    again = invoke("baseline", table, *COLUMNS, "--test", "S4", "--out", out)
    assert again.exit_code == 1
    assert "scores.csv is there already; add --force" in again.stderr


def test_a_process_without_derivatives(table: Path) -> None:
    done = invoke("baseline", table, *COLUMNS, "-t", "S3,S4", "-r", "direct-gaussian-process")
    assert done.exit_code == 0, done.output
    assert "direct Gaussian process" in done.stdout


def test_the_search_gets_its_limits_and_shows_what_it_found(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[TPOTBaseline] = []

    def found(self: TPOTBaseline, train: Dataset) -> FittedTPOT:
        """Stands in for a search, which takes minutes."""
        seen.append(self)
        ridge = Found(make_pipeline(Ridge()), "Pipeline(\n  Ridge())", 0.25)
        fitted = DerivativeRegression("extra-trees", points=10, window=3, order=1).fit(train)
        return FittedTPOT(
            self.name,
            train,
            fitted.regressors,
            fitted.step,
            found=dict.fromkeys(train.state_names, ridge),
        )

    monkeypatch.setattr(TPOTBaseline, "fit", found)
    arguments = ("-r", "tpot", "--max-minutes", "0.5", "--population", "4", "--out", tmp_path)
    done = invoke("baseline", table, *COLUMNS, "--test", "S4", *arguments)
    assert done.exit_code == 0, done.output
    assert (seen[0].max_seconds, seen[0].population) == (30.0, 4)
    (line,) = [text for text in done.stdout.splitlines() if text.strip().startswith("GPP")]
    assert "0.25" in line
    pipelines = pd.read_csv(tmp_path / "pipelines.csv")
    assert list(pipelines["state"]) == ["GPP", "Limonene"]
    assert set(pipelines["pipeline"]) == {"Pipeline( Ridge())"}


def test_wrong_requests(table: Path) -> None:
    for arguments, text in (
        (("-t", "S4", "-r", "extra-tree"), "Did you mean 'extra-trees'?"),
        (("-t", "S9"), "There is no experiment 'S9'"),
        (("-t", "S4", "-r", "tpot", "--max-minutes", "0"), "--max-minutes 0: a search needs time"),
        (("-t", ""), "No test strain is named"),
    ):
        done = invoke("baseline", table, *COLUMNS, *arguments)
        assert done.exit_code == 1, done.output
        assert text in done.stderr
    usage = invoke("baseline", table)
    assert usage.exit_code == 2
    search = make_baseline("tpot", max_minutes=2.0, progress=False, **TPOT)
    assert search.max_seconds == 120.0
