from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.renaissance.bioreactor import CONDITIONS
from benchmarks.renaissance.kept import Kept
from benchmarks.renaissance.landscape import SEARCHES
from benchmarks.renaissance.models import generator, valid_models
from benchmarks.renaissance.robustness import PUBLISHED, _kept_ratios, _result
from benchmarks.renaissance.run import main
from pyscimlode.kinetics import THRESHOLD, Robustness


def quick(part: str, folder: Path) -> tuple[str, dict[str, object]]:
    assert main(["--quick", "--part", part, "--out", str(folder)]) == 0
    text = (folder / f"renaissance-{part}.md").read_text(encoding="utf-8")
    data = json.loads((folder / f"renaissance-{part}.json").read_text(encoding="utf-8"))
    return text, data


def test_robustness_stands_beside_the_article(tmp_path: Path) -> None:
    text, data = quick("robustness", tmp_path)
    assert "| 24 | all cytosol | 75.4 % |" in text
    assert "| 34 | all cytosol | 93.1 % |" in text
    assert "Failed integrations" in text or all(not row.get("failures") for row in data.values())
    ends = data.pop("ends")
    assert all(row["lost"] <= row["followed"] <= row["runs"] == 3 for row in ends.values())
    for row in data.values():
        assert row["models"] == 3
        assert row["lambda_max"][2] <= THRESHOLD
        names = {(s["watched"], s["time_min"]) for s in row["shares"]}
        assert names >= set(PUBLISHED)
        assert all(0.0 <= s["every"] <= s["returned"] <= 1.0 for s in row["shares"])
        assert "ratios" not in row
    assert (tmp_path / "renaissance-robustness-nes.png").is_file()


def test_a_failed_path_stays_failed_when_it_is_kept() -> None:
    ratios = np.random.default_rng(0).uniform(0.5, 2.0, (2, 3, 4, 5))
    ratios[1, 2] = np.nan
    times = np.array([0.0, 24.0, 34.0, 60.0])
    one = Robustness(("a",) * 5, (24.0,), times, ratios, {}, 0.5)
    kept = _kept_ratios(one, 5)
    assert kept[1][2] is None
    row = {"ratios": json.loads(json.dumps(kept)), "times_min": times.tolist(), "amplitude": 0.5}
    again = _result(row)
    np.testing.assert_allclose(again.ratios, ratios, rtol=1e-3)
    assert not again.returned(24.0, 9.0)[1, 2].any()


def test_cultures_survive_the_end_of_their_glucose(tmp_path: Path) -> None:
    text, data = quick("bioreactor", tmp_path)
    assert "## Given up" in text
    first = next(iter(CONDITIONS))
    for row in data.values():
        for culture in row["cultures"]:
            assert culture["survived"] == (culture["status"] == "SUCCESS")
            assert culture["survived"] or "Given up at" in culture["message"]
            assert culture["least_concentration"] > 0
            assert culture["balance_error"] < 1e-3
        if row["condition"] == first:
            assert all(c["exhausted_h"] is not None for c in row["cultures"] if c["survived"])
    assert f"| {first} | NES | 2 of 2 (100 %) |" in text
    assert (tmp_path / "renaissance-bioreactor-gradient.png").is_file()


def test_generators_find_faster_models_than_uniform_sampling(tmp_path: Path) -> None:
    text, data = quick("landscape", tmp_path)
    assert "# Landscape of 12 steady states" in text
    assert set(data["searches"]) == set(SEARCHES)
    fastest = {name: np.median(row["fastest"]) for name, row in data["searches"].items()}
    assert fastest["gradient"] < fastest["uniform"]
    assert (tmp_path / "renaissance-landscape-nes.png").is_file()


def test_only_valid_models_are_used() -> None:
    found = generator("published", quick=True)
    ln_km, lambda_max = valid_models(found, 5)
    assert len(ln_km) == 5
    np.testing.assert_allclose(found.evaluator.evaluate(ln_km).lambda_max, lambda_max, rtol=1e-9)
    assert (lambda_max <= THRESHOLD).all()


def test_finished_rows_are_not_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks.renaissance import landscape

    path = tmp_path / "landscape.json"
    landscape.run(Kept(path), quick=True)
    monkeypatch.setattr(landscape, "_measure", lambda *a: pytest.fail("measured again"))
    landscape.run(Kept(path), quick=True)
