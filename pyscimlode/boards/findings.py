"""What the audits say about the tasks of a board."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyscimlode.boards.tasks import Task
from pyscimlode.leaks import LeakFinding, audit_split

COPIED = "copied column"


def task_warnings(tasks: Sequence[Task]) -> list[LeakFinding | str]:
    """Return what the leak audit found, and a remark a protocol about states that do not count."""
    findings = [finding for task in tasks for finding in leaks_that_count(task)]
    return [*dict.fromkeys(findings), *_exclusions(tasks)]


def leaks_that_count(task: Task) -> Iterator[LeakFinding]:
    """Yield ways in which held-out strains are in the training data.

    A column that is copied from a training strain is left out where the clean scores leave it out
    as well.
    """
    for finding in audit_split(task.train, task.test):
        counts = any(finding.column not in task.excluded.get(s, ()) for s in finding.strains)
        if finding.kind != COPIED or counts:
            yield finding


def _exclusions(tasks: Sequence[Task]) -> list[str]:
    by_protocol: dict[str, dict[str, tuple[str, ...]]] = {}
    for task in tasks:
        by_protocol.setdefault(task.protocol, {}).update(task.excluded)
    remarks = []
    for protocol, excluded in by_protocol.items():
        listed = "; ".join(
            f"{strain}: {', '.join(states)}" for strain, states in excluded.items() if states
        )
        if listed:
            remarks.append(
                f"{protocol}: not in the clean mean, because copied from another strain or at the "
                f"detection limit: {listed}."
            )
    return remarks
