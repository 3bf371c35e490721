from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pyscimlode.cli import demo as module
from pyscimlode.errors import DownloadError
from pyscimlode.results import FitResult
from tests.cli.conftest import invoke


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUICK", module.DemoSize(train=2, test=1, members=1, steps=2))
    monkeypatch.setattr("pyscimlode.plots.style.png", lambda figure, dpi: b"picture")


def _offline(name: str) -> None:
    raise DownloadError("limonene_data.csv is not on this machine, and no network. Put it there.")


def test_the_demo_compares_two_models_and_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyscimlode.data.registry.load", _offline)
    out = tmp_path / "demo"
    done = invoke("demo", "--quick", "--out", out)
    assert done.exit_code == 0, done.output
    assert "limonene_data.csv is not on this machine, and no network." in done.stderr
    for name in ("neural-ode", "production-degradation", "persistence (control)"):
        assert name in done.stdout
    scores = pd.read_csv(out / "scores.csv")
    assert list(scores["model"].unique()) == [
        "neural-ode",
        "production-degradation",
        "persistence",
        "mean",
        "geometric mean",
        "nearest strain",
    ]
    result = FitResult.load(out / "simulated-neural-ode" / "model")
    assert result.test is not None
    assert (len(result.train), result.test.names) == (2, ("S321",))
    report = (out / "report.html").read_text(encoding="utf-8")
    assert "pyscimlode demo" in report
    assert str(out / "simulated-neural-ode" / "model") in report
    assert len(list((out / "figures").iterdir())) >= 6


def test_measured_strains_are_added_where_they_are(measured_data: Path, tmp_path: Path) -> None:
    (tmp_path / module.MARK).write_text("an earlier demo")
    done = invoke("demo", "--quick", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert "L1 and L3 to train, L2 to test" in done.stdout
    result = FitResult.load(tmp_path / "limonene-production-degradation" / "model")
    assert result.test is not None
    assert result.test.names == ("L2",)
    assert "How good is it? held-out L2" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    done = invoke("demo", "--quick", "--out", tmp_path)
    assert done.exit_code == 1
    assert "is not empty and no demo wrote it" in done.stderr


def test_the_full_demo_is_the_benchmark_of_fifty_strains() -> None:
    assert (module.FULL.train, module.FULL.test, module.FULL.steps) == (50, 20, None)
