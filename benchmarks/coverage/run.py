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
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"

NOTES = {
    "simulated": (
        "Simulated strains (`sim-sparse`: 14 times, 10 % noise): {training} to train, "
        "{calibration} others to calibrate, ensembles of {members}, mean over {draws} draws. "
        "Tested on 20 strains hourly and free of noise, and on {alike} strains measured like the "
        "calibration strains, for which alone the conformal guarantee is proven. Each strain "
        "weighs the same. Width and interval score (Gneiting & Raftery 2007, Eq. 43; lower is "
        "better) in standard deviations of the state, at the nominal 90 %."
    ),
    "measured": (
        "Measured strains (Costello & Garcia Martin 2018), trained on the two other strains of the "
        "pathway, ensembles of {members}, mean over the six held-out strains, clean states. Three "
        "strains are too few for a calibration: of one calibration strain the highest level is "
        "50 %. What `recalibrate` says:"
    ),
}


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    from benchmarks.coverage.study import FULL, QUICK, averaged, measured, simulated, too_few
    from pyscimlode.errors import DataWarning, DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    size = QUICK if arguments.quick else FULL
    out = arguments.out or (None if arguments.quick else RESULTS)
    started = time.perf_counter()
    found = list(simulated(size))
    parts = ["# Coverage of intervals", NOTES["simulated"].format(**asdict(size))]
    parts.append(table(averaged(found)))
    try:
        own = list(measured(size))
        found += own
        parts += [NOTES["measured"].format(**asdict(size)), f"> {too_few()}", table(averaged(own))]
    except DownloadError as error:
        print(f"The measured strains are left out: {error}", file=sys.stderr, flush=True)
    seconds = time.perf_counter() - started
    text = "\n\n".join([*parts, f"{seconds:.0f} s.\n"])
    print(text, flush=True)
    if out is not None:
        write(text, {"size": asdict(size), "rows": [asdict(row) for row in found]}, out)
    return 0


def write(text: str, data: dict[str, Any], out: Path) -> None:
    """Write the tables as Markdown and every row as JSON."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "coverage.md").write_text(text, encoding="utf-8")
    (out / "coverage.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def table(means: Sequence[Any]) -> str:
    """Return a Markdown table with a line a model, kind of intervals and test strains."""
    levels = list(dict.fromkeys(row.nominal for row in means))
    head = ["model", "intervals", "tested on", *(f"{100 * level:g} %" for level in levels)]
    head += ["whole courses", "whole strains", "width", "interval score"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    keys = dict.fromkeys((row.model, row.intervals, row.tested_on) for row in means)
    for key in keys:
        of_key = {
            row.nominal: row for row in means if (row.model, row.intervals, row.tested_on) == key
        }
        at = of_key[0.9]
        shares = [*(of_key[level].covered for level in levels), at.whole_courses, at.whole_strains]
        cells = [*(f"{100 * share:.0f} %" for share in shares)]
        cells += [f"{at.width:.2f}", f"{at.interval_score:.2f}"]
        lines.append("| " + " | ".join([*key, *cells]) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
