"""Score forecasts: ``python -m benchmarks.accuracy [--quick] [--board NAME ...]``.

Prints a table a board and, unless ``--quick``, writes ``benchmarks/results/accuracy.md`` and
``.json``. The boards ``own`` and ``identity`` need the measured data (see
``pyscimlode.datasets.load``) and are left out, with a remark, where these are not to be had.
"""

from __future__ import annotations

import argparse
import json
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
    from benchmarks.accuracy.boards import BOARDS, Board
    from pyscimlode.errors import DataWarning, DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--board", action="append", choices=tuple(BOARDS), help="only these")
    parser.add_argument("--out", type=Path, help="folder for accuracy.md and accuracy.json")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    texts, found = [], []
    for name in arguments.board or BOARDS:
        started = time.perf_counter()
        try:
            board: Board = BOARDS[name](arguments.quick)
        except DownloadError as error:
            print(f"Board {name!r} is left out: {error}", file=sys.stderr, flush=True)
            continue
        seconds = time.perf_counter() - started
        texts.append(markdown(board, seconds))
        found.append({**vars(board), "seconds": round(seconds, 1)})
        print(texts[-1], flush=True)
    out = arguments.out or (None if arguments.quick or arguments.board else RESULTS)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        head = "# Accuracy of forecasts\n\n"
        (out / "accuracy.md").write_text(head + "\n".join(texts), encoding="utf-8")
        (out / "accuracy.json").write_text(
            json.dumps(found, indent=1, default=float) + "\n", encoding="utf-8"
        )
    return 0


def markdown(board: Any, seconds: float) -> str:
    """Return a board as a Markdown table."""
    lines = [f"## {board.title}", "", board.note, ""]
    lines.append("| " + " | ".join(board.columns) + " |")
    lines.append("|" + "---|" * len(board.columns))
    for row in board.rows:
        cells = [_cell(value) for value in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", f"{seconds:.0f} s.", ""])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= 5e-4 else f"{value:.0e}"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
