"""The tables as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from benchmarks.speed.candidates import PUBLISHED, TUNED
from benchmarks.speed.suite import Row, Table
from benchmarks.speed.training import TrainingTime

HEADER = (
    "loss + gradient",
    "ms",
    "time / ours",
    "quartiles",
    "faster than published",
    "faster than best tuned",
    "trajectory error",
    "gradient error",
    "memory MiB",
)


def markdown(
    tables: Sequence[Table],
    training: Mapping[str, TrainingTime],
    machine: Mapping[str, str],
) -> str:
    """Return the whole report."""
    lines = ["# Speed of a loss and its gradient", ""]
    lines += [", ".join(f"{name} {value}" for name, value in machine.items()) + ".", ""]
    lines += [
        "CPU time of one call on one core, median; ratios are medians over interleaved rounds "
        "of both candidates, each sample after an untimed call of the same candidate. Errors are "
        "relative to float64: SciPy DOP853 for the trajectory, a tightly solved gradient that "
        "agrees with SciPy's directional derivatives. Memory: rise of resident memory over five "
        "calls in a fresh process, compilation "
        "included. Parameters stay the same in all calls; the whole training below moves them.",
        "",
    ]
    for table in tables:
        lines += [
            f"## {table.workload}",
            "",
            f"Reference gradient against SciPy's directional derivatives: "
            f"{table.reference_error:.1e}.",
            "",
            _line(HEADER),
            _line(["---"] + ["---:"] * (len(HEADER) - 1)),
            *(_line(_cells(row)) for row in table.rows),
            "",
        ]
    if training:
        lines += ["## Whole training, identity workload, Adam", ""]
        lines += [_line(("candidate", "iterations", "CPU s", "wall s", "first loss", "last loss"))]
        lines += [_line(["---"] + ["---:"] * 5)]
        lines += [_line(_training_cells(key, result)) for key, result in training.items()]
        lines += [""]
    return "\n".join(lines)


def as_json(
    tables: Sequence[Table],
    training: Mapping[str, TrainingTime],
    machine: Mapping[str, str],
) -> str:
    """Return everything that was measured as JSON text."""
    return json.dumps(
        {
            "machine": dict(machine),
            "workloads": [asdict(table) for table in tables],
            "training": {key: asdict(result) for key, result in training.items()},
        },
        indent=1,
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(row: Row) -> list[str]:
    if row.pair is None or row.errors is None:
        return [row.label, f"not installed: {', '.join(row.missing)}", *[""] * (len(HEADER) - 2)]
    versus = row.versus or {}
    low, high = row.pair.ratio_quartiles
    return [
        row.label,
        f"{1e3 * row.pair.seconds:.3g}",
        f"{row.pair.ratio:.3g}",
        f"{low:.3g} to {high:.3g}",
        *(f"{versus[key]:.3g}" if key in versus else "" for key in (PUBLISHED, TUNED)),
        f"{row.errors.trajectory:.1e}",
        f"{row.errors.gradient:.1e}",
        "" if row.memory_mib is None else f"{row.memory_mib:.0f}",
    ]


def _training_cells(key: str, result: TrainingTime) -> list[str]:
    return [
        key,
        str(result.iterations),
        f"{result.cpu_seconds:.2f}",
        f"{result.wall_seconds:.2f}",
        f"{result.first_loss:.4g}",
        f"{result.last_loss:.4g}",
    ]
