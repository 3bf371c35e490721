"""What the audits say about the tasks of a board."""

from __future__ import annotations

from collections.abc import Sequence

from pyscimlode.boards.tasks import Task


def task_warnings(tasks: Sequence[Task]) -> list[str]:
    """Return remarks about states that do not count, one a protocol."""
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
