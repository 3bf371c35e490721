from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.recipes.run import main
from benchmarks.recipes.study import VARIANTS, choice, inner_mean
from pyscimlode import HybridODE
from pyscimlode.fitting.recipes import default_hybrid, default_stages
from pyscimlode.models import mevalonate_pathway


def test_scores_are_written_and_not_computed_again(
    measured_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--quick", "--out", str(tmp_path)]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "**Nested**" in printed
    assert (tmp_path / "recipes.md").read_text(encoding="utf-8").strip() in printed
    path = tmp_path / "recipes.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    assert {*found["inner"][str(VARIANTS[-1])]} == {"L1|L2", "L2|L1"}
    assert all(0.0 < value < 100.0 for value in found["inner"][str(VARIANTS[-1])]["L1|L2"])
    found["inner"][str(VARIANTS[-1])] = {"L1|L2": [0.5], "L2|L1": [0.25]}
    path.write_text(json.dumps(found), encoding="utf-8")
    assert main(options) == 0
    assert f"| {VARIANTS[-1]} | 0.375 |" in capsys.readouterr().out


def test_the_choice_for_a_strain_does_not_know_it() -> None:
    inner = {
        "one": {"A|B": [1.0, 2.0], "A|C": [1.0, 2.0], "B|A": [0.0, 0.0], "C|A": [0.0, 0.0]},
        "two": {"A|B": [1.2, 1.4], "A|C": [1.2, 1.4], "B|A": [9.0, 9.0], "C|A": [9.0, 9.0]},
    }
    assert choice(inner, "A") == "two"
    assert choice(inner, "B") == "one"
    assert inner_mean(inner["one"]) == pytest.approx(0.75)


def test_the_last_variant_is_the_default(measured_data: Path) -> None:
    from pyscimlode.boards.tasks import measured_tasks

    task = measured_tasks("pooled7")[0]
    model = default_hybrid(mevalonate_pathway(), task.train)
    assert VARIANTS[-1].model() == model
    assert VARIANTS[-1].stages(quick=False) == default_stages("forecast", task.n, model)
    assert HybridODE(mevalonate_pathway()) == VARIANTS[0].model()
