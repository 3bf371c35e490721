"""Search with TPOT: ``python -m benchmarks.tpot [--minutes 15] [--quick] [--board NAME ...]``.

Prints two tables a board and, unless ``--quick``, writes ``benchmarks/results/tpot.md`` and
``.json`` after every board; boards that are not run keep what is written there. ``--minutes`` are
for each board, on one core. Without TPOT (extra ``tpot``) or the measured data nothing is run, and
that is said.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import warnings
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
VERSIONS = ("tpot", "dask", "scikit-learn", "pandas", "numpy")
TITLE = "# What TPOT finds within a budget"
NOTE = (
    "One search a metabolite, {generations} generations of {population} pipelines as published "
    "(Costello & Garcia Martin 2018), at most {minutes:.3g} minutes for all of them and "
    "{evaluation:g} s to compare one pipeline. Pipelines are compared by cross-validation over "
    "strains. Trained on {train}; tested on {test}. {unit}"
)
UNITS = {
    True: "NRMSE in units of the standard deviation over the test strains, hourly and free of "
    "noise.",
    False: "NRMSE at measured points after the start, in units of the standard deviation over the "
    "pathway's three strains; clean: without copied and detection-limit columns; RMSE: mean over "
    "metabolites, raw units. The published RMSEs are of a forecast at 200 interpolated points.",
}
MODEL_COLUMNS = {"model": "", "nrmse_clean": "NRMSE clean", "nrmse_all": "all", "rmse": "RMSE"}
METABOLITE_COLUMNS = {
    "state": "metabolite",
    "steps": "best pipeline",
    "generations": "generations",
    "evaluated": "compared",
    "seconds": "s",
    "cv_rmse": "CV RMSE",
    "cv_relative": "/ sd of dz/dt",
    "nrmse": "NRMSE",
    "rmse": "RMSE",
    "rmse_trees": "extra trees",
    "rmse_persistence": "persistence",
    "published_rmse": "published TPOT",
}


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    from benchmarks.tpot.boards import BOARDS, QUICK, Budget, run
    from pyscimlode.errors import DataWarning, DownloadError, MissingDependencyError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.tpot", description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0, help="for each board; 15 by default")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--board", action="append", choices=BOARDS, help="only these")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    budget = QUICK if arguments.quick else replace(Budget(), seconds=60.0 * arguments.minutes)
    out = arguments.out or (None if arguments.quick else RESULTS)
    for board in arguments.board or BOARDS:
        started = time.perf_counter()
        try:
            found = run(board, budget)
        except (DownloadError, MissingDependencyError) as error:
            print(f"Board {board!r} is left out: {error}", file=sys.stderr, flush=True)
            continue
        found |= {"wall_seconds": time.perf_counter() - started, "machine": machine()}
        print(markdown(found), flush=True)
        if out is not None:
            write(found, out)
    return 0


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }


def write(found: dict[str, Any], out: Path) -> None:
    """Write a board beside those that are written already."""
    from benchmarks.tpot.boards import BOARDS
    from pyscimlode.artifacts import atomic_write_text

    out.mkdir(parents=True, exist_ok=True)
    path = out / "tpot.json"
    boards = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    boards[found["board"]] = found
    ordered = {name: boards[name] for name in BOARDS if name in boards}
    atomic_write_text(path, json.dumps(ordered, indent=1) + "\n")
    parts = [TITLE, *(markdown(board) for board in ordered.values())]
    atomic_write_text(out / "tpot.md", "\n\n".join(part.strip() for part in parts) + "\n")


def markdown(found: dict[str, Any]) -> str:
    """Return a board as Markdown."""
    budget, env = found["budget"], found["machine"]
    note = NOTE.format(
        **{**budget, "minutes": budget["seconds"] / 60.0},
        train=", ".join(found["train"]),
        test=", ".join(found["test"]),
        unit=UNITS[found["board"] == "sim-sparse"],
    )
    packages = ", ".join(f"{name} {env[name]}" for name in ("python", *VERSIONS))
    ran = (
        f"{found['seconds']:.0f} s of search, in which the busy machine gave it "
        f"{found['cpu_seconds']:.0f} s of one of {env['cores']} cores (load {env['load']}); "
        f"{packages}."
    )
    middle = median(row["nrmse"] for row in found["metabolites"])
    remarks = [f"Median NRMSE of what TPOT found over metabolites: {middle:.3g}."]
    stand_ins = [row["state"] for row in found["metabolites"] if row["stand_in"]]
    if stand_ins:
        remarks.append(f"No pipeline was found for {', '.join(stand_ins)}.")
    return "\n\n".join(
        [
            f"## {found['board']}",
            note,
            _table(found["scores"], MODEL_COLUMNS),
            _table(found["metabolites"], METABOLITE_COLUMNS),
            " ".join([*remarks, *found["notes"], ran]),
        ]
    )


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> str:
    lines = ["| " + " | ".join(columns.values()) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(_cell(row[key]) for key in columns) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
