from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.tpot import boards
from benchmarks.tpot.run import main
from pyscimlode.baselines import tpot, tpot_search

FINDS = """
import sys
from multiprocessing.connection import Connection
from sklearn.linear_model import Ridge
from pyscimlode.baselines.tpot_worker import Count, Found, describe
connection = Connection(int(sys.argv[1]))
task = connection.recv()
ridge = Ridge().fit(task.x, task.y)
connection.send(Found(ridge, describe(ridge), 0.5, True, Count(1, 4)))
connection.recv()
"""


@pytest.fixture
def ridge_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in the place of TPOT, which need not be installed."""
    monkeypatch.setattr(tpot, "find_spec", lambda name: "yes")
    monkeypatch.setattr(tpot_search, "WORKER", FINDS)
    monkeypatch.setattr("benchmarks.tpot.run.version", lambda name: "1.0")


@pytest.mark.usefixtures("ridge_is_found")
def test_boards_are_written_beside_one_another(
    measured_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for board in ("L2", "sim-sparse"):
        assert main(["--quick", "--board", board, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    text = (tmp_path / "tpot.md").read_text(encoding="utf-8")
    found = json.loads((tmp_path / "tpot.json").read_text(encoding="utf-8"))
    assert list(found) == ["L2", "sim-sparse"]
    for part in (
        "Trained on L1, L3; tested on L2.",
        "| Acetyl-CoA | Ridge | 1 | 4 |",
        "| derivatives: TPOT |",
        "| persistence |",
        "| TPOT as published (Table III) |",
    ):
        assert part in text
        assert part in printed
    row = found["L2"]["metabolites"][0]
    assert (row["published_rmse"], row["cv_rmse"], row["stand_in"]) == (0.34, 0.5, False)
    scores = {score["model"]: score for score in found["L2"]["scores"]}
    assert scores["derivatives: TPOT"]["rmse"] == pytest.approx(row["rmse"])
    assert found["sim-sparse"]["metabolites"][0]["published_rmse"] is None
    assert len(found["sim-sparse"]["train"]) == 10


@pytest.mark.usefixtures("ridge_is_found")
def test_the_error_is_relative_to_the_spread_of_the_derivative(measured_data: Path) -> None:
    row = boards.run("I2", boards.QUICK)["metabolites"][0]
    train, _ = boards.strains("I2")
    derivatives = boards.derivative_table(train, points=boards.QUICK.points).derivatives[:, 0]
    assert row["cv_relative"] == pytest.approx(0.5 / np.nanstd(derivatives))


def test_without_tpot_or_data_boards_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tpot, "find_spec", lambda name: None)
    assert main(["--quick", "--board", "sim-sparse", "--out", str(tmp_path)]) == 0
    assert "Board 'sim-sparse' is left out: TPOTBaseline needs TPOT" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
