"""A comparison as a folder: tables to read, and everything that is needed to load it again.

``table.csv``, ``table.md`` and ``comparison.json`` are for people; ``strains.safetensors`` has the
tasks with their strains, and ``cells/`` one file of forecasts for each protocol, number of training
strains and model. Scores are computed from these when the folder is loaded.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.artifacts import atomic_write_text, load_arrays, read_description, save_arrays
from pyscimlode.artifacts.datasets import Arrays, dataset_arrays, dataset_from, describe_dataset
from pyscimlode.boards.tasks import Task
from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ArtifactError, PyscimlodeError
from pyscimlode.predictions import Prediction

if TYPE_CHECKING:
    from pyscimlode.boards.comparison import Comparison, Forecasts

KIND = "pyscimlode comparison"
STRAINS_KIND = "strains of a comparison"
CELL_KIND = "forecasts of a comparison"
VERSION = 1
DESCRIPTION = "comparison.json"
STRAINS = "strains.safetensors"
CELLS = "cells"


def prepare_folder(folder: Path, *, resume: bool = False, force: bool = False) -> None:
    """Take a folder for a comparison.

    Args:
        folder: missing, empty, or with a comparison in it.
        resume: keep the forecasts that are there.
        force: throw them away.

    Raises:
        ArtifactError: it is a file, or holds something else, or a comparison and neither
            ``resume`` nor ``force`` is given.
    """
    cells = folder / CELLS
    if folder.exists() and not folder.is_dir():
        raise ArtifactError(f"{folder} is a file; choose a folder.")
    holds = cells.is_dir() or (folder / DESCRIPTION).is_file()
    if not holds and folder.is_dir() and any(folder.iterdir()):
        raise ArtifactError(
            f"{folder} is not empty and holds no comparison. Choose another folder."
        )
    if holds and not (resume or force):
        raise ArtifactError(
            f"{folder} holds a comparison already. Go on with it with resume=True (--resume), or "
            "choose another folder (--force throws it away)."
        )
    try:
        cells.mkdir(parents=True, exist_ok=True)
        if force and not resume:
            (folder / DESCRIPTION).unlink(missing_ok=True)
            for file in [*cells.glob("*.safetensors"), *cells.glob("*.checkpoint-*")]:
                file.unlink()
    except OSError as error:
        raise ArtifactError(f"{folder} cannot be written: {error.strerror or error}.") from error


def save(comparison: Comparison, folder: Path, *, kept: Collection[str] = ()) -> Path:
    """Write the folder; see :meth:`Comparison.save`. Cells named in ``kept`` are there already."""
    about = comparison.settings.get("cells", {})
    for name, forecasts in by_cell(comparison).items():
        if name in kept:
            continue
        write_cell(folder / CELLS / f"{name}.safetensors", forecasts, about.get(name, {}))
    comparison.to_csv(folder / "table.csv")
    atomic_write_text(folder / "table.md", comparison.to_markdown())
    _write_strains(comparison.tasks.values(), folder / STRAINS)
    write_json(comparison, folder / DESCRIPTION)
    return folder


def write_json(comparison: Comparison, path: Path) -> None:
    """Write summary, settings and warnings; NaN becomes null."""
    settings = {name: what for name, what in comparison.settings.items() if name != "cells"}
    described = {
        "kind": KIND,
        "version": VERSION,
        "summary": comparison.summary().to_dict(orient="records"),
        "models": comparison.kinds,
        "cells": list(by_cell(comparison)),
        "warnings": [str(warning) for warning in comparison.warnings],
        "settings": settings,
    }
    atomic_write_text(path, json.dumps(plain(described), indent=1, ensure_ascii=False) + "\n")


def load(folder: Path) -> Comparison:
    """Read the folder; see :meth:`Comparison.load`."""
    from pyscimlode.boards.comparison import Comparison

    described = read_description(
        folder / DESCRIPTION,
        kind=KIND,
        version=VERSION,
        what="comparison",
        made_by="save() or compare(out=...)",
        again="compare again",
    )
    try:
        tasks = _read_strains(folder / STRAINS)
        forecasts: dict[tuple[str, str], Prediction] = {}
        cells: dict[str, Any] = {}
        for name in described["cells"]:
            found, cells[name] = read_cell(folder / CELLS / f"{name}.safetensors", tasks)
            forecasts |= found
        return Comparison.from_forecasts(
            list(tasks.values()),
            forecasts,
            described["models"],
            warnings=described["warnings"],
            settings={**described["settings"], "cells": cells},
        )
    except (KeyError, TypeError, ValueError, PyscimlodeError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(
            f"{folder} is damaged ({type(error).__name__}: {error}). Compare again."
        ) from error


def cell_name(protocol: str, n: int, model: str) -> str:
    """Return the name of the file of one protocol, number of training strains and model.

    >>> cell_name("sim-sparse", 10, "hybrid")
    'sim-sparse-n=10-hybrid'
    """
    plain = re.sub(r"[^A-Za-z0-9+._-]", "_", model)
    if plain != model:
        plain += "-" + hashlib.sha256(model.encode()).hexdigest()[:8]
    return f"{protocol}-n={n}-{plain}"


def by_cell(comparison: Comparison) -> dict[str, Forecasts]:
    """Return the forecasts of each cell, by its name."""
    cells: dict[str, dict[tuple[str, str], Prediction]] = {}
    for (name, model), forecast in comparison.forecasts.items():
        task = comparison.tasks[name]
        cell = cells.setdefault(cell_name(task.protocol, task.n, model), {})
        cell[name, model] = forecast
    return dict(cells)


def write_cell(path: Path, forecasts: Forecasts, about: Mapping[str, Any]) -> None:
    """Write forecasts, and JSON data about how they were made, as one file."""
    arrays: Arrays = {}
    listed = []
    for index, ((task, model), forecast) in enumerate(forecasts.items()):
        for row, name in enumerate(forecast.names):
            arrays[f"{index}/{row}/members"] = forecast.members[name]
            arrays[f"{index}/{row}/status"] = forecast.status[name].astype(np.int64)
        listed.append({"task": task, "model": model, "notes": list(forecast.notes)})
    metadata = {"forecasts": listed, "about": plain(about)}
    save_arrays(path, arrays, metadata, kind=CELL_KIND, version=VERSION)


def read_about(path: Path) -> dict[str, Any]:
    """Return how the forecasts of a cell were made.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    _, metadata = load_arrays(path, kind=CELL_KIND, version=VERSION)
    return dict(metadata["about"])


