"""The rows as JSON, Markdown and figures."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

import pandas as pd

from benchmarks.stiff.problems import Key, Measured, labels
from benchmarks.stiff.rows import Row
from pyscimlode.artifacts import atomic_write_text
from pyscimlode.plots import plot_work_precision
from pyscimlode.plots.work_precision import looks

TARGETS = (1e-4, 1e-6, 1e-8)
BASE, TRAINED_BASE = "scipy Radau", "pyscimlode rosenbrock"
NOTE = (
    "Produced by `python -m benchmarks.stiff`. **Error**: the largest over outputs and states, "
    "over the largest value of each state; for gradients the relative 2-norm. **Time**: CPU time "
    "of one warm solve on one thread, worker processes included, median of rounds in which all "
    "candidates take turns (Julia's solvers of functions take turns in a process of their own); "
    "compilation is not in it and stands in a column of its own. A solve fails after 100,000 "
    "steps or, where the right-hand side is Python, after 3 s; then tighter tolerances are not "
    "tried, nor are they after a solve of more than 3 s. Tolerances: rtol 1e-3 to 1e-10, atol in "
    "a fixed ratio to rtol. SciPy and `Jacobian given` get the analytic Jacobian, Julia and "
    "diffrax differentiate the field. All in float64. **In brackets**: the time over that of "
    "`scipy Radau` (functions) or `pyscimlode rosenbrock` (trained fields) at the same error, "
    "where both took turns in one run; on a machine that does other work as well, compare these."
)


@dataclass(frozen=True)
class Kept:
    """Everything that was measured, over several runs."""

    rows: dict[Key, Row] = field(default_factory=dict)
    facts: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)

    def keys(self) -> set[Key]:
        """Return the keys of all rows."""
        return set(self.rows)


def merged(kept: Kept, new: Measured) -> Kept:
    """Return both; a new row replaces an old one."""
    libraries = {row.library for row in (*kept.rows.values(), *new.rows)}
    left_out = {**kept.left_out, **new.left_out}
    number = 1 + max((row.run for row in kept.rows.values()), default=0)
    return Kept(
        {**kept.rows, **{row.key: replace(row, run=number) for row in new.rows}},
        {**kept.facts, **new.facts},
        {name: why for name, why in left_out.items() if name not in libraries},
        {**kept.machine, **new.machine},
    )


def read(folder: Path | None) -> Kept:
    """Return what an earlier run kept in ``stiff.json``."""
    path = None if folder is None else folder / "stiff.json"
    if path is None or not path.is_file():
        return Kept()
    found = json.loads(path.read_text(encoding="utf-8"))
    rows = [Row(**{**row, **_numbers(row)}) for row in found.pop("rows")]
    return Kept({row.key: row for row in rows}, **found)


def write(kept: Kept, folder: Path | None) -> None:
    """Write ``stiff.json``, ``stiff.md`` and the figures."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{k: _plain(v) for k, v in asdict(row).items()} for row in kept.rows.values()]
    told = {"machine": kept.machine, "facts": kept.facts, "left_out": kept.left_out}
    lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
    text = f'{{\n "rows": [\n{lines}\n ],\n{json.dumps(told, indent=1)[2:]}\n'
    atomic_write_text(folder / "stiff.json", text)
    atomic_write_text(folder / "stiff.md", markdown(kept))
    table = frame(kept)
    trained = table["problem"].str.startswith("trained")
    for name, part in (("stiff", table[~trained]), ("stiff-trained", table[trained])):
        if not part.empty:
            plot_work_precision(part, drawn_as=looks(table)).savefig(
                folder / f"{name}.png", dpi=110
            )


def frame(kept: Kept) -> pd.DataFrame:
    """Return one row a solve, as :func:`pyscimlode.plots.plot_work_precision` takes it."""
    columns = [item.name for item in fields(Row)]
    return pd.DataFrame([asdict(row) for row in kept.rows.values()], columns=columns)


