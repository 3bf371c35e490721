"""A fit as a folder: arrays in ``model.safetensors``, everything else in ``model.json``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode.artifacts import (
    atomic_directory,
    atomic_write_text,
    load_arrays,
    read_description,
    save_arrays,
)
from pyscimlode.artifacts.datasets import Arrays, dataset_arrays, dataset_from, describe_dataset
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ArtifactError
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.registry import model_from_json
from pyscimlode.models.scaling import Scaling
from pyscimlode.objectives.protocols import check_protocol
from pyscimlode.problem import Member, Objective
from pyscimlode.results.calibration import Calibration
from pyscimlode.results.fit_result import FitResult

KIND = "pyscimlode fit"
VERSION = 1
ARRAYS = "model.safetensors"
DESCRIPTION = "model.json"


def save(result: FitResult, path: Path, *, include_data: bool) -> Path:
    """Write the folder; see :meth:`FitResult.save`."""
    arrays: Arrays = {
        "theta": result.theta,
        "scaling/state_scale": result.scaling.state_scale,
        "scaling/control_shift": result.scaling.control_shift,
        "scaling/control_scale": result.scaling.control_scale,
        "scaling/time_scale": result.scaling.time_scale,
        "scaling/control_max": result.scaling.largest_controls,
    }
    columns = list(result.history.columns)
    for column in columns:
        if column != "stage":
            arrays[f"history/{column}"] = result.history[column].to_numpy()
    description: dict[str, Any] = {
        "kind": KIND,
        "version": VERSION,
        "model": result.model.to_json(),
        "layout": result.layout.to_json(),
        "control_transform": result.scaling.control_transform,
        "members": [asdict(m) for m in result.members],
        "protocol": result.protocol,
        "objective": asdict(result.objective),
        "solver": asdict(result.solver),
        "backend": result.backend,
        "device": result.device,
        "dtype": result.dtype,
        "score_scale": result.score_scale,
        "history_columns": columns,
        "history_stage": [str(name) for name in result.history.get("stage", [])],
        "stages": [dict(stage) for stage in result.stages],
        "provenance": dict(result.provenance),
        "train": describe_dataset(result.train),
        "test": None if result.test is None else describe_dataset(result.test),
        "include_data": include_data,
    }
    for part in ("train", "test"):
        dataset: Dataset | None = getattr(result, part)
        if dataset is not None:
            arrays |= dataset_arrays(part, dataset, values=include_data)
    if result.calibration is not None:
        parts, description["calibration"] = result.calibration.to_parts()
        arrays |= {f"calibration/{name}": array for name, array in parts.items()}
    with atomic_directory(path) as folder:
        save_arrays(folder / ARRAYS, arrays, {}, kind=KIND, version=VERSION)
        text = json.dumps(description, indent=1, default=_plain, ensure_ascii=False)
        atomic_write_text(folder / DESCRIPTION, text)
    return path


def load(path: Path) -> FitResult:
    """Read the folder; see :meth:`FitResult.load`."""
    import pandas as pd

    description = read_description(
        path / DESCRIPTION,
        kind=KIND,
        version=VERSION,
        what="saved model",
        made_by="save()",
        again="fit again",
    )
    arrays, _ = load_arrays(path / ARRAYS, kind=KIND, version=VERSION)
    try:
        model = model_from_json(description["model"])
        scaling = Scaling(
            **{
                name: arrays[f"scaling/{name}"]
                for name in ("state_scale", "control_shift", "control_scale", "time_scale")
            },
            control_transform=description["control_transform"],
            control_max=arrays.get("scaling/control_max", np.ones(())),
        )
        history = pd.DataFrame(
            {
                column: description["history_stage"]
                if column == "stage"
                else arrays[f"history/{column}"]
                for column in description["history_columns"]
            }
        )
        test = description["test"]
        result = FitResult(
            model=model,
            theta=arrays["theta"],
            scaling=scaling,
            members=tuple(_member(item) for item in description["members"]),
            train=dataset_from("train", description["train"], arrays),
            test=None if test is None else dataset_from("test", test, arrays),
            protocol=check_protocol(description["protocol"]),
            objective=Objective(**description["objective"]),
            solver=SolverSpec(**description["solver"]),
            backend=description["backend"],
            device=description["device"],
            dtype=description["dtype"],
            score_scale=description["score_scale"],
            history=history,
            stages=tuple(description["stages"]),
            provenance=description["provenance"],
            calibration=_calibration(description.get("calibration"), arrays),
        )
        layout = ParameterLayout.from_json(description["layout"])
    except (KeyError, TypeError, IndexError) as error:
        raise ArtifactError(
            f"{path / DESCRIPTION} is damaged ({type(error).__name__}: {error}). Save the model "
            "again."
        ) from error
    if layout != result.layout or result.theta.shape != (len(result.members), layout.size):
        raise ArtifactError(
            f"{path} is damaged: its parameters do not fit its model. Save the model again."
        )
    return result


def _calibration(described: dict[str, Any] | None, arrays: Arrays) -> Calibration | None:
    if described is None:
        return None
    prefix = "calibration/"
    parts = {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}
    return Calibration.from_parts(parts, described)


def _member(item: dict[str, Any]) -> Member:
    key = tuple((str(name), value) for name, value in item["key"])
    return Member(tuple(item["train"]), int(item["seed"]), float(item["pir"]), key)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    return str(value)
