"""JSON files that say what a folder holds: their kind and version come first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyscimlode.errors import ArtifactError


def read_description(
    file: Path, *, kind: str, version: int, what: str, made_by: str, again: str
) -> dict[str, Any]:
    """Return the content of a description.

    Args:
        file: the JSON file.
        kind: its ``"kind"``.
        version: its ``"version"``, the one that this pyscimlode reads.
        what: what the folder holds, such as ``"saved model"``.
        made_by: what writes such a folder, such as ``"save()"``.
        again: how to make one anew, such as ``"fit again"``.

    Raises:
        ArtifactError: the file is missing, damaged, of another kind or of another version.
    """
    folder = file.parent
    if not file.is_file():
        raise ArtifactError(
            f"There is no {what} at {folder} (no {file.name} in it). Give the folder that "
            f"{made_by} wrote."
        )
    try:
        described = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ArtifactError(f"{file} is damaged: it is not JSON ({error}).") from error
    if not isinstance(described, dict) or described.get("kind") != kind:
        raise ArtifactError(f"{file} does not describe a {what}.")
    if described.get("version") != version:
        raise ArtifactError(
            f"{folder} has format version {described.get('version')}; this pyscimlode reads "
            f"version {version}. Install the pyscimlode that wrote it, or {again}."
        )
    return described
