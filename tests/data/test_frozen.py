from __future__ import annotations

import copy

import pytest

from pyscimlode.data.frozen import FrozenDict


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(b=1),
        lambda d: d.pop("a"),
        lambda d: d.clear(),
        lambda d: d.setdefault("b", 2),
        lambda d: d.popitem(),
        lambda d: d.__delitem__("a"),
        lambda d: d.__ior__({"b": 1}),
    ],
)
def test_changes_are_refused(change: object) -> None:
    frozen = FrozenDict(a=1)
    with pytest.raises(TypeError, match="immutable"):
        change(frozen)
    assert frozen == {"a": 1}


def test_copies_and_unions() -> None:
    frozen = FrozenDict(a=1)
    assert copy.deepcopy(frozen) == {"a": 1}
    assert type(copy.deepcopy(frozen)) is FrozenDict
    assert {**frozen, "b": 2} == {"a": 1, "b": 2}
