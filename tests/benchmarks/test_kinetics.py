from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.kinetics import report
from benchmarks.kinetics.peers import Autograd, Symbolic
from benchmarks.kinetics.rounds import Timed, rates
from benchmarks.kinetics.run import PARTS
from pyscimlode.kinetics import toy6
from tests.kinetics.cases import evaluator_of, random_ln_km

ROOT = Path(__file__).parents[2]


def test_peers_give_the_same_models() -> None:
    case = toy6()
    ln_km = random_ln_km(case, 20)
    wanted = evaluator_of(case).evaluate(ln_km).lambda_max
    symbolic = Symbolic(case)
    for peer in (Autograd(case, evaluator_of(case)), symbolic):
        np.testing.assert_allclose(peer.lambda_max(ln_km), wanted, rtol=1e-8)
    jacobian = evaluator_of(case).jacobian(ln_km, scaled=True)
    found = Autograd(case, evaluator_of(case)).jacobian(torch.from_numpy(ln_km))
    np.testing.assert_allclose(found, jacobian, rtol=1e-9, atol=1e-12)


def test_without_a_compiler_the_derivatives_are_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.kinetics.peers.symbolic.shutil.which", lambda _: None)
    case = toy6()
    ln_km = random_ln_km(case, 3)
    symbolic = Symbolic(case)
    assert symbolic.compiler == "Python"
    wanted = evaluator_of(case).evaluate(ln_km).lambda_max
    np.testing.assert_allclose(symbolic.lambda_max(ln_km), wanted, rtol=1e-8)


def test_rates_are_items_per_second_of_interleaved_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    order: list[str] = []
    monkeypatch.setattr(time, "process_time", lambda: now[0])
    monkeypatch.setattr(time, "perf_counter", lambda: 2 * now[0])

    def takes(name: str, seconds: list[float]) -> Timed:
        durations = iter(seconds)

        def call() -> None:
            order.append(name)
            now[0] += next(durations)

        return Timed(call, 10)

    calls = {"a": takes("a", [99.0, 1.0, 2.0, 5.0]), "b": takes("b", [99.0, 4.0, 4.0, 5.0])}
    found = rates(calls, "a", budget=0.0, min_rounds=3)
    assert order == ["a", "b", "a", "b", "b", "a", "a", "b"]
    assert found["a"].cpu == 5.0
    assert found["a"].wall == 2.5
    assert found["a"].quartiles == (3.5, 7.5)
    assert found["b"].ratio == 2.0
    assert found["b"].rounds == 3


def test_a_part_that_is_measured_again_replaces_its_table(tmp_path: Path) -> None:
    def part(cell: str, met: bool) -> dict[str, object]:
        table = report.Table("Rates", ("what", "found"), [("models", cell)], ["A note."])
        target = report.Target("models", "at least 2", cell, met)
        made = report.Part("Evaluation", "Case x.", [table], [target], {"rates": {}})
        return report.as_data(made, {"cores": "2"}, 1.0)

    report.write(tmp_path, {"evaluation": part("1", False), "sets": part("7", True)})
    kept = report.read(tmp_path)
    report.write(tmp_path, {**kept, "evaluation": part("3", True)})
    text = (tmp_path / "kinetics.md").read_text()
    assert "| models | at least 2 | 3 | yes |" in text
    assert "| models | at least 2 | 7 | yes |" in text
    assert "| models | 1 |" not in text
    assert report.read(tmp_path / "none") == {}


def test_the_quick_run_writes_both_reports(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.kinetics", "--quick", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / "kinetics.json").read_text())["parts"]
    assert tuple(found) == PARTS
    text = (tmp_path / "kinetics.md").read_text()
    for name in PARTS:
        assert found[name]["tables"][0]["rows"], name
        assert f"## {found[name]['title']}" in text
        assert found[name]["case"].startswith("Case example_pathway")
    for rows in found["evaluation"]["data"]["rates"].values():
        assert all(rate["cpu"] > 0 for rate in rows.values())
    squared = [row for table in found["torch"]["tables"][2:] for row in table["rows"]]
    assert {row[-1] for row in squared} == {"0"}, "decided wrongly"
