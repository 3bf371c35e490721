from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError
from pyscimlode.training import BFGS, Adam, TrainState, train
from pyscimlode.training import checkpoints as module
from pyscimlode.training.checkpoints import Checkpointer, load_checkpoint, save_checkpoint
from tests.training.toy_session import start, toy_session


@pytest.fixture
def state() -> TrainState:
    session = toy_session()
    return train(session, start(session), [Adam(3), BFGS(3)])


def test_everything_comes_back(state: TrainState, tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "new" / "c.safetensors", state)
    loaded = load_checkpoint(path)
    np.testing.assert_array_equal(loaded.theta, state.theta)
    assert loaded.stages == state.stages
    assert loaded.reports == state.reports
    assert loaded.fingerprint == state.fingerprint
    assert (loaded.stage_index, loaded.iteration, loaded.finished, loaded.seconds) == (
        state.stage_index,
        state.iteration,
        state.finished,
        state.seconds,
    )
    for name, array in state.history.items():
        np.testing.assert_array_equal(loaded.history[name], array)
    assert [item.name for item in path.parent.iterdir()] == ["c.safetensors"]


def test_other_files_and_newer_versions_are_refused(state: TrainState, tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_arrays(path, {"theta": state.theta}, {}, kind="something else")
    with pytest.raises(ArtifactError, match="holds a something else, not a training checkpoint"):
        load_checkpoint(path)
    save_arrays(path, {"theta": state.theta}, {}, kind=module.KIND, version=module.VERSION + 1)
    with pytest.raises(ArtifactError, match="upgrade pyscimlode"):
        load_checkpoint(path)


@pytest.mark.parametrize("missing", ["theta", "stages", "fingerprint", "reports"])
def test_what_is_missing_is_named(state: TrainState, missing: str, tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path / "c.safetensors", state)
    arrays, metadata = load_arrays(path, kind=module.KIND)
    arrays.pop(missing, None)
    metadata.pop(missing, None)
    save_arrays(path, arrays, metadata, kind=module.KIND)
    with pytest.raises(ArtifactError, match=f"is damaged.*{missing}"):
        load_checkpoint(path)


def test_slow_writing_makes_checkpoints_rarer(
    state: TrainState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    writes: list[float] = []

    def slow_save(path: Path, state: TrainState) -> None:
        writes.append(now[0])
        now[0] += 2.0

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module, "save_checkpoint", slow_save)
    checkpointer = Checkpointer(tmp_path / "c", 5.0)
    while now[0] < 100.0:
        checkpointer.maybe(lambda: state)
        now[0] += 1.0
    assert writes == [5.0, 47.0, 89.0]


def test_without_a_path_nothing_is_written(state: TrainState) -> None:
    def never() -> TrainState:
        raise RuntimeError("nobody asked")

    checkpointer = Checkpointer(None, 0.0)
    checkpointer.maybe(never)
    checkpointer.write(state)
