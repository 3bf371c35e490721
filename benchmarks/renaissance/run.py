"""RENAISSANCE beside its article: ``python -m benchmarks.renaissance [--part NAME ...]``.

Each part prints its tables and, unless ``--quick``, writes ``renaissance-PART.md`` and ``.json``
(and figures) to ``benchmarks/results``. Case files are looked for in the folder ``kinetic`` of the
folder that the environment variable PYSCIMLODE_DATA names; without them the parts run on the
package's own examples and say so. The part ``integration`` reads a public file of KM
(``literature.py``), looked for in that folder or its sub-folder ``noor2016``, then in the user's
cache, else downloaded; where that fails the part is left out. Trained generators and finished rows
are kept in the folder ``cache`` beside this file, and a run that was interrupted goes on there;
delete it, or a file of it, to measure again.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
PARTS = (
    *("checks", "training", "integration", "million"),
    *("robustness", "bioreactor", "landscape"),
)


def main(argv: list[str] | None = None) -> int:
    """Run the parts, writing each as soon as it is done; return 0.

    A part whose file cannot be had is left out, which is said; what it wrote before stays.
    """
    from benchmarks.renaissance.kept import CACHE, Kept
    from pyscimlode.errors import DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.renaissance", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    quick = arguments.quick
    out = arguments.out or (None if quick else RESULTS)
    for name in arguments.part or PARTS:
        started = time.perf_counter()
        part = importlib.import_module(f"benchmarks.renaissance.{name}")
        try:
            report = part.run(Kept(None if quick else CACHE / f"{name}.json"), quick)
        except DownloadError as error:
            print(f"`{name}` is left out: {error}", flush=True)
            continue
        print(report.markdown(), flush=True)
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        if out is not None:
            report.write(out, name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
