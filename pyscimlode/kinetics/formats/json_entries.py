"""JSON objects whose entries have a type; a mistake is named with its place."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pyscimlode.errors import PyscimlodeError

CLOSE = 0.8
"""How much an unknown key resembles a known one (0 to 1) to be taken for a misspelling."""


@dataclass(frozen=True)
class Entry:
    """A JSON object.

    Args:
        data: its keys and values.
        place: what messages call it, such as ``reaction 'R2'``.
        error: class of the errors.

    Raises:
        PyscimlodeError: the data are no JSON object; all methods raise it for an entry that is
            missing or of another type.
    """

    data: Mapping[str, Any]
    place: str
    error: type[PyscimlodeError]

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            raise self.error(f"{self.place} is {self.data!r}; a JSON object {{...}} is expected.")

    def get(self, key: str) -> Any:
        """Return a value that must be there."""
        if key not in self.data:
            raise self.error(f"{self.place} has no {key!r}.")
        return self.data[key]

    def text(self, key: str) -> str:
        """Return a text that is not empty."""
        value = self.get(key)
        if not isinstance(value, str) or not value:
            raise self._wrong(key, "a text")
        return value

    def number(self, key: str) -> float:
        """Return a number; NaN and infinity pass."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(key, "a number")
        return float(value)

    def flag(self, key: str) -> bool:
        """Return true or false."""
        value = self.get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def numbers(self) -> dict[str, float]:
        """Return all entries as numbers."""
        return {key: self.number(key) for key in self.data}

    def texts(self, key: str) -> tuple[str, ...] | None:
        """Return a list of texts; None where it is missing or null."""
        value = self.data.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong(key, "a list of texts")
        return tuple(value)

    def part(self, key: str) -> Entry:
        """Return the JSON object at a key."""
        return Entry(self.get(key), f"{key!r} of {self.place}", self.error)

    def parts(self, key: str, what: str) -> list[Entry]:
        """Return the JSON objects of a list, each called ``what`` with its id or number."""
        value = self.get(key)
        if not isinstance(value, list):
            raise self._wrong(key, "a list")
        return [Entry(item, self._name(what, item, i), self.error) for i, item in enumerate(value)]

    def items(self, key: str, what: str) -> list[tuple[str, Entry]]:
        """Return the entries of the object at a key, each called ``what`` with its own key."""
        return [
            (str(name), Entry(value, f"{what} {str(name)!r} of {self.place}", self.error))
            for name, value in self.part(key).data.items()
        ]

    def check_spelling(self, known: Collection[str]) -> None:
        """Refuse unknown keys that are nearly known ones; others are notes of the author."""
        for key in self.data:
            close = difflib.get_close_matches(str(key).lower(), known, n=1, cutoff=CLOSE)
            if key not in known and close:
                raise self.error(f"{self.place} has {key!r}, which is not known: {close[0]!r}?")

    def _name(self, what: str, item: Any, i: int) -> str:
        name = item.get("id", item.get("species")) if isinstance(item, Mapping) else None
        named = f"{what} {name!r}" if isinstance(name, str) else f"{what} number {i + 1}"
        return f"{named} of {self.place}"

    def _wrong(self, key: str, wanted: str) -> PyscimlodeError:
        return self.error(f"{key!r} of {self.place} is {self.data[key]!r}; give {wanted}.")
