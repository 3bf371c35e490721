"""Speed of kinetic models: ``python -m benchmarks.kinetics [--quick] [--part NAME ...]``.

Prints a table a part and, unless ``--quick``, writes ``benchmarks/results/kinetics.md`` and
``.json`` after every part; a part that is measured alone replaces its own table there. The
full-size case is looked for in the folder ``kinetic`` of the folder that the environment variable
PYSCIMLODE_DATA names; without it the package's own pathway is measured, and the tables say so.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("evaluation", "torch", "sets", "evolution", "training", "gradient", "memory")


def main(argv: list[str] | None = None) -> int:
    """Run the parts one after the other; return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kinetics", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--part", action="append", choices=PARTS, help="only these")
    parser.add_argument("--out", type=Path, help="folder for kinetics.md and kinetics.json")
    arguments = parser.parse_args(argv)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"

    from threadpoolctl import threadpool_limits

    from benchmarks.kinetics import report

    threadpool_limits(1)
    quick = arguments.quick
    out = arguments.out or (None if quick else RESULTS)
    parts = {} if out is None else report.read(out)
    for name in arguments.part or PARTS:
        started = time.perf_counter()
        machine = report.machine()
        module = importlib.import_module(f"benchmarks.kinetics.{name}_part")
        parts[name] = report.as_data(module.run(quick), machine, time.perf_counter() - started)
        print(report.part_text(parts[name]), flush=True)
        if out is not None:
            report.write(out, {key: parts[key] for key in PARTS if key in parts})
    return 0


if __name__ == "__main__":
    sys.exit(main())
