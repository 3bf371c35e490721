from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.options.run import main
from benchmarks.options.study import VARIANTS, truth


def test_tables_are_written_and_not_computed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert (tmp_path / "options.md").read_text(encoding="utf-8").strip() in printed
    options = tmp_path / "options.json"
    found = json.loads(options.read_text(encoding="utf-8"))
    kept = {**found["rows"][0], "nrmse": [0.125]}
    assert f"the pathway itself has {truth():.3g}" in printed
    assert {row["model"] for row in found["rows"]} == {"production-degradation", "neural-ode"}
    for row in found["rows"]:
        assert row["failed"] == 0
        assert len(row["nrmse"]) == found["size"]["seeds"]
        assert min(row["evaluations"] + row["implicit"]) > 0
        assert np.all(np.array(row["largest"]) > 0)

    options.write_text(json.dumps(found | {"rows": [kept, *found["rows"][1:]]}), encoding="utf-8")
    assert main(["--quick", "--out", str(tmp_path)]) == 0
    assert "| 0.125 ± 0.000 |" in capsys.readouterr().out


def test_every_variant_is_one_option_alone() -> None:
    for variant in VARIANTS[1:]:
        assert len(variant.model) + (variant.lipschitz > 0) == 1
