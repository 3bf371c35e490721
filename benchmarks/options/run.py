"""Measure options against stiffness: ``python -m benchmarks.options [--quick] [--out FOLDER]``.

Trains the same fields on stiff simulated strains with each option alone, prints a table and,
unless ``--quick``, keeps ``benchmarks/results/options.json`` (variant by variant: those that are in
it are not computed again) and writes ``options.md``.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from benchmarks.options.study import Row, Size

RESULTS = ROOT / "benchmarks" / "results"
NOTE = (
    "Fields trained on {train} simulated strains of the parameter set `live-stiff` ({collocation} "
    "steps of collocation, {adam} of Adam) with one option each, mean ± sd over {seeds} seeds. "
    "**NRMSE**: clean forecast of {held_out} other strains, of single members. **λ**: magnitude of "
    "the largest eigenvalue of the field's Jacobian at their sampling times, largest over strains, "
    "per hour; the pathway itself has {truth:.3g}. **RK45**, **Radau**: evaluations of the field "
    "for one strain's 72 h at rtol 1e-6, those for finite-difference Jacobians included. "
    "**Bound**: product of the network's singular values and slopes. **Training**: processor "
    "seconds of all seeds as one batch."
)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    from benchmarks.options.study import DEFAULT, MODELS, QUICK, VARIANTS, Size, measure, truth
    from pyscimlode.errors import DataWarning

    parser = argparse.ArgumentParser(prog="python -m benchmarks.options", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    quick = arguments.quick
    out = arguments.out or (None if quick else RESULTS)
    size = QUICK if quick else Size()
    variants = (DEFAULT, VARIANTS[2]) if quick else VARIANTS
    found = known(out, size)
    for kind in MODELS:
        for variant in variants:
            if not any((row.model, row.variant) == (kind, variant.name) for row in found):
                found.append(measure(kind, variant, size))
                print(_line(found[-1]), flush=True)
                keep(found, size, out)
    text = report(found, size, truth())
    print(text, flush=True)
    if out is not None:
        (out / "options.md").write_text(text, encoding="utf-8")
    return 0


def known(out: Path | None, size: Size) -> list[Row]:
    """Return what an earlier run of the same size measured."""
    from benchmarks.options.study import Row

    path = None if out is None else out / "options.json"
    if path is None or not path.is_file():
        return []
    data = json.loads(path.read_text(encoding="utf-8"))
    return [Row(**row) for row in data["rows"]] if data["size"] == asdict(size) else []


def keep(found: Sequence[Row], size: Size, out: Path | None) -> None:
    """Write what is measured so far."""
    if out is not None:
        data = {"size": asdict(size), "rows": [asdict(row) for row in found]}
        (out / "options.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def report(found: Sequence[Row], size: Size, largest: float) -> str:
    """Return the tables, one for each model."""
    note = NOTE.format(train=size.strains - size.held_out, truth=largest, **asdict(size))
    parts = ["# Options against stiffness", note]
    for model in dict.fromkeys(row.model for row in found):
        lines = [
            "| option | NRMSE | λ | RK45 | Radau | bound | training |",
            "|---|---|---|---|---|---|---|",
            *(_line(row) for row in found if row.model == model),
        ]
        parts += [f"## {model}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _line(row: Row) -> str:
    cells = [
        _spread(row.nrmse, ".3f"),
        _spread(row.largest, ".3g"),
        _spread(row.evaluations, ".0f"),
        _spread(row.implicit, ".0f"),
        f"{np.exp(np.mean(np.log(row.bound))):.3g}",
        f"{row.seconds:.0f} s",
    ]
    failed = f" ({row.failed} solves failed)" if row.failed else ""
    return f"| {row.variant}{failed} | " + " | ".join(cells) + " |"


def _spread(values: Sequence[float], form: str) -> str:
    return f"{np.mean(values):{form}} ± {np.std(values):{form}}"
