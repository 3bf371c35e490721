from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.files import cell_name, prepare_folder
from pyscimlode.errors import ArtifactError
from tests.boards.example import example_comparison


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return example_comparison(failed=True)


def test_a_comparison_comes_back_as_it_was(comparison: Comparison, tmp_path: Path) -> None:
    back = Comparison.load(comparison.save(tmp_path / "board"))
    pd.testing.assert_frame_equal(back.summary(), comparison.summary())
    assert back.kinds == comparison.kinds
    assert back.warnings == comparison.warnings
    assert back.settings["command"] == comparison.settings["command"]
    assert list(back.tasks) == list(comparison.tasks)
    for name, task in comparison.tasks.items():
        same = back.tasks[name]
        for part in ("train", "test", "unit_of"):
            assert getattr(same, part).content_hash == getattr(task, part).content_hash
        assert (same.protocol, same.n, same.draw) == (task.protocol, task.n, task.draw)
    assert set(back.forecasts) == set(comparison.forecasts)
    for key, forecast in comparison.forecasts.items():
        for name in forecast.names:
            np.testing.assert_array_equal(back.forecasts[key].members[name], forecast.members[name])
            np.testing.assert_array_equal(back.forecasts[key].status[name], forecast.status[name])


def test_the_folder_can_be_read_without_us(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path)
    table = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, na_values=["NaN"])
    assert len(table) == len(comparison.table)
    assert (tmp_path / "table.md").read_text(encoding="utf-8") == comparison.to_markdown()
    described = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    summary = comparison.summary()
    assert [row["model"] for row in described["summary"]] == list(summary["model"])
    failed = [r["NRMSE clean"] for r in described["summary"] if r["NRMSE clean"] is None]
    assert len(failed) == summary["NRMSE clean"].isna().sum() == 1


def test_saving_twice_replaces(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    comparison.save(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_names_of_models_become_names_of_files() -> None:
    assert cell_name("own", 2, "hybrid+geometric") == "own-n=2-hybrid+geometric"
    one, other = cell_name("own", 2, "a/b"), cell_name("own", 2, "a b")
    assert one != other
    assert "/" not in one


def test_damaged_folders(comparison: Comparison, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"no comparison at .*nothing \(no comparison.json"):
        Comparison.load(tmp_path / "nothing")
    comparison.save(tmp_path)
    cell = tmp_path / "cells" / "folds-n=2-hybrid.safetensors"
    kept = cell.read_bytes()
    cell.unlink()
    with pytest.raises(ArtifactError, match=r"folds-n=2-hybrid.safetensors does not exist"):
        Comparison.load(tmp_path)
    cell.write_bytes(kept[:-9])
    with pytest.raises(ArtifactError, match="is damaged"):
        Comparison.load(tmp_path)
    description = tmp_path / "comparison.json"
    text = description.read_text(encoding="utf-8")
    description.write_text(text.replace('"version": 1', '"version": 9'), encoding="utf-8")
    with pytest.raises(ArtifactError, match="has format version 9"):
        Comparison.load(tmp_path)
    description.write_text("[]", encoding="utf-8")
    with pytest.raises(ArtifactError, match="does not describe a comparison"):
        Comparison.load(tmp_path)
    description.write_text("{", encoding="utf-8")
    with pytest.raises(ArtifactError, match="it is not JSON"):
        Comparison.load(tmp_path)


def test_a_folder_is_taken_only_if_nothing_is_lost(comparison: Comparison, tmp_path: Path) -> None:
    prepare_folder(tmp_path / "new")
    assert (tmp_path / "new" / "cells").is_dir()
    comparison.save(tmp_path / "board")
    with pytest.raises(ArtifactError, match=r"holds a comparison already.*resume=True"):
        prepare_folder(tmp_path / "board")
    prepare_folder(tmp_path / "board", resume=True)
    assert Comparison.load(tmp_path / "board").models == comparison.models
    prepare_folder(tmp_path / "board", force=True)
    assert not list((tmp_path / "board" / "cells").iterdir())
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="not empty and holds no comparison"):
        prepare_folder(other, force=True)
    with pytest.raises(ArtifactError, match="is a file; choose a folder"):
        prepare_folder(other / "notes.txt")
