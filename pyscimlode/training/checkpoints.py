"""Checkpoints: one file with all arrays of a :class:`TrainState`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.artifacts import load_arrays, save_arrays
from pyscimlode.errors import ArtifactError, TrainingError
from pyscimlode.training.stages import stage_from_json, stage_to_json
from pyscimlode.training.state import StageReport, TrainState

KIND = "training checkpoint"
VERSION = 1
SHARE_OF_TIME = 0.05
"""Writing checkpoints takes at most about this part of the time, however large they are."""


def save_checkpoint(path: Path, state: TrainState) -> Path:
    """Write a checkpoint, atomically: an earlier one stays valid until the new one is complete.

    Raises:
        ArtifactError: the file cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {"theta": state.theta}
    arrays |= {f"history/{name}": array for name, array in state.history.items()}
    arrays |= {f"stage/{name}": array for name, array in state.stage_arrays.items()}
    reports = [asdict(report) for report in state.reports]
    for report in reports:
        report["loss"] = None if np.isnan(report["loss"]) else report["loss"]
    metadata = {
        "stages": [stage_to_json(stage) for stage in state.stages],
        "stage_index": state.stage_index,
        "iteration": state.iteration,
        "finished": state.finished,
        "reports": reports,
        "seconds": state.seconds,
        "fingerprint": dict(state.fingerprint),
    }
    return save_arrays(path, arrays, metadata, kind=KIND, version=VERSION)


def load_checkpoint(path: Path) -> TrainState:
    """Read a checkpoint.

    Raises:
        ArtifactError: the file is missing, damaged, of another kind, or newer.
    """
    arrays, metadata = load_arrays(path, kind=KIND, version=VERSION)
    try:
        return TrainState(
            theta=arrays["theta"],
            stages=tuple(stage_from_json(stage) for stage in metadata["stages"]),
            stage_index=int(metadata["stage_index"]),
            iteration=int(metadata["iteration"]),
            finished=bool(metadata["finished"]),
            history=_below("history/", arrays),
            reports=tuple(_report(item) for item in metadata["reports"]),
            seconds=float(metadata["seconds"]),
            stage_arrays=_below("stage/", arrays),
            fingerprint=dict(metadata["fingerprint"]),
        )
    except (KeyError, TypeError, ValueError, TrainingError) as error:
        raise ArtifactError(
            f"{path} is damaged: {type(error).__name__}: {error}. Start afresh without it."
        ) from error


class Checkpointer:
    """Writes a checkpoint every so many seconds, less often where writing is slow."""

    def __init__(self, path: Path | None, seconds: float) -> None:
        self.path = path
        self._seconds = seconds
        self._due = time.monotonic() + seconds

    def maybe(self, snapshot: Callable[[], TrainState]) -> None:
        """Write a checkpoint if one is due."""
        if self.path is not None and time.monotonic() >= self._due:
            self.write(snapshot())

    def write(self, state: TrainState) -> None:
        """Write a checkpoint if there is a path to write it to."""
        if self.path is None:
            return
        before = time.monotonic()
        save_checkpoint(self.path, state)
        now = time.monotonic()
        self._due = now + max(self._seconds, (now - before) / SHARE_OF_TIME)


def _below(prefix: str, arrays: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    return {
        name.removeprefix(prefix): array
        for name, array in arrays.items()
        if name.startswith(prefix)
    }


def _report(item: dict[str, Any]) -> StageReport:
    loss = float("nan") if item["loss"] is None else float(item["loss"])
    return StageReport(**{**item, "loss": loss})
