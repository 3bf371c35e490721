"""A dictionary that cannot be changed, for immutable data types."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A dictionary that refuses changes; unlike ``MappingProxyType`` it can be copied and saved.

    >>> FrozenDict(a=1)["b"] = 2
    Traceback (most recent call last):
    ...
    TypeError: this mapping belongs to an immutable object; make a changed copy with dict(...)
    """

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(
            "this mapping belongs to an immutable object; make a changed copy with dict(...)"
        )

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse
    update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return (FrozenDict, (dict(self),))

    def __deepcopy__(self, memo: dict[int, Any]) -> FrozenDict[K, V]:
        return self
