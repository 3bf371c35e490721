"""Folds of row numbers, as scikit-learn makes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset
from pyscimlode.errors import DataError
from pyscimlode.leaks.report import LeakFinding, LeakReport

Fold = tuple[npt.ArrayLike, npt.ArrayLike]


def audit_folds(groups: Dataset | Sequence[Any], folds: Iterable[Fold]) -> LeakReport:
    """Look for strains on both sides of folds of row numbers.

    Args:
        groups: the strain of each row; or a data set, whose rows are those of its ``to_frame()``
            or, where the folds number as many, its experiments.
        folds: ``(train, test)`` row numbers of each fold, such as
            ``KFold(5, shuffle=True).split(X)``.

    Raises:
        DataError: when rows are not those of ``groups``, or there are no folds.

    >>> report = audit_folds(["S1", "S1", "S2", "S2"], [([0, 2, 3], [1])])
    >>> print(report.findings[0].kind, report.findings[0].strains)
    shuffled folds ('S1',)
    """
    listed = [(np.asarray(one, dtype=int), np.asarray(other, dtype=int)) for one, other in folds]
    if not listed:
        raise DataError("There are no folds; give a list of (train, test) row numbers.")
    rows = np.concatenate([part for fold in listed for part in fold])
    strains = _strains(groups, rows)
    split: dict[str, int] = {}
    repeated = 0
    for train, test in listed:
        repeated += bool(np.intersect1d(train, test).size)
        for strain in np.intersect1d(strains[train], strains[test]):
            split[str(strain)] = split.get(str(strain), 0) + 1
    findings = [_shuffled(split, len(listed))] if split else []
    if repeated:
        findings.append(
            LeakFinding(
                "same content",
                "leak",
                f"In {repeated} of {len(listed)} folds a row is trained on and tested.",
                "Make the two sides of a fold disjoint.",
            )
        )
    return LeakReport(tuple(findings), (f"strains on both sides of {len(listed)} folds",))


def _shuffled(split: dict[str, int], n_folds: int) -> LeakFinding:
    return LeakFinding(
        "shuffled folds",
        "leak",
        f"Rows of one time course are on both sides in up to {max(split.values())} of {n_folds} "
        "folds: a test row lies between training rows of its own strain.",
        "Hold whole strains out: pyscimlode.estimator.LeaveOneStrainOut, or GroupKFold with the "
        "strain as group.",
        strains=tuple(sorted(split)),
    )


def _strains(groups: Dataset | Sequence[Any], rows: npt.NDArray[np.int_]) -> npt.NDArray[Any]:
    counted = int(rows.max()) + 1 if rows.size else 0
    if isinstance(groups, Dataset):
        of_rows = [e.strain for e in groups for _ in e.times]
        of_experiments = [e.strain for e in groups]
        if counted not in (len(of_rows), len(of_experiments)):
            raise DataError(
                f"The folds number {counted} rows; the data set has {len(of_rows)} rows and "
                f"{len(of_experiments)} experiments. Give the strain of each row instead."
            )
        return np.array(of_experiments if counted == len(of_experiments) else of_rows)
    strains = np.asarray(groups).astype(str)
    if counted > len(strains) or (rows.size and rows.min() < 0):
        raise DataError(
            f"The folds name row {int(rows.max())}, but groups has the strains of {len(strains)} "
            "rows; give the strain of every row."
        )
    return strains
