from __future__ import annotations

import pytest

from tests.docs.programs import run


@pytest.mark.slow
def test_the_program_runs_and_test_strains_choose_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = run("hyperparameters.md")
    assert space["search"].n_splits_ == space["outer"].size == 4
    states = {trial.state.name for trial in space["study"].trials}
    assert "COMPLETE" in states
    assert states <= {"COMPLETE", "PRUNED"}
    tested = {*space["test"].strains}
    assert not tested & {*space["groups"]}
    assert not tested & {*space["search"].best_estimator_.result_.train.strains}
    assert "persistence" in capsys.readouterr().out
