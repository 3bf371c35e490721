"""Run every suite, ``benchmarks/*/run.py``: ``python -m benchmarks [--quick]``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run all suites one after the other; return 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    arguments = parser.parse_args(argv)
    options = ["--quick"] if arguments.quick else []
    failures = 0
    for script in sorted(Path(__file__).parent.glob("*/run.py")):
        suite = script.parent.name
        print(f"== {suite}", flush=True)
        failures += importlib.import_module(f"benchmarks.{suite}.run").main(options) != 0
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
