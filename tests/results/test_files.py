from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyscimlode
from pyscimlode.errors import ArtifactError
from pyscimlode.results import FitResult


def test_a_saved_fit_is_the_same_fit(result: FitResult, tmp_path: Path) -> None:
    result.save(tmp_path / "model")
    loaded = pyscimlode.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.theta, result.theta)
    assert loaded.model == result.model
    assert loaded.members == result.members
    assert loaded.solver == result.solver
    assert loaded.train.content_hash == result.train.content_hash
    assert loaded.provenance == json.loads(json.dumps(dict(result.provenance)))
    pd.testing.assert_frame_equal(loaded.history, result.history, check_dtype=False)
    np.testing.assert_array_equal(loaded.predict("S5")["S5"], result.predict("S5")["S5"])
    pd.testing.assert_frame_equal(loaded.scores.table, result.scores.table)


def test_without_data_it_still_forecasts(result: FitResult, tmp_path: Path) -> None:
    result.save(tmp_path / "model", include_data=False)
    loaded = pyscimlode.load(tmp_path / "model")
    assert result.test is not None
    np.testing.assert_array_equal(
        loaded.predict(result.test)["S5"], result.predict(result.test)["S5"]
    )
    assert not any(e.n_measured for e in loaded.train)


def test_saving_again_replaces(result: FitResult, tmp_path: Path) -> None:
    for _ in range(2):
        result.save(tmp_path / "model")
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == [
        "model.json",
        "model.safetensors",
    ]
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def damage_json(folder: Path) -> None:
    (folder / "model.json").write_text("{", encoding="utf-8")


def other_version(folder: Path) -> None:
    file = folder / "model.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(description | {"version": 99}), encoding="utf-8")


def other_kind(folder: Path) -> None:
    (folder / "model.json").write_text('{"kind": "recipe"}', encoding="utf-8")


def missing_key(folder: Path) -> None:
    file = folder / "model.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    del description["members"]
    file.write_text(json.dumps(description), encoding="utf-8")


def wrong_layout(folder: Path) -> None:
    file = folder / "model.json"
    description = json.loads(file.read_text(encoding="utf-8"))
    description["layout"] = description["layout"][:-1]
    file.write_text(json.dumps(description), encoding="utf-8")


def truncated(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def no_arrays(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def no_json(folder: Path) -> None:
    (folder / "model.json").unlink()


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (damage_json, "is damaged: it is not JSON"),
        (other_version, "has format version 99; this pyscimlode reads version 1"),
        (other_kind, "does not describe a saved model"),
        (missing_key, "is damaged.*members"),
        (wrong_layout, "parameters do not fit its model"),
        (truncated, "damaged|truncated"),
        (no_arrays, "model.safetensors"),
        (no_json, "There is no saved model at"),
    ],
)
def test_damage_is_named(result: FitResult, tmp_path: Path, damage, text: str) -> None:
    folder = result.save(tmp_path / "model")
    damage(folder)
    with pytest.raises(ArtifactError, match=text):
        pyscimlode.load(folder)
