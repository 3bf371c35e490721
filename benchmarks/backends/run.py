"""Time the engines beside each other: ``python -m benchmarks.backends [--quick] [--out FOLDER]``.

Prints tables and, unless ``--quick``, keeps ``benchmarks/results/backends.json`` (what is in it is
not measured again) and writes ``backends.md``. An engine that does not run here is named with the
reason.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
THREADS = (1, 2)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    from benchmarks.backends.problems import NAMES

    parser = argparse.ArgumentParser(prog="python -m benchmarks.backends", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes: does it run at all?")
    parser.add_argument("--problem", action="append", choices=NAMES, help="only this one")
    parser.add_argument("--engine", action="append", help="only this one")
    parser.add_argument("--threads", type=int, action="append", help="one and two by default")
    parser.add_argument("--starts", type=int, default=3, help="fresh processes an engine")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds a comparison")
    parser.add_argument("--out", type=Path, help="folder for backends.md and backends.json")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark, keeping what there is after every problem; return 0."""
    arguments = parse(argv)
    from benchmarks.backends import report
    from benchmarks.backends.problems import NAMES
    from benchmarks.backends.suite import engines_here, machine, measured

    quick = arguments.quick
    out = arguments.out or (None if quick else RESULTS)
    engines, absent = engines_here(arguments.engine)
    found = known(out)
    found.update(machine=machine(engines), absent=absent)
    counts = arguments.threads or (THREADS[:1] if quick else THREADS)
    for name in arguments.problem or NAMES:
        for threads in counts:
            key = f"{name}, {threads} thread{'s' if threads > 1 else ''}"
            before = found["rows"].get(key, {}).get("engines", {})
            if all(engine in before for engine in engines):
                continue
            print(f"{key}: {', '.join(engines)}", file=sys.stderr, flush=True)
            found["rows"][key] = measured(
                name,
                engines,
                threads,
                budget=0.2 if quick else arguments.budget,
                starts=(1 if quick else arguments.starts) if threads == counts[0] else 0,
                quick=quick,
            )
            keep(found, out)
    text = report.markdown(found)
    print(text, flush=True)
    if out is not None:
        keep(found, out)
        (out / "backends.md").write_text(text, encoding="utf-8")
    return 0


def known(out: Path | None) -> dict[str, Any]:
    """Return what an earlier run kept."""
    path = None if out is None else out / "backends.json"
    if path is None or not path.is_file():
        return {"rows": {}}
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def keep(found: dict[str, Any], out: Path | None) -> None:
    """Write what there is."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=1) + "\n"
        (out / "backends.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
