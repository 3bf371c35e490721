from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyscimlode.data import Dataset
from pyscimlode.errors import DownloadError
from tests.boards.reproductions import hand_made, limonene_like
from tests.cli.conftest import invoke


def _load(name: str) -> Dataset:
    return limonene_like()


def test_it_prints_and_writes_tables_figures_and_a_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def run(pathways: list[str], **options: Any) -> Any:
        asked.update(options, pathways=pathways)
        return hand_made(quick=True)

    monkeypatch.setattr("pyscimlode.boards.reproduce.reproduce", run)
    out = tmp_path / "reproduce"
    done = invoke(
        "reproduce", "--pathway", "limonene", "--variant", "as-published", "--quick", "--out", out
    )
    assert done.exit_code == 0, done.output
    for text in (
        "neural-ode as-published λ=1  ",
        "0.200 ± 0.100",
        "zero field",
        "persistence",
        "published TPOT",
        "Note: A quick run, 2 seeds",
    ):
        assert text in done.stdout
    assert "best" not in done.stdout
    assert (asked["pathways"], asked["variants"]) == (["limonene"], ["as-published"])
    assert (asked["quick"], asked["resume"], asked["out"]) == (True, False, out)
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "Table III (L2), RMSE: penalty without gradient" in report
    assert "data:image/png;base64," in report
    assert len(list((out / "figures").glob("*.png"))) == 1
    assert (out / "tables.md").read_text(encoding="utf-8").startswith("# Tables III, IV and V")
    assert len((out / "table.csv").read_text(encoding="utf-8").splitlines()) > 30


def test_without_the_data_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> Dataset:
        raise DownloadError("limonene_data.csv is not on this machine. Put it there.")

    monkeypatch.setattr("pyscimlode.boards.reproduce.load", missing)
    done = invoke("reproduce", "--out", tmp_path / "out")
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
