"""Score forecasts: ``python -m benchmarks.accuracy [--quick] [--board NAME ...]``.

Prints the tables of each board (``pyscimlode compare`` with the published sizes) and, unless
``--quick``, writes ``benchmarks/results/accuracy-NAME.md`` and ``.json``. With ``--keep FOLDER``
every model is kept there as soon as it is done, and a board that was interrupted goes on. The
measured boards and ``identity`` are left out, with a remark, where their data are not to be had.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; return 0."""
    from benchmarks.accuracy import identity
    from benchmarks.accuracy.boards import BOARDS
    from pyscimlode.errors import DataWarning, DownloadError

    names = (*BOARDS, identity.NAME)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--board", action="append", choices=names, help="only these")
    parser.add_argument("--model", action="append", help="only these models")
    parser.add_argument("--out", type=Path, help="folder for the results")
    parser.add_argument("--keep", type=Path, help="folder to keep forecasts in, and to go on from")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    out = arguments.out or (None if arguments.quick else RESULTS)
    for name in arguments.board or names:
        started = time.perf_counter()
        keep = None if arguments.keep is None else arguments.keep / name
        try:
            if name == identity.NAME:
                board: Any = identity.run(arguments.quick)
                note, data = "", vars(board)
            else:
                spec = BOARDS[name]
                board = spec.run(quick=arguments.quick, keep=keep, models=arguments.model or ())
                note, data = spec.note, _data(board)
                started = time.perf_counter() - _trained(board)
        except DownloadError as error:
            print(f"Board {name!r} is left out: {error}", file=sys.stderr, flush=True)
            continue
        seconds = time.perf_counter() - started
        text = f"{board.to_markdown()}\n{note} {_made(seconds)}\n".replace("\n ", "\n")
        print(text, flush=True)
        if out is not None:
            write(out / f"accuracy-{name}", text, {**data, "seconds": round(seconds, 1)})
    return 0


def write(stem: Path, text: str, data: dict[str, Any]) -> None:
    """Write a board as Markdown and JSON."""
    from pyscimlode.boards.files import plain

    stem.parent.mkdir(parents=True, exist_ok=True)
    described = json.dumps(plain(data), indent=1)
    Path(f"{stem}.json").write_text(described + "\n", encoding="utf-8")
    Path(f"{stem}.md").write_text(text, encoding="utf-8")


def _data(comparison: Any) -> dict[str, Any]:
    """Return summary, scores of every task and settings as JSON data, without the forecasts."""
    tasks = {protocol: comparison.by_task(protocol).to_dict() for protocol in comparison.protocols}
    settings = {key: what for key, what in comparison.settings.items() if key != "cells"}
    return {
        "summary": comparison.summary().to_dict(orient="records"),
        "tasks": tasks,
        "settings": settings,
        "warnings": [str(warning) for warning in comparison.warnings],
    }


def _trained(comparison: Any) -> float:
    """Return the seconds of all models, those of earlier runs included."""
    seconds = comparison.settings["seconds"].values()
    return sum(spent for of_task in seconds for spent in of_task.values())


def _made(seconds: float) -> str:
    threads = os.environ.get("OMP_NUM_THREADS", "all")
    return f"{seconds:.0f} s, {os.cpu_count()} cores ({platform.machine()}), {threads} thread(s)."


if __name__ == "__main__":
    sys.exit(main())
