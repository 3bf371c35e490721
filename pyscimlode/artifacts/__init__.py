"""Saving and loading: whole files or none, tensors and JSON, nothing that runs code when read."""

from __future__ import annotations

from pyscimlode.artifacts.arrays import load_arrays, save_arrays
from pyscimlode.artifacts.atomic import (
    atomic_directory,
    atomic_file,
    atomic_write_bytes,
    atomic_write_text,
)
from pyscimlode.artifacts.descriptions import read_description

__all__ = [
    "atomic_directory",
    "atomic_file",
    "atomic_write_bytes",
    "atomic_write_text",
    "load_arrays",
    "read_description",
    "save_arrays",
]
