from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.accuracy.boards import BOARDS, MEASURED
from benchmarks.accuracy.run import main
from pyscimlode import Comparison
from pyscimlode.boards import ENTRANTS, PROTOCOLS
from pyscimlode.errors import DownloadError


def test_boards_name_what_there_is() -> None:
    for board in BOARDS.values():
        assert board.protocol in PROTOCOLS
        assert set(board.models) <= set(ENTRANTS)
    assert "hybrid-permuted" in MEASURED


def test_measured_boards_print_a_row_a_model(
    measured_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ("--model", "hybrid+geometric", "--model", "production-degradation")
    boards = ("--board", "own", "--board", "identity")
    assert main(["--quick", *boards, *models, "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    header = "|  | mean | median forecast | L1 | L2 | L3 | I1 | I2 | I3 |"
    for text in (
        header,
        "| hybrid+geometric |",
        "| persistence | 1.426 | 1.426 | 1.254 |",
        "| L2 ",
    ):
        assert text in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "accuracy-identity.json",
        "accuracy-identity.md",
        "accuracy-own.json",
        "accuracy-own.md",
    ]
    for path in tmp_path.glob("*.md"):
        assert path.read_text(encoding="utf-8") in printed
    described = json.loads((tmp_path / "accuracy-own.json").read_text(encoding="utf-8"))
    (row,) = [row for row in described["summary"] if row["model"] == "persistence"]
    assert row["NRMSE clean"] == pytest.approx(1.426, abs=5e-4)
    assert described["tasks"]["own"]["persistence"]["own/L1"] == pytest.approx(1.254, abs=5e-4)


def test_a_board_that_is_kept_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--quick", "--board", "sim-sparse", "--keep", str(tmp_path)]
    assert main([*arguments, "--model", "production-degradation"]) == 0
    first = capsys.readouterr()
    assert main([*arguments, "--model", "production-degradation"]) == 0
    again = capsys.readouterr()
    assert "kept from an earlier run" in again.err
    assert "kept from an earlier run" not in first.err
    comparison = Comparison.load(tmp_path / "sim-sparse")
    assert comparison.models[0] == "production-degradation"


def test_boards_without_their_data_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(file: object) -> Path:
        raise DownloadError("not here")

    monkeypatch.setattr("pyscimlode.data.costello2018.locate", missing)
    assert main(["--quick", "--board", "own", "--board", "identity"]) == 0
    printed = capsys.readouterr().err
    assert "Board 'own' is left out: not here" in printed
    assert "Board 'identity' is left out: not here" in printed
