"""The audit: what in a data set makes a score look better, or mean less, than it should."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment, FloatArray
from pyscimlode.errors import ExperimentError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

IntArray = npt.NDArray[np.intp]
Kind = Literal[
    "copied",
    "detection limit",
    "almost always zero",
    "never measured",
    "ends early",
    "single replicate",
]

MIN_COPIED_CELLS = 4
"""Shared cells that are not zero, from which on equal values are a copy and not chance."""

COPIED_SHARE = 0.9
"""Share of the shared cells (not both zero) that must be equal."""

LIMIT_ZEROS = 0.25
"""Share of zeros from which on a column is suspected to be at its detection limit."""

LIMIT_SPREAD = 3.0
"""A column at its detection limit has no value above this many times its smallest one."""

LIMIT_VALUES = 3
"""Values above zero that are needed to say so; with fewer the column is merely almost zero."""


@dataclass(frozen=True)
class Finding:
    """One thing the audit found.

    Attributes:
        kind: what it is.
        column: the state or control, or an empty text when it is about whole strains.
        role: ``"state"``, ``"control"`` or ``"strain"``.
        strains: the strains concerned.
        detail: one sentence with numbers.
        excludes: whether a score of the column on one of these strains should be left out.
    """

    kind: Kind
    column: str
    role: Literal["state", "control", "strain"]
    strains: tuple[str, ...]
    detail: str
    excludes: bool = False


@dataclass(frozen=True)
class AuditReport:
    """All findings about one data set; prints as a table."""

    findings: tuple[Finding, ...]
    strains: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def of_kind(self, kind: Kind) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def flagged_columns(self, test_strain: str) -> tuple[str, ...]:
        """Return the states whose scores mean nothing when this strain is held out.

        These are states with the same values in another strain of the data set (the answer was
        in the training data) and states at their detection limit (the answer is noise).

        Raises:
            ExperimentError: for a strain that was not audited.
        """
        if test_strain not in self.strains:
            raise ExperimentError(
                f"There is no strain {test_strain!r} in this audit; there are "
                f"{', '.join(self.strains)}." + did_you_mean(test_strain, self.strains)
            )
        found = [
            finding.column
            for finding in self.findings
            if finding.excludes and test_strain in finding.strains
        ]
        return tuple(dict.fromkeys(found))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding."""
        import pandas as pd

        rows = [
            (f.kind, f.role, f.column, ", ".join(f.strains), f.excludes, f.detail) for f in self
        ]
        return pd.DataFrame(
            rows, columns=["kind", "role", "column", "strains", "excludes", "detail"]
        )

    def __repr__(self) -> str:
        if not self.findings:
            return "Audit: nothing found."
        excluded = sum(finding.excludes for finding in self.findings)
        rows = [("  kind", "column", "strains", "what was found")]
        rows += [
            (("! " if f.excludes else "  ") + f.kind, f.column, _some(f.strains), f.detail)
            for f in self.findings
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = [
            "  ".join([*(c.ljust(w) for c, w in zip(row[:3], widths, strict=True)), row[3]])
            for row in rows
        ]
        head = f"Audit: {len(self)} finding(s), {excluded} of them (marked !) spoil scores."
        return "\n".join([head, *lines])


def audit(dataset: Dataset) -> AuditReport:
    """Look through a data set for what distorts scores; see :class:`AuditReport`.

    Copied columns and detection-limit columns exclude scores. Columns that are almost always
    zero, never measured, or not measured up to the end of their strain, and strains with a
    single replicate, are reported only.
    """
    findings = [
        *_copied(dataset),
        *_together(_per_experiment(dataset)),
        *_single_replicates(dataset),
    ]
    order: list[Kind] = ["copied", "detection limit", "almost always zero", "never measured"]
    rank = {kind: position for position, kind in enumerate(order)}
    findings.sort(key=lambda finding: rank.get(finding.kind, len(order)))
    return AuditReport(tuple(findings), dataset.strains)


def _copied(dataset: Dataset) -> Iterator[Finding]:
    names = (*dataset.state_names, *dataset.control_names)
    tables = [np.hstack([experiment.states, experiment.controls]) for experiment in dataset]
    for first, second in combinations(range(len(dataset)), 2):
        strains = (dataset.experiments[first].strain, dataset.experiments[second].strain)
        if strains[0] == strains[1]:
            continue
        rows = _shared_rows(dataset.experiments[first].times, dataset.experiments[second].times)
        one, other = tables[first][rows[0]], tables[second][rows[1]]
        both_measured = np.isfinite(one) & np.isfinite(other)
        telling = both_measured & ((one != 0) | (other != 0))
        equal = (telling & (one == other)).sum(axis=0)
        compared = telling.sum(axis=0)
        for column in np.flatnonzero(
            (equal >= MIN_COPIED_CELLS) & (equal >= COPIED_SHARE * compared)
        ):
            is_state = column < len(dataset.state_names)
            yield Finding(
                kind="copied",
                column=names[column],
                role="state" if is_state else "control",
                strains=strains,
                detail=f"the same value at {equal[column]} of {compared[column]} shared times",
                excludes=bool(is_state),
            )


def _shared_rows(first: FloatArray, second: FloatArray) -> tuple[IntArray, IntArray]:
    if np.array_equal(first, second):
        every = np.arange(len(first))
        return every, every
    _, rows, other_rows = np.intersect1d(first, second, return_indices=True)
    return rows, other_rows


def _together(findings: Iterator[Finding]) -> Iterator[Finding]:
    """Join findings that differ in their strain alone."""
    strains: dict[Finding, list[str]] = {}
    for finding in findings:
        strains.setdefault(replace(finding, strains=()), []).extend(finding.strains)
    for finding, where in strains.items():
        yield replace(finding, strains=tuple(dict.fromkeys(where)))


def _per_experiment(dataset: Dataset) -> Iterator[Finding]:
    for experiment in dataset:
        for column, name in enumerate(dataset.state_names):
            finding = _series(experiment, experiment.states[:, column], name, dataset.time_unit)
            if finding:
                yield finding
        for column, name in enumerate(dataset.control_names):
            if not experiment.control_mask[:, column].any():
                detail = "no value, so p(t) is not known"
                yield Finding("never measured", name, "control", (experiment.strain,), detail)


def _series(
    experiment: Experiment, values: FloatArray, name: str, time_unit: str
) -> Finding | None:
    strains = (experiment.strain,)
    measured = np.isfinite(values)
    if not measured.any():
        return Finding("never measured", name, "state", strains, "no value")
    known = values[measured]
    positive = known[known > 0]
    zeros = int((known == 0).sum())
    if zeros >= LIMIT_ZEROS * len(known) and len(known) >= MIN_COPIED_CELLS:
        if len(positive) >= LIMIT_VALUES and positive.max() <= LIMIT_SPREAD * positive.min():
            detail = (
                f"{zeros} of {len(known)} values are zero, the others lie between "
                f"{positive.min():.3g} and {positive.max():.3g}"
            )
            return Finding("detection limit", name, "state", strains, detail, excludes=True)
        if len(positive) < LIMIT_VALUES:
            detail = f"{zeros} of {len(known)} values are zero"
            return Finding("almost always zero", name, "state", strains, detail)
    last = experiment.times[measured][-1]
    if last < experiment.times[-1]:
        detail = (
            f"last value at {last:g} {time_unit}, measured until "
            f"{experiment.times[-1]:g} {time_unit}"
        )
        return Finding("ends early", name, "state", strains, detail)
    return None


def _single_replicates(dataset: Dataset) -> Iterator[Finding]:
    single = tuple(
        strain
        for strain in dataset.strains
        if sum(experiment.strain == strain for experiment in dataset) == 1
    )
    if single:
        detail = f"{len(single)} strain(s) measured once: no measurement error can be estimated"
        yield Finding("single replicate", "", "strain", single, detail)


def _some(names: tuple[str, ...], most: int = 9) -> str:
    if len(names) <= most:
        return ", ".join(names)
    return ", ".join(names[:most]) + f" and {len(names) - most} more"
