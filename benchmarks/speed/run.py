"""Measure speed: ``python -m benchmarks.speed [--quick] [--workload NAME] [--out FOLDER]``.

Prints the tables and, unless ``--quick``, writes ``benchmarks/results/speed.md`` and ``.json``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--workload", choices=("identity", "forecast"), help="only this one")
    parser.add_argument("--budget", type=float, default=10.0, help="CPU seconds a pair")
    parser.add_argument("--no-memory", action="store_true", help="skip the memory column")
    parser.add_argument("--out", type=Path, help="folder for speed.md and speed.json")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    arguments = parse(argv)
    from benchmarks.speed.measure import single_thread

    single_thread()

    import torch

    from benchmarks.speed import report, suite
    from benchmarks.speed.workloads import NAMES

    torch.set_num_threads(1)
    quick = arguments.quick
    names = [arguments.workload] if arguments.workload else NAMES
    tables = [
        suite.run_workload(
            name,
            quick=quick,
            budget=0.0 if quick else arguments.budget,
            memory=not (quick or arguments.no_memory),
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
        for name in names
    ]
    training = {}
    if "identity" in names:
        training = suite.run_training(quick=quick, iterations=5 if quick else 600)
    machine = suite.machine()
    text = report.markdown(tables, training, machine)
    print(text)
    out = arguments.out or (None if quick else RESULTS)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "speed.md").write_text(text, encoding="utf-8")
        (out / "speed.json").write_text(
            report.as_json(tables, training, machine) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
