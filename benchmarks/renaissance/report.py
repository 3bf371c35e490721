"""What a part found, as Markdown, JSON and figures."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.artifacts import atomic_write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ARTICLE = (
    "Article: Choudhury, Narayanan, Moret, Hatzimanikatis, Miskovic, Nat. Catal. 7:1086-1098 "
    "(2024), doi:10.1038/s41929-024-01220-6."
)
DPI = 80


@dataclass(frozen=True, eq=False)
class Report:
    """One part of the benchmark.

    Attributes:
        title: heading of the page.
        blocks: paragraphs and tables, in order.
        data: everything behind them; JSON data.
        figures: name -> figure, written as ``renaissance-NAME.png``.
    """

    title: str
    blocks: Sequence[str]
    data: Mapping[str, Any]
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def markdown(self) -> str:
        """Return the page."""
        return "\n\n".join([f"# {self.title}", *self.blocks, machine()]) + "\n"

    def write(self, folder: Path, part: str) -> None:
        """Write ``renaissance-PART.md`` and ``.json`` and the figures, atomically."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(plain(self.data), indent=1, allow_nan=False)
        atomic_write_text(folder / f"renaissance-{part}.json", text + "\n")
        atomic_write_text(folder / f"renaissance-{part}.md", self.markdown())
        for name, figure in self.figures.items():
            figure.savefig(folder / f"renaissance-{name}.png", dpi=DPI)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers are right-aligned as they come."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in per cent; nothing known is a dash."""
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def machine() -> str:
    """Return the machine, threads and versions that the figures belong to."""
    import scipy

    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {threads} thread(s), Python "
        f"{platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}."
    )


def plain(value: Any) -> Any:
    """Return JSON data: arrays as lists, numbers of numpy as numbers, NaN and inf as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
