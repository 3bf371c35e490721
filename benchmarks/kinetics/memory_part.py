"""Peak memory of evaluations and of a population, each in a process of its own."""

from __future__ import annotations

from benchmarks.kinetics.alone import measured_alone
from benchmarks.kinetics.populations import subject
from benchmarks.kinetics.report import Part, Table

LABELS = {
    "evaluate": "{models:,} models generated and evaluated, all eigenvalues",
    "evaluate-screened": "{models:,} models generated and evaluated, Arnoldi steps first",
    "population": "one generation of {population} members and their parent",
}
HEAD = ("task", "memory rise, MiB", "s", "s elapsed")
NOTE = (
    "Rise of the peak of resident memory over what is resident once Python, the packages and the "
    "case are loaded. The memory of parameter files is in the part on sets."
)


def run(quick: bool) -> Part:
    """Measure each task."""
    data = {task: measured_alone(task, quick) for task in LABELS}
    rows = [
        [
            LABELS[task].format(**found),
            f"{found['rise_mib']:.0f}",
            f"{found['cpu']:.1f}",
            f"{found['wall']:.1f}",
        ]
        for task, found in data.items()
    ]
    return Part("Memory", subject(quick).description(), [Table("", HEAD, rows, [NOTE])], data=data)
