from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.cli.conftest import invoke


def test_every_strain_in_turn(table: Path) -> None:
    done = invoke("data", "leaks", table)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("held out. LeakReport: nothing found.") == 4


def test_a_renamed_strain_is_found(table: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(table)
    copy = frame[frame["strain"] == "S1"].assign(strain="S9")
    doubled = tmp_path / "doubled.csv"
    pd.concat([frame, copy]).to_csv(doubled, index=False)
    done = invoke("data", "leaks", doubled, "--test", "S9")
    assert done.exit_code == 1
    assert "! same content (S9, S1)" in done.stdout
    assert invoke("data", "leaks", doubled, "--test", "S2,S3").exit_code == 0


def test_an_unknown_strain(table: Path) -> None:
    done = invoke("data", "leaks", table, "--test", "S77")
    assert done.exit_code == 1
    assert "There is no experiment 'S77'" in done.stderr
