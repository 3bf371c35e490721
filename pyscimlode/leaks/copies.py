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
"""A strain is a copy when this share of its states that vary and can be compared is copied ..."""

WHOLE_CELLS = 6
"""... with at least so many equal cells in all of them together ..."""

MIN_COLUMNS = 2
"""... and at least so many such states, or all there are."""


@dataclass(frozen=True, eq=False)
class _Pair:
    """A training and a held-out experiment, compared.

    Attributes:
        train: the training experiment.
        test: the held-out experiment.
        compared: ``(states,)`` cells that can be compared.
        equal: ``(states,)`` cells that are equal.
        varies: ``(states,)`` whether the values vary by more than rounding.
    """

    train: Experiment
    test: Experiment
    compared: npt.NDArray[np.int64]
    equal: npt.NDArray[np.int64]
    varies: BoolArray

    @property
    def alike(self) -> BoolArray:
        """Which states vary and have equal values."""
        measured = self.varies & (self.compared > 0)
        return np.asarray(measured & (self.equal >= COPIED_SHARE * self.compared))

    @property
    def copied(self) -> list[int]:
        """Positions of states that are copied beyond chance, each by itself."""
        return np.flatnonzero(self.alike & (self.compared >= MIN_COPIED_CELLS)).tolist()

    @property
    def n_states(self) -> int:
        """Number of states that can be compared."""
        return int((self.varies & (self.compared > 0)).sum())

    @property
    def whole(self) -> bool:
        """Whether one is a copy of the other."""
        n_alike = int(self.alike.sum())
        return (
            n_alike >= max(WHOLE * self.n_states, min(MIN_COLUMNS, len(self.alike)))
            and self.equal[self.alike].sum() >= WHOLE_CELLS
        )


def content_findings(train: Dataset, test: Dataset) -> Iterator[LeakFinding]:
    """Yield strains that are copies of others, and single copied states.

    Cells are compared at common times after the start (strains may well start alike), over states
    alone; a copied control is what strains of one construction have in common.
    """
    columns: dict[tuple[int, str], list[str]] = {}
    for pair in _pairs(train, test):
        if pair.whole:
            yield _same_content(pair)
            continue
        for column in pair.copied:
            columns.setdefault((column, pair.test.strain), []).append(pair.train.strain)
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


def _same_content(pair: _Pair) -> LeakFinding:
    renamed = pair.train.strain != pair.test.strain
    return LeakFinding(
        "same content",
        "leak",
        f"Held-out {pair.test.name!r} has the values of {pair.train.name!r}, which is trained on, "
        f"in {int(pair.alike.sum())} of {pair.n_states} states"
        + (": one strain under two names." if renamed else "."),
        "Remove one of the two, or give both one strain name and keep them on one side.",
        strains=tuple(dict.fromkeys((pair.test.strain, pair.train.strain))),
    )


def _pairs(train: Dataset, test: Dataset) -> Iterator[_Pair]:
    for tested in test:
        for trained in train:
            rows, other_rows = _common_rows(trained.times, tested.times)
            one, other = trained.states[rows], tested.states[other_rows]
            telling = np.isfinite(one) & np.isfinite(other) & ((one != 0) | (other != 0))
            equal = telling & nearly_equal(one, other)
            varies = _distinct(one) | _distinct(other)
            yield _Pair(trained, tested, telling.sum(axis=0), equal.sum(axis=0), varies)


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
