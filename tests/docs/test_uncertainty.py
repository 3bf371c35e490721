from __future__ import annotations

from pathlib import Path

import pytest

import pyscimlode
from tests.docs.programs import run


def test_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = run("uncertainty.md")
    printed = capsys.readouterr().out
    assert "ensemble interval of 3 member(s)" in printed
    assert "90 % conformal interval, calibrated on 9 strains" in printed
    saved = pyscimlode.load(tmp_path / "runs" / "honest")
    assert saved.intervals == space["honest"].intervals
