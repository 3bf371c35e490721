"""Results that are kept as soon as they are there, so that an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyscimlode.artifacts import atomic_write_text

CACHE = Path(__file__).with_name("cache")
Row = dict[str, Any]


class Kept:
    """Rows of one part by name: those in the file are not measured again.

    Args:
        path: JSON file; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        if path is not None and path.is_file():
            self.rows = json.loads(path.read_text(encoding="utf-8"))

    def __call__(self, name: str, measure: Callable[[], Row]) -> Row:
        """Return the row of this name, measured now if it is not kept."""
        if name not in self.rows:
            self.rows[name] = measure()
            if self.path is not None:
                cache_folder()
                text = json.dumps(self.rows, indent=1, allow_nan=False)
                atomic_write_text(self.path, text + "\n")
        return self.rows[name]


def cache_folder() -> Path:
    """Return the folder for what took long; git ignores it."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    return CACHE
