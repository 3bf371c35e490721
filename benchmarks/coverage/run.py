"""Measure the coverage of intervals: ``python -m benchmarks.coverage [--quick] [--out FOLDER]``.

Prints a table a board and, unless ``--quick``, writes ``benchmarks/results/coverage.md`` and
``.json``. The measured strains are left out, with a remark, where their data are not to be had.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"

SIMULATED = (
    "Simulated strains (`sim-sparse`: 14 times, 10 % noise): {training} to train, {calibration} "
    "others to calibrate, ensembles of {members}, mean over draws of the strains (column `n`). "
    "Tested on 20 strains hourly and free of noise, and on {alike} strains measured like the "
    "calibration strains, for which alone the conformal guarantee is proven. Each strain weighs "
    "the same. Columns in %: share of points inside at four nominal levels, then at the nominal "
    "90 %: share of whole courses and of whole strains inside, width and interval score (Gneiting "
    "& Raftery 2007, Eq. 43; lower is better) in standard deviations of the state."
)
MEASURED = (
    "Measured strains (Costello & Garcia Martin 2018), trained on the two other strains of the "
    "pathway, ensembles of {members}, mean over the held-out strains (column `n`), clean states. "
    "Three strains of a pathway are too few to calibrate on; `recalibrate` says of one:"
)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark, writing what there is after every model; return 0."""
    from benchmarks.coverage import study
    from pyscimlode.errors import DataWarning, DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    size = study.QUICK if arguments.quick else study.FULL
    out = arguments.out or (None if arguments.quick else RESULTS)
    started = time.perf_counter()
    found: list[study.Row] = []
    text = ""

    def add(rows: Iterable[study.Row], what: str) -> None:
        nonlocal text
        found.extend(rows)
        seconds = time.perf_counter() - started
        print(f"{what}: {seconds:.0f} s", file=sys.stderr, flush=True)
        text = report(found, size, seconds)
        if out is not None:
            write(text, {"size": asdict(size), "rows": [asdict(row) for row in found]}, out)

    for draw in range(size.draws):
        for name in study.SIMULATED:
            add(study.simulated(size, draw, name), f"simulated, draw {draw}, {name}")
        if draw == 0:
            try:
                for name in study.MEASURED:
                    add(study.measured(size, name), f"measured, {name}")
            except DownloadError as error:
                print(f"The measured strains are left out: {error}", file=sys.stderr, flush=True)
    print(text, flush=True)
    return 0


def report(found: Sequence[Any], size: Any, seconds: float) -> str:
    """Return the tables with what must be known to read them."""
    from benchmarks.coverage.study import averaged, too_few

    parts = ["# Coverage of intervals"]
    for board, note in (("simulated", SIMULATED), ("measured", MEASURED)):
        rows = averaged([row for row in found if row.board == board])
        if rows:
            parts.append(note.format(**asdict(size)))
            parts += [f"> {too_few()}"] if board == "measured" else []
            parts.append(table(rows))
    return "\n\n".join([*parts, f"{seconds:.0f} s.\n"])


def write(text: str, data: dict[str, Any], out: Path) -> None:
    """Write the tables as Markdown and every row as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "coverage.md").write_text(text, encoding="utf-8")
    (out / "coverage.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def table(means: Sequence[Any]) -> str:
    """Return a Markdown table with a line a model, kind of intervals and test strains."""
    levels = list(dict.fromkeys(row.nominal for row in means))
    head = ["model", "intervals", "tested on", "n", *(f"{100 * level:g} %" for level in levels)]
    head += ["whole courses", "whole strains", "width", "interval score"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    keys = dict.fromkeys((row.model, row.intervals, row.tested_on) for row in means)
    for key in keys:
        of_key = {
            row.nominal: row for row in means if (row.model, row.intervals, row.tested_on) == key
        }
        at = of_key[0.9]
        shares = [*(of_key[level].covered for level in levels), at.whole_courses, at.whole_strains]
        cells = [at.draw, *(f"{100 * share:.0f}" for share in shares)]
        cells += [f"{at.width:.2f}", f"{at.interval_score:.2f}"]
        lines.append("| " + " | ".join([*key, *cells]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
