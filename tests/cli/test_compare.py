from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import Result

from pyscimlode import Comparison
from pyscimlode.boards.tables import board_table
from pyscimlode.cli.compare import sizes
from pyscimlode.errors import DataError, DownloadError
from pyscimlode.training import ProgressPrinter
from tests.cli.conftest import COLUMNS, invoke

QUICK = ("--quick", "--model", "production-degradation,gaussian-process")


@pytest.fixture(scope="module")
def board(table: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Four strains, S1 and S2 held out once each."""
    out = tmp_path_factory.mktemp("boards") / "folds"
    return out, invoke("compare", table, *COLUMNS, *QUICK, "--test", "S1,S2", "--out", out)


def test_a_comparison_writes_everything(board: tuple[Path, Result]) -> None:
    out, done = board
    assert done.exit_code == 0, done.output
    assert sorted(item.name for item in out.iterdir()) == [
        "cells",
        "comparison.json",
        "figures",
        "report.html",
        "request.json",
        "strains.safetensors",
        "table.csv",
        "table.md",
    ]
    for name in ("table.md", "table.csv", "comparison.json", "figures", "report.html"):
        assert str(out / name) in done.stdout
    assert list((out / "figures").iterdir())


def test_what_is_printed_is_what_is_kept(board: tuple[Path, Result]) -> None:
    out, done = board
    comparison = Comparison.load(out)
    assert list(comparison.tasks) == ["folds/S1", "folds/S2"]
    table = board_table(comparison, "folds")
    for kind, model, cells in table.rows:
        label = f"{model} (control)" if kind == "control" else model
        (line,) = [text for text in done.stdout.splitlines() if text.startswith(label)]
        assert line.split()[-len(cells) :] == [part for cell in cells for part in cell.split()]
    scores = pd.read_csv(out / "table.csv", keep_default_na=False)
    np.testing.assert_allclose(scores["nrmse"].astype(float), comparison.table["nrmse"])
    assert "production-degradation" in (out / "table.md").read_text(encoding="utf-8")
    command = json.loads((out / "comparison.json").read_text(encoding="utf-8"))["settings"]
    assert command["command"].startswith("pyscimlode")


def test_it_goes_on_and_takes_more_models(board: tuple[Path, Result]) -> None:
    out, _ = board
    before = Comparison.load(out).by_task("folds")["gaussian-process"]
    refused = invoke("compare", "--out", out)
    assert refused.exit_code == 1
    assert "holds a comparison already" in refused.stderr
    more = invoke("compare", "--resume", "--out", out, "-m", "gaussian-process,neural-ode")
    assert more.exit_code == 0, more.output
    assert "1 of 2: folds, n=3, gaussian-process; kept from an earlier run" in more.stderr
    comparison = Comparison.load(out)
    assert comparison.models[:2] == ("gaussian-process", "neural-ode")
    assert comparison.by_task("folds")["gaussian-process"].equals(before)
    other = invoke("compare", "--resume", "--out", out, "-m", "neural-ode", "--test", "S1")
    assert other.exit_code == 1
    assert "was made with other settings: the strains of 'neural-ode'" in other.stderr


def test_force_starts_afresh(table: Path, tmp_path: Path) -> None:
    arguments = ("compare", table, *COLUMNS, *QUICK, "--test", "S1", "--out", tmp_path, "-q")
    assert invoke(*arguments).exit_code == 0
    again = invoke(*arguments, "--force", "--test", "S3")
    assert again.exit_code == 0, again.output
    assert again.output == ""
    assert list(Comparison.load(tmp_path).tasks) == ["folds/S1", "folds/S3"]


def test_ctrl_c_says_how_to_go_on(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:

        def interrupt(self: object, event: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(ProgressPrinter, "__call__", interrupt)
        done = invoke("compare", table, *COLUMNS, *QUICK, "--test", "S1", "--out", tmp_path)
    assert done.exit_code == 130
    assert f"Continue with: pyscimlode compare --resume --out {tmp_path}" in done.stderr
    resumed = invoke("compare", "--resume", "--out", tmp_path)
    assert resumed.exit_code == 0, resumed.output
    assert set(QUICK[2].split(",")) < set(Comparison.load(tmp_path).models)


def test_boards_without_their_data_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(file: object) -> Path:
        raise DownloadError("not here")

    monkeypatch.setattr("pyscimlode.data.costello2018.locate", missing)
    model = ("-m", "gaussian-process", "--quick")
    done = invoke("compare", "-p", "own,sim-sparse", *model, "--out", tmp_path / "one")
    assert done.exit_code == 0, done.output
    assert "The board 'own' is left out: not here" in done.stderr
    assert Comparison.load(tmp_path / "one").protocols == ("sim-sparse",)
    none = invoke("compare", "-p", "own", *model, "--out", tmp_path / "two")
    assert none.exit_code == 1
    assert "Error: not here" in none.stderr


def test_wrong_requests(table: Path, tmp_path: Path) -> None:
    for arguments, text in (
        (("-p", "pooled8"), "Did you mean 'pooled"),
        (("-m", "hybird"), "Did you mean 'hybrid'?"),
        (("--n", "2,x"), "--n '2,x': give whole numbers, such as 2,10,50."),
        (("--n", "500"), "the benchmark has 1 to 320 training strains"),
        (("--draws", "0"), "draws=0"),
        (("--seeds", "0"), "seeds=0"),
        (("-p", "folds"), "give data"),
        (("--resume",), "no comparison to go on with"),
        ((table, "-p", "own"), "No protocol reads your data"),
    ):
        done = invoke("compare", *arguments, "--out", tmp_path / "new")
        assert done.exit_code == 1, done.output
        assert text in done.stderr
    assert not (tmp_path / "new").exists()
    with pytest.raises(DataError, match="give whole numbers"):
        sizes("two")
