from __future__ import annotations

import json
from pathlib import Path

from click.testing import Result

from tests.cli.conftest import invoke


def test_the_ladder_is_printed_and_written(finished: tuple[Path, Result], tmp_path: Path) -> None:
    out, _ = finished
    target = tmp_path / "agreement.json"
    done = invoke(
        *("compare-backends", out, "-b", "torch", "-l", "field,trajectory,loss"),
        *("--strains", 1, "--out", target),
    )
    assert done.exit_code == 0, done.output
    assert "trajectory   agrees" in done.stdout
    assert json.loads(target.read_text(encoding="utf-8"))["agree"] is True
    assert target.with_suffix(".png").stat().st_size > 5000


def test_native_training_needs_a_second_engine(finished: tuple[Path, Result]) -> None:
    out, _ = finished
    done = invoke("compare-backends", out, "-b", "torch", "--levels", "native training")
    assert done.exit_code == 0, done.output
    assert "native training not run: 'torch' judges this level" in done.stdout


def test_mistakes_are_answered(finished: tuple[Path, Result], tmp_path: Path) -> None:
    out, _ = finished
    done = invoke("compare-backends", out, "-b", "torsch")
    assert done.exit_code == 1
    assert "backend='torsch' is not installed" in done.stderr
    done = invoke("compare-backends", tmp_path / "nothing")
    assert "There is no saved model" in done.stderr
