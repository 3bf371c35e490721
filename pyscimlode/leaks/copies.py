"""The same numbers in training and held-out strains, whatever the strains are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pyscimlode.data.audit import COPIED_SHARE, MIN_COPIED_CELLS
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.leaks.report import LeakFinding

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

NEARLY = 1e-3
"""Values are equal when they differ by less than this times the larger: rounding, or a nudge."""

WHOLE = 0.7
"""A strain is a copy when this share of its columns that can be compared is copied."""

MIN_COLUMNS = 2
"""Columns that a copy of a whole strain has at least."""


@dataclass(frozen=True)
class _Copy:
    """Columns that are equal in a training and a held-out experiment."""

    train: Experiment
    test: Experiment
    columns: tuple[int, ...]
    compared: int

    @property
    def whole(self) -> bool:
        enough = len(self.columns) >= min(MIN_COLUMNS, self.compared)
        return enough and len(self.columns) >= WHOLE * self.compared


def content_findings(train: Dataset, test: Dataset) -> Iterator[LeakFinding]:
    """Yield strains that are copies of others, and single copied states.

    Cells are compared at common times after the start (strains may well start alike), over states
    alone; a copied control is what strains of one construction have in common.
    """
    columns: dict[tuple[int, str], list[str]] = {}
    for copy in _copies(train, test):
        if copy.whole:
            yield _same_content(copy)
            continue
        for column in copy.columns:
            columns.setdefault((column, copy.test.strain), []).append(copy.train.strain)
    for (column, strain), others in columns.items():
        yield LeakFinding(
            "copied column",
            "warning",
            f"The held-out values are those of {', '.join(dict.fromkeys(others))}, which is "
            "trained on.",
            "Leave the state out of the score of this strain, as the clean mean does, or out of "
            "the data.",
            strains=(strain,),
            column=test.state_names[column],
        )


def _same_content(copy: _Copy) -> LeakFinding:
    renamed = copy.train.strain != copy.test.strain
    return LeakFinding(
        "same content",
        "leak",
        f"Held-out {copy.test.name!r} has the values of {copy.train.name!r}, which is trained on, "
        f"in {len(copy.columns)} of {copy.compared} states"
        + (": one strain under two names." if renamed else "."),
        "Remove one of the two, or give both one strain name and keep them on one side.",
        strains=tuple(dict.fromkeys((copy.test.strain, copy.train.strain))),
    )


def _copies(train: Dataset, test: Dataset) -> Iterator[_Copy]:
    for tested in test:
        for trained in train:
            rows, other_rows = _common_rows(trained.times, tested.times)
            one, other = trained.states[rows], tested.states[other_rows]
            telling = np.isfinite(one) & np.isfinite(other) & ((one != 0) | (other != 0))
            compared = telling.sum(axis=0)
            equal = (telling & nearly_equal(one, other)).sum(axis=0)
            can_be = (compared >= MIN_COPIED_CELLS) & (_distinct(one) | _distinct(other))
            copied = can_be & (equal >= COPIED_SHARE * compared)
            if copied.any():
                columns = tuple(int(column) for column in np.flatnonzero(copied))
                yield _Copy(trained, tested, columns, int(can_be.sum()))


def nearly_equal(one: FloatArray, other: FloatArray) -> BoolArray:
    """Return which cells are equal up to rounding; False where one was not measured."""
    larger = np.fmax(np.abs(one), np.abs(other))
    return np.asarray(np.abs(one - other) <= NEARLY * larger)


def _distinct(values: FloatArray) -> BoolArray:
    """Return which columns vary by more than rounding: constants are equal by chance."""
    known = np.isfinite(values)
    high = np.where(known, values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.where(known, values, np.inf).min(axis=0, initial=np.inf)
    magnitude = np.maximum(np.abs(high), np.abs(low))
    return np.asarray(known.any(axis=0) & (high - low > 100.0 * NEARLY * magnitude))


def _common_rows(
    first: FloatArray, second: FloatArray
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows of common times, after the first of either."""
    _, rows, other_rows = np.intersect1d(first, second, return_indices=True)
    later = (rows > 0) & (other_rows > 0)
    return rows[later], other_rows[later]
