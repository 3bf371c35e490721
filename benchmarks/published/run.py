"""Reproduce Tables III, IV and V: ``python -m benchmarks.published [--quick] [--parts FOLDER]``.

Prints all tables and notes and, unless ``--quick``, writes ``benchmarks/results/published-tables``
as Markdown and JSON. The measured data are needed (see ``pyscimlode.datasets.load``); without them
nothing is done, with a remark.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
NAME = "published-tables"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    import pyscimlode
    from pyscimlode.artifacts import atomic_write_text
    from pyscimlode.errors import DataWarning, DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.published", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--parts", type=Path, help="folder that finished batches are kept in")
    parser.add_argument("--resume", action="store_true", help="go on with what --parts holds")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    try:
        reproduction = pyscimlode.reproduce(
            quick=arguments.quick, out=arguments.parts, resume=arguments.resume
        )
    except DownloadError as error:
        print(f"The published tables are left out: {error}", file=sys.stderr, flush=True)
        return 0
    print(reproduction.to_markdown(), flush=True)
    out = arguments.out or (None if arguments.quick else RESULTS)
    if out is not None:
        atomic_write_text(out / f"{NAME}.md", reproduction.to_markdown())
        reproduction.to_json(out / f"{NAME}.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
