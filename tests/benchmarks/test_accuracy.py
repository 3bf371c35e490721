from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accuracy.run import main


def test_boards_print_a_row_a_model(
    measured_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    for text in (
        "| 2 | neural-ode |",
        "| 2 | hybrid, known pathway |",
        "| 2 | persistence |",
        "| I3 |",
        "| L2 |",
    ):
        assert text in printed
    written = sorted(path.name for path in tmp_path.glob("*.md"))
    assert written == ["accuracy-identity.md", "accuracy-own.md", "accuracy-sim-sparse.md"]
    assert all((tmp_path / name).read_text(encoding="utf-8") in printed for name in written)


def test_boards_without_their_data_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pyscimlode.errors import DownloadError

    def missing(file: object) -> Path:
        raise DownloadError("not here")

    monkeypatch.setattr("pyscimlode.data.costello2018.locate", missing)
    assert main(["--quick", "--board", "own"]) == 0
    assert "Board 'own' is left out: not here" in capsys.readouterr().err
