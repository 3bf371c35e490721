"""Score forecasts: ``python -m benchmarks.accuracy [--quick] [--board NAME ...]``.

Prints a table a board and, unless ``--quick``, writes ``benchmarks/results/accuracy-NAME.md`` and
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
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    out = arguments.out or (None if arguments.quick else RESULTS)
    for name in arguments.board or BOARDS:
        started = time.perf_counter()
        try:
            board: Board = BOARDS[name](arguments.quick)
        except DownloadError as error:
            print(f"Board {name!r} is left out: {error}", file=sys.stderr, flush=True)
            continue
        seconds = time.perf_counter() - started
        print(markdown(board, seconds), flush=True)
        if out is not None:
            write(board, seconds, out)
    return 0


def write(board: Any, seconds: float, out: Path) -> None:
    """Write a board as Markdown and JSON."""
    out.mkdir(parents=True, exist_ok=True)
    data = json.dumps({**vars(board), "seconds": round(seconds, 1)}, indent=1, default=float)
    (out / f"accuracy-{board.name}.json").write_text(data + "\n", encoding="utf-8")
    text = markdown(board, seconds)
    (out / f"accuracy-{board.name}.md").write_text(text, encoding="utf-8")


def markdown(board: Any, seconds: float) -> str:
    """Return a board as a Markdown table."""
    lines = [f"# {board.title}", "", board.note, ""]
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
