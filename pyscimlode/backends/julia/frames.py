"""What parent and worker send each other: a JSON header and arrays, no pickle.

A frame is eight bytes that name format and version, the length of the header (eight bytes, little
endian), the header (JSON, UTF-8), and the bytes of the arrays one after the other, row-major and
little endian. The header's entry ``arrays`` has their names, types and shapes.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"PYSCIML\x01"
DTYPES = {"float64": "<f8", "int64": "<i8"}
LARGEST_HEADER = 1 << 26
LARGEST_ARRAYS = 1 << 38
"""Bytes. Beyond them the bytes before were no frame."""

Array = npt.NDArray[Any]
Read = Callable[[memoryview], int]
"""Fills the front of a buffer and returns how many bytes it wrote there, 0 at the end."""


class FrameError(Exception):
    """Bytes that are no frame, or a frame that ends in the middle."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One message.

    Attributes:
        header: JSON data, without the entry ``arrays``.
        arrays: by name, float64 or int64.
    """

    header: dict[str, Any]
    arrays: dict[str, Array] = field(default_factory=dict)


def encode(header: Mapping[str, Any], arrays: Mapping[str, npt.ArrayLike]) -> list[memoryview]:
    """Return the pieces of a frame in order; nothing large is copied.

    Raises:
        FrameError: an array is neither of real numbers nor of integers.
    """
    packed = {name: _packed(name, value) for name, value in arrays.items()}
    described = [
        {"name": name, "dtype": array.dtype.name, "shape": list(array.shape)}
        for name, array in packed.items()
    ]
    text = json.dumps({**header, "arrays": described}, separators=(",", ":")).encode()
    pieces = [memoryview(MAGIC + struct.pack("<Q", len(text)) + text)]
    pieces += [array.reshape(-1).view(np.uint8).data for array in packed.values() if array.size]
    return pieces


def decode(read: Read) -> Frame | None:
    """Return the next frame, or None where the stream ends between two frames.

    Raises:
        FrameError: the bytes are no frame, or the stream ends inside one.
    """
    start = bytearray(len(MAGIC) + 8)
    if not _fill(read, memoryview(start), may_end=True):
        return None
    if start[: len(MAGIC)] != MAGIC:
        raise FrameError(f"A frame begins with {MAGIC!r}, not with {bytes(start[:8])!r}.")
    (size,) = struct.unpack("<Q", start[len(MAGIC) :])
    if size > LARGEST_HEADER:
        raise FrameError(f"A header of {size} bytes is longer than {LARGEST_HEADER}.")
    text = bytearray(size)
    _fill(read, memoryview(text))
    try:
        header = json.loads(text)
        described = [_described(item) for item in header.pop("arrays")]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FrameError(f"The header {bytes(text[:80])!r} cannot be read: {error!r}.") from error
    if sum(8 * math.prod(shape) for _, _, shape in described) > LARGEST_ARRAYS:
        raise FrameError(f"The arrays are longer than {LARGEST_ARRAYS} bytes: {described}.")
    arrays = {name: _array(read, dtype, shape) for name, dtype, shape in described}
    return Frame(header, arrays)


def _packed(name: str, value: npt.ArrayLike) -> Array:
    array = np.asarray(value)
    if array.dtype.kind in "bui":
        return np.asarray(array, dtype="<i8", order="C")
    if array.dtype.kind == "f":
        return np.asarray(array, dtype="<f8", order="C")
    raise FrameError(f"The array {name!r} is of type {array.dtype}; send float64 or int64.")


def _described(item: Mapping[str, Any]) -> tuple[str, str, tuple[int, ...]]:
    shape = tuple(item["shape"])
    if not all(isinstance(n, int) and n >= 0 for n in shape):
        raise ValueError(f"shape {shape}")
    return str(item["name"]), DTYPES[item["dtype"]], shape


def _array(read: Read, dtype: str, shape: tuple[int, ...]) -> Array:
    try:
        array = np.empty(shape, dtype=dtype)
    except (MemoryError, ValueError) as error:
        raise FrameError(f"There is no memory for an array of shape {shape}: {error}.") from error
    if array.size:
        _fill(read, array.reshape(-1).view(np.uint8).data)
    return array


def _fill(read: Read, buffer: memoryview, may_end: bool = False) -> bool:
    """Fill a buffer, however few bytes come at a time; False at the end before the first byte."""
    got = 0
    while got < len(buffer):
        count = read(buffer[got:])
        if count == 0:
            if may_end and got == 0:
                return False
            raise FrameError(f"The stream ends after {got} of {len(buffer)} bytes.")
        got += count
    return True
