from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError


def example() -> dict[str, np.ndarray]:
    return {
        "theta": np.random.default_rng(0).normal(size=(3, 50)),
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "half": np.ones(3, dtype=np.float32),
        "number": np.array(3.0),
        "nothing": np.empty((0, 4)),
        "flags": np.array([True, False]),
        "codes": np.array([-1, 2**40]),
        "odd": np.array([np.nan, np.inf, -0.0]),
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save_arrays(tmp_path / "x.safetensors", example(), {"unit": "mM"}, kind="model")


def test_arrays_come_back_bit_for_bit_with_their_types_and_shapes(path: Path) -> None:
    arrays, metadata = load_arrays(path, kind="model")
    assert metadata == {"unit": "mM"}
    assert set(arrays) == set(example())
    for name, array in example().items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()
    arrays["theta"][0, 0] = 1.0


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, min_side=0)), st.text())
def test_any_array_and_any_text_come_back(
    tmp_path_factory: pytest.TempPathFactory, array: np.ndarray, text: str
) -> None:
    path = tmp_path_factory.mktemp("arrays") / "x"
    save_arrays(path, {"a": array}, {"text": text}, kind="test")
    arrays, metadata = load_arrays(path, kind="test")
    assert arrays["a"].tobytes() == array.tobytes()
    assert arrays["a"].shape == array.shape
    assert metadata == {"text": text}


def test_the_same_content_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    again = save_arrays(tmp_path / "y", example(), {"unit": "mM"}, kind="model")
    assert again.read_bytes() == path.read_bytes()


def test_other_readers_of_safetensors_can_read_the_file(path: Path) -> None:
    from safetensors.numpy import load_file

    np.testing.assert_array_equal(load_file(path)["theta"], example()["theta"])


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"model\.safetensors does not exist"):
        load_arrays(tmp_path / "model.safetensors", kind="model")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot be read"):
        load_arrays(tmp_path, kind="model")


@pytest.mark.parametrize("kept", [0, 5, 8, 60, 900, -1])
def test_a_truncated_file_is_called_damaged(path: Path, kept: int) -> None:
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ArtifactError, match="is damaged"):
        load_arrays(path, kind="model")


def test_every_changed_byte_is_noticed(path: Path) -> None:
    good = path.read_bytes()
    positions = np.random.default_rng(1).choice(len(good), 150, replace=False)
    for position in positions:
        bad = bytearray(good)
        bad[position] ^= 1
        path.write_bytes(bad)
        with pytest.raises(ArtifactError):
            load_arrays(path, kind="model")


def test_a_flipped_bit_in_the_numbers_is_a_checksum_error(path: Path) -> None:
    bad = bytearray(path.read_bytes())
    bad[-20] ^= 1
    path.write_bytes(bad)
    with pytest.raises(ArtifactError, match="does not match its checksum"):
        load_arrays(path, kind="model")


def test_another_kind_is_told(path: Path) -> None:
    with pytest.raises(ArtifactError, match="holds a model, not a checkpoint"):
        load_arrays(path, kind="checkpoint")


def test_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = save_arrays(tmp_path / "x", {}, kind="model", version=3)
    with pytest.raises(ArtifactError, match=r"version 3.*up to version 2: upgrade pyscimlode"):
        load_arrays(path, kind="model", version=2)
    assert load_arrays(path, kind="model", version=4) == ({}, {})


def test_foreign_files_are_told_apart(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"a": np.ones(2)}, tmp_path / "foreign")
    with pytest.raises(ArtifactError, match="not a file that pyscimlode wrote"):
        load_arrays(tmp_path / "foreign", kind="model")
    (tmp_path / "text").write_text("time,strain\n" * 100)
    with pytest.raises(ArtifactError, match="is damaged"):
        load_arrays(tmp_path / "text", kind="model")


@pytest.mark.parametrize("array", [np.array(["text"]), np.array([None]), np.array([1j])])
def test_arrays_that_cannot_be_saved_are_refused_by_name(tmp_path: Path, array: Any) -> None:
    with pytest.raises(ArtifactError, match="'labels' has dtype"):
        save_arrays(tmp_path / "x", {"labels": array}, kind="model")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("value", [float("nan"), Path("x"), {1, 2}])
def test_metadata_must_be_json(tmp_path: Path, value: Any) -> None:
    with pytest.raises(ArtifactError, match="not JSON data"):
        save_arrays(tmp_path / "x", {}, {"value": value}, kind="model")


def test_saving_over_a_file_keeps_it_until_the_new_one_is_complete(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ArtifactError, match="No space left on device"):
        save_arrays(path, {"a": np.zeros(3)}, kind="model")
    monkeypatch.undo()
    assert set(load_arrays(path, kind="model")[0]) == set(example())
