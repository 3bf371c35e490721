"""The program in docs/hyperparameters.md runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DOC = Path(__file__).resolve().parents[2] / "docs" / "hyperparameters.md"


@pytest.mark.slow
def test_the_program_runs(capsys: pytest.CaptureFixture[str]) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 4
    space: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(DOC), "exec"), space)
    assert space["search"].n_splits_ == space["outer"].size == 4
    states = {trial.state.name for trial in space["study"].trials}
    assert "COMPLETE" in states
    assert states <= {"COMPLETE", "PRUNED"}
    tested = {*space["test"].strains}
    assert not tested & {*space["groups"]}
    assert not tested & {*space["search"].best_estimator_.result_.train.strains}
    assert "persistence" in capsys.readouterr().out
