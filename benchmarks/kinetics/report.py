"""What the parts found, as Markdown and JSON; every part stands alone."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pyscimlode._version import __version__
from pyscimlode.artifacts import atomic_write_text

PACKAGES = ("numpy", "scipy", "torch", "h5py", "pyarrow", "sympy")
INTRODUCTION = (
    "Rates are medians over interleaved rounds, with quartiles, by processor time of one core "
    "unless a column says elapsed. Each part names the machine and its load when it started: on a "
    "busy machine processor time grows too, because caches and memory are shared."
)
Data = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A figure that was aimed at.

    Attributes:
        what: the quantity.
        wanted: in words, with its unit.
        found: in words, with its unit.
        met: whether it was reached.
    """

    what: str
    wanted: str
    found: str
    met: bool


@dataclass(frozen=True)
class Table:
    """One table with what must be said about it."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """What one part found.

    Attributes:
        title: heading.
        case: name of the kinetic model and its size, in words.
        tables: to print.
        targets: figures that were aimed at, where the case is the full-size one.
        data: everything behind the tables; JSON data.
    """

    title: str
    case: str
    tables: Sequence[Table]
    targets: Sequence[Target] = ()
    data: Mapping[str, Any] = field(default_factory=dict)


def machine() -> dict[str, str]:
    """Say what the figures depend on."""
    processor = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        models = [line for line in cpu_info.read_text().splitlines() if line.startswith("model n")]
        processor = models[0].split(":")[1].strip() if models else processor
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    found = {
        "processor": processor,
        "cores": str(os.cpu_count()),
        "load at the start": load,
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "python": platform.python_version(),
        "pyscimlode": __version__,
    }
    for package in PACKAGES:
        installed = importlib.util.find_spec(package) is not None
        found[package] = version(package) if installed else "not installed"
    return found


def as_data(part: Part, where: Mapping[str, str], seconds: float) -> Data:
    """Return a part as JSON data."""
    return {
        "title": part.title,
        "case": part.case,
        "machine": dict(where),
        "seconds": round(seconds, 1),
        "tables": [
            {
                "title": t.title,
                "head": list(t.head),
                "rows": [list(row) for row in t.rows],
                "notes": list(t.notes),
            }
            for t in part.tables
        ],
        "targets": [vars(target) for target in part.targets],
        "data": dict(part.data),
    }


def read(folder: Path) -> dict[str, Data]:
    """Return the parts that were measured before; none without a file."""
    path = folder / "kinetics.json"
    return json.loads(path.read_text(encoding="utf-8"))["parts"] if path.is_file() else {}


def write(folder: Path, parts: Mapping[str, Data]) -> None:
    """Write ``kinetics.json`` and ``kinetics.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"parts": dict(parts)}, indent=1, allow_nan=False)
    atomic_write_text(folder / "kinetics.json", text + "\n")
    atomic_write_text(folder / "kinetics.md", whole_text(parts))


def whole_text(parts: Mapping[str, Data]) -> str:
    """Return the page: the targets, then every part."""
    targets = [
        (t["what"], t["wanted"], t["found"], "yes" if t["met"] else "no")
        for part in parts.values()
        for t in part["targets"]
    ]
    blocks = ["# Speed of kinetic models", INTRODUCTION]
    if targets:
        blocks += ["## Targets", _table(("what", "target", "found", "met"), targets)]
    return "\n\n".join([*blocks, *(part_text(part) for part in parts.values())]) + "\n"


def part_text(part: Data) -> str:
    """Return one part."""
    where = ", ".join(f"{name} {value}" for name, value in part["machine"].items())
    blocks = [f"## {part['title']}", f"{part['case']} ({where}; {part['seconds']:.0f} s.)"]
    for table in part["tables"]:
        blocks += [f"### {table['title']}"] if table["title"] else []
        blocks += [_table(table["head"], table["rows"]), *table["notes"]]
    return "\n\n".join(blocks)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
