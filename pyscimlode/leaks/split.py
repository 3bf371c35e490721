"""Static checks of a split: what of the held-out strains is in the training data already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pyscimlode.data.dataset import Dataset
from pyscimlode.data.validation import check_same_layout
from pyscimlode.leaks.copies import content_findings
from pyscimlode.leaks.images import image_findings
from pyscimlode.leaks.interpolation import Interpolated, interpolated_cells
from pyscimlode.leaks.report import LeakFinding, LeakReport

SPLIT_CHECKS = (
    "strains and experiments on both sides",
    "equal trajectories and columns under other names",
    "states that are interpolated",
    "controls that are an image of a state",
)


def audit_split(train: Dataset, test: Dataset, *, validation: Dataset | None = None) -> LeakReport:
    """Look for held-out strains, or images of them, in the data that a model learns from.

    Args:
        train: the training strains.
        test: the held-out strains.
        validation: strains that decide when training stops, or between models.

    Raises:
        ColumnError: when the data sets have different columns.
    """
    check_same_layout(train, test)
    findings = [
        *_shared_strains(train, test),
        *content_findings(train, test),
        *_interpolated(train, test),
        *image_findings((*train, *test), train.state_names, train.control_names),
    ]
    if validation is not None:
        check_same_layout(train, validation)
        findings += _validation(validation, test)
    return LeakReport(tuple(findings), SPLIT_CHECKS)


def _shared_strains(train: Dataset, test: Dataset) -> Iterator[LeakFinding]:
    for strain in test.strains:
        trained = [e for e in train if strain in (e.strain, e.name)]
        tested = [e for e in test if e.strain == strain]
        if trained:
            yield _same_strain(
                strain, [e.name for e in trained], [e.name for e in tested], _mixed(trained, tested)
            )


def _same_strain(strain: str, trained: list[str], tested: list[str], mixed: bool) -> LeakFinding:
    rows = (
        " Its times are mixed: rows of one time course stand on either side, as shuffled rows do."
        if mixed
        else ""
    )
    return LeakFinding(
        "same strain",
        "leak",
        f"It is trained on ({', '.join(trained)}) and tested ({', '.join(tested)}).{rows}",
        "Keep all replicates and times of a strain on one side: pyscimlode.data.split.",
        strains=(strain,),
    )


def _mixed(trained: Iterable[object], tested: Iterable[object]) -> bool:
    """Whether times of one side lie between times of the other, none being common."""
    one = {float(t) for e in trained for t in e.times}  # type: ignore[attr-defined]
    other = {float(t) for e in tested for t in e.times}  # type: ignore[attr-defined]
    apart = max(one) < min(other) or max(other) < min(one)
    return not (one & other) and not apart


def _validation(validation: Dataset, test: Dataset) -> Iterator[LeakFinding]:
    fix = "Name a training strain: early_stopping='...'."
    for strain in validation.strains:
        if strain in test.strains:
            message = "The strain that decides when training stops is a held-out strain."
            yield LeakFinding("early stopping", "leak", message, fix, strains=(strain,))
    for finding in content_findings(validation, test):
        if finding.kind == "same content" and len(finding.strains) == 2:
            message = "The strain that decides when training stops is a held-out strain renamed."
            yield LeakFinding("early stopping", "leak", message, fix, strains=finding.strains)


@dataclass(frozen=True)
class _Side:
    name: str
    strains: tuple[str, ...]
    found: tuple[Interpolated, ...]


def _interpolated(train: Dataset, test: Dataset) -> Iterator[LeakFinding]:
    for side in (_side("held-out", test), _side("training", train)):
        if not side.found:
            continue
        cells = sum(found.cells for found in side.found)
        judged = sum(found.judged for found in side.found)
        curves = " or ".join(dict.fromkeys(found.curve for found in side.found))
        columns = sorted({column for found in side.found for column in found.states})
        held_out = side.name == "held-out"
        meaning = (
            "A score there compares with values that nobody measured, made from later ones."
            if held_out
            else "They weigh as if they had been measured, and fold limits across them leak."
        )
        yield LeakFinding(
            "interpolated",
            "leak" if held_out else "warning",
            f"{cells} of {judged} cells of {side.name} states lie on {curves} between others: "
            f"interpolation came before the split. {meaning}",
            "Use the measured rows and leave cells empty that were not measured; models that need "
            "a grid interpolate for themselves, after the split.",
            strains=side.strains,
            column=test.state_names[columns[0]] if len(columns) == 1 else "",
        )


def _side(name: str, dataset: Dataset) -> _Side:
    found = {e.strain: cells for e in dataset if (cells := interpolated_cells(e)) is not None}
    return _Side(name, tuple(found), tuple(found.values()))
