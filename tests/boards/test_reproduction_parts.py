from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from pyscimlode.boards.reproduction_parts import Part, PartFolder, frame, joined, records
from pyscimlode.errors import ArtifactError, TrainingError

REQUEST = {"pir": [0.01, 1.0], "seeds": 3}


def part(seconds: float) -> Part:
    row = {"strain": "L2", "step": "training", "what": "one net", "nets": 1}
    return Part.of(times=[row | {"seconds": seconds, "cpu": 1.0}])


def never() -> Part:
    raise RuntimeError("made again")


def test_rows_survive_json_with_what_is_missing() -> None:
    (row,) = records(part(float("nan")).times)
    assert row["seconds"] is None
    again = frame("times", [row])
    pd.testing.assert_frame_equal(again, part(float("nan")).times)


def test_parts_are_joined_in_order() -> None:
    both = joined([part(1.0), part(2.0)])
    assert list(both.times["seconds"]) == [1.0, 2.0]
    assert both.scores.empty
    assert str(both.scores["rmse"].dtype) == "float64"


def test_a_finished_part_is_kept_and_its_checkpoint_goes(tmp_path: Path) -> None:
    folder = PartFolder.start(tmp_path / "out", REQUEST, resume=False)

    def make() -> Part:
        folder.checkpoint("L2").write_bytes(b"state")
        return part(1.5)

    (tmp_path / "out" / "parts").mkdir()
    folder.part("L2", make)
    assert not folder.checkpoint("L2").exists()
    assert folder.has("L2")
    resumed = PartFolder.start(tmp_path / "out", REQUEST, resume=True)
    assert list(resumed.part("L2", never).times["seconds"]) == [1.5]


def test_a_new_start_forgets_the_parts_of_the_last(tmp_path: Path) -> None:
    PartFolder.start(tmp_path, REQUEST, resume=False).part("L2", lambda: part(1.0))
    assert not PartFolder.start(tmp_path, REQUEST, resume=False).has("L2")


def test_other_settings_are_not_resumed(tmp_path: Path) -> None:
    PartFolder.start(tmp_path, REQUEST, resume=False)
    with pytest.raises(TrainingError, match=r"had seeds=3, not 5\. Ask for the same"):
        PartFolder.start(tmp_path, {**REQUEST, "seeds": 5}, resume=True)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no reproduction in .* to resume"):
        PartFolder.start(tmp_path / "none", REQUEST, resume=True)
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="is not empty and holds no reproduction"):
        PartFolder.start(tmp_path, REQUEST, resume=False)
    with pytest.raises(ArtifactError, match=r"thesis\.txt is a file; name a folder"):
        PartFolder.start(tmp_path / "thesis.txt", REQUEST, resume=False)


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    folder = PartFolder.start(tmp_path, REQUEST, resume=False)
    folder.part("L2", lambda: part(1.0))
    (tmp_path / "parts" / "L2.json").write_text('{"scores": [', encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"L2\.json is damaged; remove it"):
        folder.part("L2", never)
