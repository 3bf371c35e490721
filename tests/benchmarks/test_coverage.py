from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.coverage.run import main
from benchmarks.coverage.study import QUICK, Row, averaged, strains_of


def test_tables_and_rows_are_written(
    measured_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    text = (tmp_path / "coverage.md").read_text(encoding="utf-8")
    assert text.strip() in printed
    for line in (
        "| production-degradation | ensemble | hourly, without noise |",
        "| production-degradation | conformal, strain, ensemble scale | measured like",
        "| hybrid, known pathway | ensemble | held-out strain |",
        "> A level of 0.9 needs 9 calibration strains, and there are 1",
    ):
        assert line in text
    rows = json.loads((tmp_path / "coverage.json").read_text(encoding="utf-8"))["rows"]
    assert {row["nominal"] for row in rows} == {0.5, 0.8, 0.9, 0.95}
    assert {row["draw"] for row in rows if row["board"] == "measured"} == {
        *("L1", "L2", "L3"),
        *("I1", "I2", "I3"),
    }


def test_no_strain_has_two_roles() -> None:
    train, calibration, tests = strains_of(QUICK, draw=0)
    roles = [train, calibration, *tests.values()]
    names = [name for data in roles for name in data.strains]
    assert len(names) == len(set(names))
    assert [len(data) for data in roles] == [3, 19, 20, 2]


def test_means_are_taken_over_draws() -> None:
    rows = [
        Row("simulated", "m", "ensemble", "x", draw, 0.9, covered, 0.5, 0.5, width, 3.0)
        for draw, covered, width in (("0", 0.4, 1.0), ("1", 0.6, 2.0))
    ]
    (mean,) = averaged(rows)
    assert (mean.draw, mean.covered, mean.width) == ("2", 0.5, 1.5)