def read_cell(
    path: Path, tasks: Mapping[str, Task]
) -> tuple[dict[tuple[str, str], Prediction], dict[str, Any]]:
    """Return the forecasts of a cell, and how they were made.

    Raises:
        ArtifactError: the file is missing, damaged or belongs to other tasks.
    """
    arrays, metadata = load_arrays(path, kind=CELL_KIND, version=VERSION)
    forecasts = {}
    for index, item in enumerate(metadata["forecasts"]):
        if item["task"] not in tasks:
            raise ArtifactError(f"{path} has forecasts of {item['task']!r}, which is no task here.")
        test = tasks[item["task"]].test
        forecasts[item["task"], item["model"]] = Prediction(
            state_names=test.state_names,
            times={e.name: e.times for e in test},
            members={e.name: arrays[f"{index}/{row}/members"] for row, e in enumerate(test)},
            status={e.name: arrays[f"{index}/{row}/status"] for row, e in enumerate(test)},
            time_unit=test.time_unit,
            notes=tuple(item["notes"]),
        )
    return forecasts, metadata["about"]


def _write_strains(tasks: Iterable[Task], path: Path) -> None:
    datasets: dict[str, Dataset] = {}
    listed = []
    for task in tasks:
        parts = {part: getattr(task, part) for part in ("train", "test", "unit_of")}
        datasets |= {dataset.content_hash: dataset for dataset in parts.values()}
        hashes = {part: dataset.content_hash for part, dataset in parts.items()}
        numbers = {"n": task.n, "draw": task.draw}
        names = {"protocol": task.protocol, "name": task.name, "pathway": task.pathway}
        listed.append({**names, **numbers, **hashes})
    arrays: Arrays = {}
    for key, dataset in datasets.items():
        arrays |= dataset_arrays(key, dataset)
    described = {key: describe_dataset(dataset) for key, dataset in datasets.items()}
    metadata = {"tasks": listed, "datasets": plain(described)}
    save_arrays(path, arrays, metadata, kind=STRAINS_KIND, version=VERSION)


def _read_strains(path: Path) -> dict[str, Task]:
    arrays, metadata = load_arrays(path, kind=STRAINS_KIND, version=VERSION)
    datasets = {
        key: dataset_from(key, described, arrays) for key, described in metadata["datasets"].items()
    }
    return {
        item["name"]: Task(
            protocol=item["protocol"],
            name=item["name"],
            n=item["n"],
            draw=item["draw"],
            train=datasets[item["train"]],
            test=datasets[item["test"]],
            unit_of=datasets[item["unit_of"]],
            pathway=item["pathway"],
        )
        for item in metadata["tasks"]
    }


def plain(value: Any) -> Any:
    """Return JSON data: tuples as lists, numpy numbers as numbers, what is not finite as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | bool | None) else str(value)
