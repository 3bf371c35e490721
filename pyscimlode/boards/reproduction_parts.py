"""The parts of a reproduction: tables of what was trained, and the folder that keeps them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyscimlode.errors import ArtifactError, TrainingError

if TYPE_CHECKING:
    import pandas as pd

KIND = "pyscimlode reproduction"
REQUEST = "request.json"
PARTS = "parts"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "scores": {
        "strain": "object",
        "task": "object",
        "kind": "object",
        "model": "object",
        "variant": "object",
        "pir": "float64",
        "seed": "object",
        "state": "object",
        "points": "int64",
        "rmse": "float64",
        "nrmse": "float64",
        "excluded": "bool",
    },
    "stages": {
        "strain": "object",
        "variant": "object",
        "pir": "float64",
        "seed": "object",
        "stage": "object",
        "iterations": "int64",
        "evaluations": "int64",
        "status": "int64",
        "message": "object",
        "loss": "float64",
    },
    "weights": {
        "strain": "object",
        "variant": "object",
        "after": "object",
        "pir": "float64",
        "seed": "object",
        "difference": "float64",
    },
    "times": {
        "strain": "object",
        "step": "object",
        "what": "object",
        "nets": "int64",
        "seconds": "float64",
        "cpu": "float64",
    },
}
"""Columns and types of the four tables; :class:`~pyscimlode.boards.reproduction.Reproduction`
says what they mean."""


def frame(
    table: str, rows: Sequence[Mapping[str, Any]] | Mapping[str, Sequence[Any]]
) -> pd.DataFrame:
    """Return rows, or columns by name, as one of the tables; None is NaN among numbers.

    >>> list(frame("times", []))
    ['strain', 'step', 'what', 'nets', 'seconds', 'cpu']
    """
    import pandas as pd

    columns = COLUMNS[table]
    data: Any = dict(rows) if isinstance(rows, Mapping) else list(rows)
    return pd.DataFrame(data, columns=list(columns)).astype(dict(columns))


@dataclass(frozen=True, eq=False)
class Part:
    """Tables of one batch of training, or of the controls of one strain; see ``COLUMNS``."""

    scores: pd.DataFrame
    stages: pd.DataFrame
    weights: pd.DataFrame
    times: pd.DataFrame

    @classmethod
    def of(cls, **rows: Sequence[Mapping[str, Any]]) -> Part:
        """Return the part with these rows; tables that are not named are empty."""
        return cls(**{name: frame(name, rows.get(name, ())) for name in COLUMNS})

    def to_json(self) -> dict[str, Any]:
        """Return the tables as JSON data, NaN as None."""
        return {item.name: records(getattr(self, item.name)) for item in fields(self)}


def joined(parts: Sequence[Part]) -> Part:
    """Return the rows of all parts, in their order."""
    return Part.of(
        **{
            name: [row for part in parts for row in records(getattr(part, name))]
            for name in COLUMNS
        }
    )


def by_column(table: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a table as JSON data, column by column, NaN as None."""
    columns = table.astype(object).where(table.notna(), None)
    return {str(name): columns[name].tolist() for name in columns}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as JSON data, NaN as None."""
    rows = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


@dataclass(frozen=True)
class PartFolder:
    """A folder in which finished parts and the checkpoint of the one under way are kept.

    Attributes:
        path: the folder.
    """

    path: Path

    @classmethod
    def start(cls, path: Path, request: Mapping[str, Any], *, resume: bool) -> PartFolder:
        """Take a folder for a reproduction, or the one that is to be resumed.

        Raises:
            ArtifactError: when it is a file, or holds something else.
            TrainingError: when there is nothing to resume, or other things were asked for.
        """
        folder = cls(path)
        if path.exists() and not path.is_dir():
            raise ArtifactError(f"{path} is a file; name a folder.")
        saved = folder._saved_request()
        if resume:
            folder._check_same(saved, request)
            return folder
        if saved is None and path.is_dir() and any(path.iterdir()):
            raise ArtifactError(
                f"{path} is not empty and holds no reproduction; choose another folder."
            )
        shutil.rmtree(path / PARTS, ignore_errors=True)
        _write(path / REQUEST, {"kind": KIND, "request": dict(request)})
        return folder

    def part(self, name: str, make: Callable[[], Part]) -> Part:
        """Return a part that is there, or make and keep it.

        Raises:
            ArtifactError: when the part that is there is damaged.
        """
        file = self.path / PARTS / f"{name}.json"
        if file.is_file():
            return _read(file)
        part = make()
        _write(file, part.to_json())
        self.checkpoint(name).unlink(missing_ok=True)
        return part

    def has(self, name: str) -> bool:
        """Whether a part is finished."""
        return (self.path / PARTS / f"{name}.json").is_file()

    def checkpoint(self, name: str) -> Path:
        """Return where training of a part keeps its state."""
        return self.path / PARTS / f"{name}.safetensors"

    def _saved_request(self) -> dict[str, Any] | None:
        try:
            described = json.loads((self.path / REQUEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        good = isinstance(described, dict) and described.get("kind") == KIND
        return dict(described["request"]) if good else None

    def _check_same(self, saved: Mapping[str, Any] | None, request: Mapping[str, Any]) -> None:
        if saved is None:
            raise TrainingError(
                f"There is no reproduction in {self.path} to resume. Name its folder with out=, or "
                "leave resume out to start afresh."
            )
        for name, value in json.loads(json.dumps(dict(request))).items():
            if saved.get(name) != value:
                raise TrainingError(
                    f"The reproduction in {self.path} had {name}={saved.get(name)!r}, not "
                    f"{value!r}. Ask for the same to resume it, or start afresh without resume."
                )


def _write(path: Path, data: Mapping[str, Any]) -> None:
    from pyscimlode.artifacts import atomic_write_text

    text = json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False)
    atomic_write_text(path, text + "\n")


def _read(path: Path) -> Part:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Part.of(**{name: data[name] for name in COLUMNS})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged; remove it to have this part made anew.") from error
