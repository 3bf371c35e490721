"""Named arrays and JSON data in one safetensors file, with kind, version and checksum."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as parse
from safetensors.numpy import save as serialise

from pyscimlode.artifacts.atomic import atomic_write_bytes
from pyscimlode.errors import ArtifactError

HEADER = "pyscimlode"
DTYPES = ("float64", "float32", "int64", "int32", "uint8", "bool")


def save_arrays(
    path: str | os.PathLike[str],
    arrays: Mapping[str, npt.NDArray[Any]],
    metadata: Mapping[str, Any] | None = None,
    *,
    kind: str,
    version: int = 1,
) -> Path:
    """Write arrays and JSON metadata as one file, atomically.

    Args:
        path: of the file; missing folders are made.
        arrays: of any shape; dtypes float64, float32, int64, int32, uint8 and bool are kept.
        metadata: JSON data (numbers finite); strings belong here.
        kind: what the file is, such as ``"checkpoint"``; :func:`load_arrays` asks for it.
        version: of this kind's content.

    Raises:
        ArtifactError: an array of another dtype, metadata that are not JSON, or a file that
            cannot be written.
    """
    target = Path(path)
    dense = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in dense.items():
        if array.dtype.name not in DTYPES:
            raise ArtifactError(
                f"{target}: the array {name!r} has dtype {array.dtype}; a file of arrays takes "
                f"{', '.join(DTYPES)} (text goes into the metadata)."
            )
    try:
        text = json.dumps(dict(metadata or {}), sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"{target}: the metadata are not JSON data: {error}.") from error
    header = {
        "kind": kind,
        "version": version,
        "sha256": _digest(text, dense),
        "metadata": text,
    }
    return atomic_write_bytes(target, serialise(dense, metadata={HEADER: json.dumps(header)}))


def load_arrays(
    path: str | os.PathLike[str], *, kind: str, version: int = 1
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """Return the arrays and metadata that :func:`save_arrays` wrote.

    Args:
        path: of the file.
        kind: what the file must be.
        version: the newest version of this kind that the caller understands.

    Raises:
        ArtifactError: the file is missing, damaged, of another kind, or newer.
    """
    source = Path(path)
    try:
        data = source.read_bytes()
    except FileNotFoundError as error:
        raise ArtifactError(f"{source} does not exist.") from error
    except OSError as error:
        raise ArtifactError(f"{source} cannot be read: {error.strerror or error}.") from error
    header = _header(source, data)
    if header["kind"] != kind:
        raise ArtifactError(f"{source} holds a {header['kind']}, not a {kind}.")
    if header["version"] > version:
        raise ArtifactError(
            f"{source} is a {kind} of version {header['version']}; this pyscimlode reads up to "
            f"version {version}: upgrade pyscimlode."
        )
    try:
        arrays = {name: array.copy() for name, array in parse(data).items()}
    except (SafetensorError, KeyError, ValueError) as error:
        raise _damaged(source, str(error)) from error
    if _digest(header["metadata"], arrays) != header["sha256"]:
        raise _damaged(source, "its content does not match its checksum")
    return arrays, json.loads(header["metadata"])


def _header(source: Path, data: bytes) -> dict[str, Any]:
    """Return our entry of the safetensors header; see the format's description for its layout."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise _damaged(source, "it is cut off, or not a safetensors file")
    try:
        entries = json.loads(data[8 : 8 + length])
    except ValueError as error:
        raise _damaged(source, "its header cannot be read") from error
    try:
        header = json.loads(entries["__metadata__"][HEADER])
        known = {"kind": str, "version": int, "sha256": str, "metadata": str}
        if all(isinstance(header[name], of) for name, of in known.items()):
            return dict(header)
    except (KeyError, TypeError, ValueError):
        pass
    raise ArtifactError(f"{source} is not a file that pyscimlode wrote.")


def _damaged(source: Path, why: str) -> ArtifactError:
    return ArtifactError(f"{source} is damaged ({why}); restore it from a copy, or make it anew.")


def _digest(text: str, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode("utf-8"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.name}\0{array.shape}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
