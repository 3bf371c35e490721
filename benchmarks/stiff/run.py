"""Work-precision of stiff solvers: ``python -m benchmarks.stiff [--problems ...] [--solvers ...]``.

Prints a table and, unless ``--quick``, keeps ``benchmarks/results/stiff.json`` (solve by solve:
those that are in it are not repeated unless ``--again``), ``stiff.md``, ``stiff.png`` and, for the
trained fields, ``stiff-trained.png``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
CLASSICAL = ("robertson", "van-der-pol", "hires", "live-stiff", "published-stiff")
TRAINED = ("trained-field", "trained-ensemble", "trained-gradient")


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stiff", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--problems", nargs="+", choices=(*CLASSICAL, *TRAINED), help="these alone")
    parser.add_argument("--solvers", nargs="+", help="those whose name contains one of these words")
    parser.add_argument("--limit", type=float, default=3.0, help="CPU seconds a solve may take")
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds")
    parser.add_argument("--again", action="store_true", help="repeat what is kept")
    parser.add_argument("--out", type=Path, help="folder for the results")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark, keeping what there is after every problem; return 0."""
    arguments = parse(argv)
    from benchmarks.speed.measure import single_thread

    single_thread()

    import torch

    from benchmarks.stiff import report
    from benchmarks.stiff.problems import measure_problem
    from benchmarks.stiff.rows import TOLERANCES

    torch.set_num_threads(1)
    quick = arguments.quick
    names = arguments.problems or (("hires", "trained-field") if quick else (*CLASSICAL, *TRAINED))
    out = arguments.out or (None if quick else RESULTS)
    kept = report.read(out)
    for name in names:
        kept = report.merged(
            kept,
            measure_problem(
                name,
                (1e-3, 1e-5) if quick else TOLERANCES,
                known=() if arguments.again else kept.keys(),
                words=arguments.solvers or (),
                limit=arguments.limit,
                rounds=1 if quick else arguments.rounds,
                quick=quick,
                say=lambda text: print(text, file=sys.stderr, flush=True),
            ),
        )
        report.write(kept, out)
    print(report.markdown(kept), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
