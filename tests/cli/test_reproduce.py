from __future__ import annotations

import json
from pathlib import Path

import pytest

from pyscimlode.data import Dataset
from pyscimlode.errors import DownloadError
from tests.boards.reproductions import limonene_like
from tests.cli.conftest import invoke

ONE = ("--pathway", "limonene", "--variant", "as-published", "--quick", "--seeds", 1)


def _load(name: str) -> Dataset:
    return limonene_like()


def test_it_writes_tables_figures_nets_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyscimlode.boards.reproduce.load", _load)
    out = tmp_path / "reproduce"
    done = invoke("reproduce", *ONE, "--out", out)
    assert done.exit_code == 0, done.output
    assert "L2: penalty without gradient" in done.stderr
    for text in ("zero field", "persistence", "published TPOT", "Note: A quick run, 1 seeds"):
        assert text in done.stdout
    assert "best" not in done.stdout
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Table III (L2), RMSE: penalty without gradient" in report
    assert "data:image/png;base64," in report
    assert len(list((out / "figures").glob("*.png"))) == 1
    assert (out / "nets" / "L2-as-published-1000").is_dir()
    assert json.loads((out / "reproduction.json").read_text(encoding="utf-8"))["notes"]
    again = invoke("reproduce", *ONE, "--out", out, "--resume")
    assert again.exit_code == 0, again.output
    assert again.stderr.count("(kept)") == 5


def test_without_the_data_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Dataset:
        raise DownloadError("limonene_data.csv is not on this machine. Put it there.")

    monkeypatch.setattr("pyscimlode.boards.reproduce.load", missing)
    done = invoke("reproduce", *ONE, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "limonene_data.csv is not on this machine. Put it there." in done.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyscimlode.boards.reproduce.reproduce", interrupted)
    done = invoke("reproduce", "--out", tmp_path / "a b")
    assert done.exit_code == 130
    assert "pyscimlode reproduce --resume --out '" in done.stderr


def test_an_unknown_variant_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyscimlode.boards.reproduce.load", _load)
    done = invoke("reproduce", "--variant", "detatched", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "Did you mean 'detached'?" in done.stderr
