"""Tables of numbers in Parquet and HDF5 files: written in parts, read in parts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.artifacts import atomic_file
from pyscimlode.errors import ArtifactError, DataError
from pyscimlode.kinetics.formats.imported import import_extra

KEY = b"pyscimlode"
HDF5 = (".h5", ".hdf5")
ENDINGS = (".parquet", *HDF5)
Columns = tuple[tuple[str, ...], tuple[str, ...], str, int]


def write_table(
    path: Path,
    batches: Iterable[npt.NDArray[Any]],
    names: Sequence[str],
    units: Sequence[str],
    metadata: str,
    dtype: str,
) -> int:
    """Write batches ``(rows, columns)`` as one file, atomically; return the number of rows.

    Raises:
        DataError: an ending other than :data:`ENDINGS`, or no rows; nothing is written then.
        ArtifactError: the file cannot be written.
    """
    write = _write_hdf5 if _is_hdf5(path) else _write_parquet
    with atomic_file(path) as part:
        rows = write(part, batches, names, units, metadata, dtype)
        if not rows:
            raise DataError(f"There are no rows to write to {path}.")
    return rows


def table_columns(path: Path) -> Columns:
    """Return names, units, metadata and number of rows.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    with _reading(path):
        if _is_hdf5(path):
            with _h5py().File(path, "r") as file:
                table = file["values"]
                text = (table.attrs[key] for key in ("names", "units", "metadata"))
                names, units, metadata = text
                return tuple(json.loads(names)), tuple(json.loads(units)), metadata, len(table)
        file = _parquet().ParquetFile(path)
        schema = file.schema_arrow
        units = tuple((field.metadata or {}).get(b"unit", b"").decode() for field in schema)
        metadata = (schema.metadata or {}).get(KEY, b"").decode()
        return tuple(schema.names), units, metadata, file.metadata.num_rows


def read_rows(path: Path, start: int, stop: int) -> npt.NDArray[Any]:
    """Return rows ``start`` to ``stop`` ``(rows, columns)``; other rows are not kept in memory.

    Raises:
        ArtifactError: the file is missing or damaged.
    """
    with _reading(path):
        if _is_hdf5(path):
            with _h5py().File(path, "r") as file:
                return np.asarray(file["values"][start:stop])
        return _read_parquet(path, start, stop)


def _write_parquet(
    path: Path,
    batches: Iterable[npt.NDArray[Any]],
    names: Sequence[str],
    units: Sequence[str],
    metadata: str,
    dtype: str,
) -> int:
    arrow, parquet = import_extra("pyarrow", "kinetics", "Writing Parquet"), _parquet()
    kind = arrow.from_numpy_dtype(np.dtype(dtype))
    fields = [
        arrow.field(name, kind, nullable=False, metadata={"unit": unit})
        for name, unit in zip(names, units, strict=True)
    ]
    schema = arrow.schema(fields, metadata={KEY: metadata})
    rows = 0
    options = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for batch in batches:
            columns = np.ascontiguousarray(batch.T, dtype=dtype)
            writer.write_table(
                arrow.Table.from_arrays([arrow.array(c) for c in columns], schema=schema)
            )
            rows += len(batch)
    return rows


def _write_hdf5(
    path: Path,
    batches: Iterable[npt.NDArray[Any]],
    names: Sequence[str],
    units: Sequence[str],
    metadata: str,
    dtype: str,
) -> int:
    rows = 0
    with _h5py().File(path, "w") as file:
        table = file.create_dataset(
            "values",
            shape=(0, len(names)),
            maxshape=(None, len(names)),
            chunks=(1024, len(names)),
            dtype=dtype,
        )
        table.attrs["names"] = json.dumps(list(names))
        table.attrs["units"] = json.dumps(list(units))
        table.attrs["metadata"] = metadata
        for batch in batches:
            table.resize(rows + len(batch), axis=0)
            table[rows:] = batch
            rows += len(batch)
    return rows


def _read_parquet(path: Path, start: int, stop: int) -> npt.NDArray[Any]:
    file = _parquet().ParquetFile(path)
    parts, first = [], 0
    for group in range(file.num_row_groups):
        length = file.metadata.row_group(group).num_rows
        low, high = max(start - first, 0), min(stop - first, length)
        if low < high:
            table = file.read_row_group(group).slice(low, high - low)
            parts.append(np.column_stack([column.to_numpy() for column in table.columns]))
        first += length
    if not parts:
        return np.zeros((0, len(file.schema_arrow.names)))
    return np.concatenate(parts)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    if not path.exists():
        raise ArtifactError(f"{path} does not exist.")
    try:
        yield
    except (OSError, KeyError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged or of another kind: {error}.") from error


def _is_hdf5(path: Path) -> bool:
    if path.suffix not in ENDINGS:
        raise DataError(f"{path} must end in one of {', '.join(ENDINGS)}.")
    return path.suffix in HDF5


def _h5py() -> Any:
    return import_extra("h5py", "kinetics", "HDF5")


def _parquet() -> Any:
    return import_extra("pyarrow.parquet", "kinetics", "Parquet")
