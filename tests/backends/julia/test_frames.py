from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from pyscimlode.backends.julia.frames import MAGIC, Frame, FrameError, decode, encode

SHAPES = arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
ARRAYS = st.one_of(
    arrays_of.arrays(np.float64, SHAPES, elements=st.floats(width=64)),
    arrays_of.arrays(np.int64, SHAPES),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


class Stream:
    """Bytes that come in pieces of at most ``most``."""

    def __init__(self, data: bytes, most: int = 1 << 30) -> None:
        self.data = data
        self.most = most

    def __call__(self, buffer: memoryview) -> int:
        count = min(len(buffer), self.most, len(self.data))
        buffer[:count] = self.data[:count]
        self.data = self.data[count:]
        return count


def packed(header: dict[str, Any], arrays: dict[str, Any]) -> bytes:
    return b"".join(encode(header, arrays))


def with_header(text: bytes) -> bytes:
    return MAGIC + struct.pack("<Q", len(text)) + text


def read(data: bytes) -> Frame:
    frame = decode(Stream(data))
    assert frame is not None
    return frame


@given(meta=JSON, arrays=st.dictionaries(st.text(), ARRAYS, max_size=3), most=st.integers(1, 50))
def test_a_frame_comes_back_as_it_was(meta: Any, arrays: dict[str, np.ndarray], most: int) -> None:
    stream = Stream(packed({"op": "field", "meta": meta}, arrays), most)
    found = decode(stream)
    assert found is not None
    assert found.header == {"op": "field", "meta": meta}
    assert list(found.arrays) == list(arrays)
    for name, array in arrays.items():
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        np.testing.assert_array_equal(found.arrays[name], array)
    assert decode(stream) is None


@given(st.data())
def test_a_frame_that_ends_in_the_middle_is_an_error(data: st.DataObject) -> None:
    whole = packed({"id": 1}, {"z": np.arange(5.0)})
    cut = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(FrameError, match=r"The stream ends after \d+ of \d+ bytes"):
        decode(Stream(whole[:cut], 7))


@given(st.binary(min_size=16, max_size=200).filter(lambda data: data[:8] != MAGIC))
def test_other_bytes_are_an_error(data: bytes) -> None:
    with pytest.raises(FrameError, match=r"A frame begins with"):
        decode(Stream(data))


@pytest.mark.parametrize(
    "text",
    [
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        json.dumps({"arrays": [{"name": "z", "dtype": "object", "shape": [1]}]}).encode(),
        json.dumps({"arrays": [{"name": "z", "dtype": "float64", "shape": [-1]}]}).encode(),
        json.dumps({"arrays": [{"name": "z", "dtype": "float64", "shape": ["1"]}]}).encode(),
        json.dumps({"arrays": 3}).encode(),
    ],
)
def test_a_header_that_is_none_is_an_error(text: bytes) -> None:
    with pytest.raises(FrameError, match=r"The header b.* cannot be read"):
        decode(Stream(with_header(text)))


def test_sizes_that_cannot_be_are_refused_before_memory_is_taken() -> None:
    with pytest.raises(FrameError, match=r"A header of \d+ bytes is longer than"):
        decode(Stream(MAGIC + struct.pack("<Q", 1 << 60)))
    huge = {"arrays": [{"name": "z", "dtype": "float64", "shape": [1 << 20, 1 << 40]}]}
    with pytest.raises(FrameError, match=r"The arrays are longer than"):
        decode(Stream(with_header(json.dumps(huge).encode())))


def test_arrays_of_any_order_and_type_of_number() -> None:
    values = np.arange(12.0).reshape(3, 4)
    found = read(
        packed(
            {},
            {
                "fortran": np.asfortranarray(values),
                "transposed": values.T,
                "every other": values[:, ::2],
                "big endian": values.astype(">f8"),
                "single": values.astype(np.float32),
                "valid": values > 3,
                "list": [1, 2],
            },
        )
    ).arrays
    np.testing.assert_array_equal(found["fortran"], values)
    np.testing.assert_array_equal(found["transposed"], values.T)
    np.testing.assert_array_equal(found["every other"], values[:, ::2])
    np.testing.assert_array_equal(found["big endian"], values)
    np.testing.assert_array_equal(found["single"], values)
    np.testing.assert_array_equal(found["valid"], (values > 3).astype(np.int64))
    np.testing.assert_array_equal(found["list"], np.array([1, 2]))


def test_arrays_that_are_received_can_be_written_to() -> None:
    found = read(packed({}, {"z": np.zeros(3)})).arrays["z"]
    found += 1.0
    np.testing.assert_array_equal(found, np.ones(3))


def test_objects_are_not_sent() -> None:
    with pytest.raises(FrameError, match=r"'names' is of type <U1; send float64 or int64"):
        encode({}, {"names": np.array(["a"])})


def test_large_arrays() -> None:
    values = np.random.default_rng(0).normal(size=(3, 700_000))
    found = decode(Stream(packed({}, {"z": values}), 1 << 16))
    assert found is not None
    np.testing.assert_array_equal(found.arrays["z"], values)
