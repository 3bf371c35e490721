"""A scikit-learn splitter that holds whole strains out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import LeaveOneGroupOut

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import ExperimentError, did_you_mean
from pyscimlode.estimator.tables import IDS

IntArray = npt.NDArray[np.intp]


class LeaveOneStrainOut(LeaveOneGroupOut):
    """Every strain, with all its rows and replicates, is held out once.

    Works where scikit-learn takes ``cv=``. The strain of a row is what ``groups`` says, else the
    column ``strain`` (or ``experiment``) of ``X``. A :class:`~pyscimlode.data.Dataset` is split
    into positions of its experiments.

    Args:
        strains: hold only these out, one after the other; all by default. Name training strains
            here when another strain is kept for the final test.

    >>> from pyscimlode.estimator import LeaveOneStrainOut
    >>> import pyscimlode
    >>> data = pyscimlode.datasets.simulate(n=3, times=[0, 24])
    >>> [test.tolist() for train, test in LeaveOneStrainOut().split(data)]
    [[0], [1], [2]]
    """

    def __init__(self, strains: Sequence[str] | None = None) -> None:
        self.strains = strains

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield ``(train, test)`` positions of rows.

        Raises:
            ExperimentError: when the strains of the rows are not known, there is one alone, or a
                strain to hold out is not there.
        """
        of_row = strains_of(X, groups)
        for strain in self._held_out(of_row):
            yield np.flatnonzero(of_row != strain), np.flatnonzero(of_row == strain)

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return the number of strains that are held out."""
        if self.strains is not None:
            return len(self.strains)
        return len(self._held_out(strains_of(X, groups)))

    def _held_out(self, of_row: npt.NDArray[Any]) -> list[str]:
        there = list(dict.fromkeys(of_row.tolist()))
        if len(there) < 2:
            raise ExperimentError(
                f"All rows are of one strain, {there[0]!r}; leaving it out leaves nothing to train "
                "on."
            )
        wanted = there if self.strains is None else [str(strain) for strain in self.strains]
        for strain in wanted:
            if strain not in there:
                raise ExperimentError(
                    f"strains={list(self.strains or ())}: there is no strain {strain!r} in X; "
                    f"there are {', '.join(there[:20])}." + did_you_mean(strain, there)
                )
        return wanted


def strains_of(X: Any, groups: Any = None) -> npt.NDArray[Any]:
    """Return the strain of each row, as text.

    Raises:
        ExperimentError: when neither ``groups`` nor a column of ``X`` says it.
    """
    if groups is not None:
        return np.asarray(groups).astype(str)
    if isinstance(X, Dataset):
        return np.array([experiment.strain for experiment in X])
    for name in reversed(IDS):
        if name in getattr(X, "columns", ()):
            return np.asarray(X[name]).astype(str)
    raise ExperimentError(
        "The strains of the rows are not known: X has no column 'strain'. Pass groups=..., the "
        "strain of each row."
    )
