from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.docs.programs import run


@pytest.mark.slow
# torch loads its rules of forward mode through what it has deprecated itself.
@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_program_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = run("kinetics.md")
    printed = capsys.readouterr().out
    assert "reaction 'EXP' has the flux -0.03 mmol/gDW/h" in printed
    assert "species 'B' is not at steady state" in printed
    network, state = space["network"], space["state"]
    assert network.moieties == ({"ATP": 1.0, "ADP": 1.0},)
    assert space["vmax"].shape == (1000, 5)
    assert space["evaluator"].evaluate(space["models"]).valid.all()
    assert set(space["table"]["km"][space["table"]["measured"]]) == {"km_A_KIN", "km_S_e_UPT"}
    assert space["overlap"]["subsystem"].tolist() == ["export"]
    assert (tmp_path / "landscape.png").exists()
    assert len(space["longer"].incidence) == 5
    np.testing.assert_array_equal(space["fitted"].state.keq, state.keq)
    assert "kinetic-ode" in printed
