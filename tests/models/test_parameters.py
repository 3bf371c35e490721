from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyscimlode.errors import ModelError
from pyscimlode.models.parameters import ParameterLayout

shapes = st.lists(
    st.lists(st.integers(1, 4), min_size=0, max_size=3).map(tuple), min_size=1, max_size=5
)


@given(shapes)
def test_unpack_inverts_pack(shapes: list[tuple[int, ...]]) -> None:
    layout = ParameterLayout.of([(f"p{i}", shape) for i, shape in enumerate(shapes)])
    rng = np.random.default_rng(0)
    values = {f"p{i}": rng.normal(size=shape) for i, shape in enumerate(shapes)}
    theta = layout.pack(values)
    assert theta.shape == (layout.size,)
    for name, value in layout.unpack(theta).items():
        np.testing.assert_array_equal(value, values[name])


def test_blocks_are_row_major_and_follow_each_other() -> None:
    layout = ParameterLayout.of([("w", (2, 3)), ("b", (2,))])
    blocks = layout.unpack(np.arange(16.0).reshape(2, 8))
    np.testing.assert_array_equal(blocks["w"][1], [[8, 9, 10], [11, 12, 13]])
    np.testing.assert_array_equal(blocks["b"], [[6, 7], [14, 15]])


def test_json_round_trip() -> None:
    layout = ParameterLayout.of([("w", (2, 3)), ("b", (2,)), ("s", ())])
    assert ParameterLayout.from_json(layout.to_json()) == layout


def test_damaged_json() -> None:
    data = ParameterLayout.of([("w", (2, 3)), ("b", (2,))]).to_json()
    data[1]["offset"] = 5
    with pytest.raises(ModelError, match="offset of parameter 'b'"):
        ParameterLayout.from_json(data)


def test_errors_name_the_parameter() -> None:
    layout = ParameterLayout.of([("w", (2, 3))])
    with pytest.raises(ModelError, match="'w' is missing"):
        layout.pack({})
    with pytest.raises(ModelError, match=r"'w' has shape \(3, 2\); the model needs \(2, 3\)"):
        layout.pack({"w": np.zeros((3, 2))})
    with pytest.raises(ModelError, match="no parameter 'v'; there are w"):
        layout["v"]
    with pytest.raises(ModelError, match="this model has 6 parameters"):
        layout.unpack(np.zeros(7))
    with pytest.raises(ModelError, match="not unique"):
        ParameterLayout.of([("w", (1,)), ("w", (2,))])
