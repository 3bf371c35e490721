from __future__ import annotations

from pathlib import Path

import pytest

from pyscimlode.artifacts import atomic_directory, atomic_write_bytes, atomic_write_text
from pyscimlode.errors import ArtifactError


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_text_is_written_as_it_is_into_new_folders(tmp_path: Path) -> None:
    path = atomic_write_text(tmp_path / "a" / "b.txt", "µM\r\nline\n")
    assert path.read_bytes() == "µM\r\nline\n".encode()
    assert names(path.parent) == ["b.txt"]


def test_an_existing_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"old and longer")
    atomic_write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["x.bin"]


def test_a_write_that_breaks_off_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"old")

    def interrupted(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        atomic_write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["x.bin"]


def test_a_folder_of_that_name_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(ArtifactError, match="x cannot be written"):
        atomic_write_bytes(tmp_path / "x", b"data")
    assert names(tmp_path) == ["x"]


def test_a_file_in_the_way_of_the_folder_is_an_artifact_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(ArtifactError, match="cannot be written"):
        atomic_write_bytes(tmp_path / "x" / "y", b"data")


def test_a_directory_appears_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "L2"
    with atomic_directory(target) as part:
        (part / "deep").mkdir()
        (part / "deep" / "a.txt").write_text("a")
        assert not target.exists()
        assert part.parent == target.parent
    assert (target / "deep" / "a.txt").read_text() == "a"
    assert names(target.parent) == ["L2"]


def test_a_directory_that_breaks_off_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "L2"
    target.mkdir()
    (target / "a.txt").write_text("old")

    def save() -> None:
        with atomic_directory(target) as part:
            (part / "a.txt").write_text("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save()
    assert (target / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["L2"]


def test_a_directory_written_anew_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "L2"
    for text in ("old", "new"):
        with atomic_directory(target) as part:
            (part / "a.txt").write_text(text)
    assert (target / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["L2"]


def test_what_is_not_written_anew_is_never_lost_by_accident(tmp_path: Path) -> None:
    target = tmp_path / "home"
    target.mkdir()
    (target / "thesis.txt").write_text("years")
    with (
        pytest.raises(ArtifactError, match=r"also holds thesis\.txt"),
        atomic_directory(target) as part,
    ):
        (part / "a.txt").write_text("a")
    assert names(target) == ["thesis.txt"]
    assert names(tmp_path) == ["home"]
    with atomic_directory(target, overwrite=True) as part:
        (part / "a.txt").write_text("a")
    assert names(target) == ["a.txt"]


def test_a_failed_swap_brings_the_old_directory_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "L2"
    target.mkdir()
    (target / "a.txt").write_text("old")
    rename = Path.rename

    def refused(self: Path, to: Path) -> Path:
        if self.name.endswith(".part"):
            raise PermissionError(13, "Permission denied")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(ArtifactError, match="Permission denied"), atomic_directory(target) as part:
        (part / "a.txt").write_text("new")
    assert (target / "a.txt").read_text() == "old"
    assert names(tmp_path) == ["L2"]


def test_a_directory_cannot_replace_a_file(tmp_path: Path) -> None:
    (tmp_path / "L2").write_text("a file")
    with pytest.raises(ArtifactError, match="is a file"), atomic_directory(tmp_path / "L2"):
        pass
    assert (tmp_path / "L2").read_text() == "a file"