def markdown(kept: Kept) -> str:
    """Return the report."""
    machine = ", ".join(f"{name} {value}" for name, value in kept.machine.items())
    lines = ["# Stiff solvers: work and precision", "", f"{machine}.", "", NOTE, ""]
    for name, why in kept.left_out.items():
        lines += [f"Left out: {name} ({why}).", ""]
    for problem in dict.fromkeys(row.problem for row in kept.rows.values()):
        rows = [row for row in kept.rows.values() if row.problem == problem]
        lines += _section(problem, rows, kept.facts.get(problem, {}))
    return "\n".join(lines)


def _section(problem: str, rows: Sequence[Row], facts: dict[str, float]) -> list[str]:
    words = ""
    if "stiffness" in facts:
        product = facts["stiffness"] * facts["length"]
        words = (
            f"Largest |Re eigenvalue| at the outputs {facts['stiffness']:.3g}, times the length of "
            f"the problem {product:.2g}."
        )
    if "reference_error" in facts:
        words += f" Two references differ by {facts['reference_error']:.0e}."
    if "rows" in facts:
        words += f" Rows side by side: {facts['rows']:.0f}; the first eight at most are judged."
    base = [
        row
        for row in rows
        if row.solver == (TRAINED_BASE if problem.startswith("trained") else BASE)
    ]
    head = ["solver", *(f"ms for error <= {target:.0e}" for target in TARGETS), "smallest error"]
    head += ["evaluations at 1e-6", "compilation s", "no answer"]
    lines = [f"## {problem}", "", words, "", _line(head)]
    lines += [_line(["---", *["---:"] * (len(head) - 2), "---"])]
    for solver in dict.fromkeys(row.solver for row in rows):
        lines.append(_line(_cells(solver, [row for row in rows if row.solver == solver], base)))
    there = {row.solver for row in rows}
    not_run = [label for label in labels(problem) if label not in there]
    if not_run:
        lines += ["", f"Not run: {', '.join(not_run)}."]
    runs = {row.solver: row.run for row in rows if row.rounds}
    together = [[s for s, run in runs.items() if run == one] for one in sorted({*runs.values()})]
    if len(together) > 1:
        lines += ["", f"Timed in several runs: {'; '.join(map(', '.join, together))}."]
    return [*lines, ""]


def _cells(solver: str, rows: Sequence[Row], base: Sequence[Row]) -> list[str]:
    good = [row for row in rows if row.status == "success"]
    cells = [solver]
    for target in TARGETS:
        best, other = _quickest(rows, target), _quickest(base, target)
        cells.append(f"{1e3 * best.seconds:.3g}" if best else "-")
        if best and other and 0 < best.run == other.run and best.solver != other.solver:
            cells[-1] += f" ({best.seconds / other.seconds:.2g})"
    cells.append(f"{min(row.error for row in good):.0e}" if good else "-")
    at = [row.nfev for row in good if math.isclose(row.rtol, 1e-6) and row.nfev]
    cells.append(str(at[0]) if at else "")
    compiled = [row.first_seconds - row.wall_seconds for row in good[:1]]
    library = rows[0].library
    cells.append(f"{compiled[0]:.1f}" if compiled and library in ("julia", "diffrax") else "")
    return [*cells, _failures(rows)]


def _quickest(rows: Sequence[Row], target: float) -> Row | None:
    good = [row for row in rows if row.status == "success" and row.error <= target]
    return min(good, key=lambda row: row.seconds, default=None)


def _failures(rows: Sequence[Row]) -> str:
    """Say how solves without an answer ended, and at which tolerances."""
    ends: dict[str, list[str]] = {}
    for row in rows:
        if row.status != "success":
            ends.setdefault(row.status.replace("|", "/"), []).append(f"{row.rtol:.0e}")
    return "; ".join(
        end if len(ats) == len(rows) else f"{end} ({', '.join(ats)})" for end, ats in ends.items()
    )


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _numbers(row: dict[str, object]) -> dict[str, float]:
    names = ("error", "seconds", "wall_seconds", "first_seconds")
    return {name: float("nan") for name in names if row[name] is None}
