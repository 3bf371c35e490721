"""Do the engines agree? ``python -m benchmarks.backends.agreement [--quick] [--out FOLDER]``.

Climbs the ladder on a hybrid model that is trained on measured limonene strains (simulated ones
where those are not to be had), and all but the last level on the problems of the contract tests.
Unless ``--quick``, writes ``agreement_limonene`` (.md, .json, .png) and ``agreement_contract``
(.md, .json) into ``benchmarks/results``. Returns 1 if engines disagree.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from pyscimlode import Adam, FitResult, datasets, fit  # noqa: E402
from pyscimlode.agreement import LEVELS, START_LEVELS, Agreement, Rung, check_engines  # noqa: E402
from pyscimlode.api import crosscheck  # noqa: E402
from pyscimlode.artifacts import atomic_write_text  # noqa: E402
from pyscimlode.errors import DownloadError  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
STEPS_TOO = tuple(level for level in LEVELS if level != "native training")


def main(argv: list[str] | None = None) -> int:
    """Climb the ladders, print and keep them; return 1 if engines disagree."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backends.agreement")
    parser.add_argument("--quick", action="store_true", help="a short training, few levels")
    parser.add_argument("--engine", action="append", help="only this one; all by default")
    parser.add_argument("--level", action="append", choices=LEVELS, help="only these")
    parser.add_argument("--part", choices=("limonene", "contract"), help="only this one")
    parser.add_argument("--out", type=Path, help="folder for the reports")
    arguments = parser.parse_args(argv)
    out = arguments.out or (None if arguments.quick else RESULTS)
    agree = True
    if arguments.part != "contract":
        levels = arguments.level or (START_LEVELS[:3] if arguments.quick else LEVELS)
        found = limonene(arguments.engine, levels, quick=arguments.quick)
        agree &= bool(found)
        print(found, flush=True)
        keep_limonene(found, out)
    if arguments.part != "limonene":
        levels = arguments.level or (START_LEVELS if arguments.quick else STEPS_TOO)
        ladders = contract(arguments.engine, levels, quick=arguments.quick)
        agree &= all(map(bool, ladders.values()))
        text = contract_table(ladders)
        print(text, flush=True)
        keep_contract(ladders, text, out)
    return 0 if agree else 1


def trained(*, quick: bool) -> FitResult:
    """Train a hybrid model on limonene strains L1 and L2, with L3 held out, by the usual recipe."""
    stages = [Adam(5)] if quick else None
    try:
        data = datasets.load("limonene").select(["L1", "L2", "L3"])
        model, test = "hybrid-limonene", "L3"
    except DownloadError:
        data, _ = datasets.benchmark("sim-sparse", n=3)
        model, test = "hybrid-simulated", data.names[2]
    return fit(data, test=test, model=model, ensemble=1, stages=stages, progress=False)


def limonene(engines: Sequence[str] | None, levels: Sequence[str], *, quick: bool) -> Agreement:
    """Return the ladder of the trained model on its first strain."""
    return crosscheck(trained(quick=quick), backends=engines, levels=levels, strains=1)


def contract(
    engines: Sequence[str] | None, levels: Sequence[str], *, quick: bool
) -> dict[str, Agreement]:
    """Return the ladders of the problems that every engine must solve alike."""
    from tests.backends.contract_problems import MAKERS, case

    names = list(MAKERS)[:2] if quick else list(MAKERS)
    return {
        name: check_engines(
            case(name).problem,
            case(name).theta,
            backends=engines,
            levels=levels,
            description=name,
        )
        for name in names
    }


def contract_table(ladders: dict[str, Agreement]) -> str:
    """Return one row a problem and engine, one column a level, as Markdown."""
    first = next(iter(ladders.values()))
    limits = {rung.level: rung.tolerance for rung in first.rungs}
    head = ["problem", "engine", *(f"{name} (<= {limit:.0e})" for name, limit in limits.items())]
    lines = [_line(head), _line(["---"] * 2 + ["---:"] * len(limits))]
    for name, found in ladders.items():
        for engine in found.backends:
            rungs = {rung.level: rung for rung in found.rungs if rung.backend == engine}
            lines.append(_line([name, engine, *(_cell(rungs[level]) for level in limits)]))
    notes = {r.note for found in ladders.values() for r in found.rungs if r.error != r.error}
    return "\n".join(
        [
            "# Agreement of the engines on the problems of the contract tests",
            "",
            f"Largest errors against {first.judge}, float64, rtol 1e-10: fields and losses "
            "relative, trajectories in units of a state's scale, gradients in the Euclidean norm, "
            "parameters after steps absolutely. "
            f"{_versions(first)}",
            "",
            *lines,
            *([""] if notes else []),
            *(f"No answer: {note}" for note in sorted(notes)),
            "",
        ]
    )


def keep_limonene(found: Agreement, out: Path | None) -> None:
    """Write the ladder as text, JSON and figure."""
    if out is None:
        return
    import matplotlib

    matplotlib.use("Agg")
    out.mkdir(parents=True, exist_ok=True)
    text = f"# Agreement of the engines on a trained limonene model\n\n{_versions(found)}\n\n"
    atomic_write_text(out / "agreement_limonene.md", f"{text}```\n{found!r}\n```\n")
    found.to_json(out / "agreement_limonene.json")
    found.plot().savefig(out / "agreement_limonene.png", dpi=150)


def keep_contract(ladders: dict[str, Agreement], text: str, out: Path | None) -> None:
    """Write the table and all ladders."""
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    atomic_write_text(out / "agreement_contract.md", text)
    data = {name: json.loads(found.to_json()) for name, found in ladders.items()}
    atomic_write_text(out / "agreement_contract.json", json.dumps(data, indent=1) + "\n")


def _versions(found: Agreement) -> str:
    words = [
        f"{engine}: {', '.join(f'{name} {number}' for name, number in versions.items())}"
        for engine, versions in found.versions.items()
    ]
    return (
        "Produced by `python -m benchmarks.backends.agreement`. Versions: " + "; ".join(words) + "."
    )


def _cell(rung: Rung) -> str:
    if rung.verdict in ("failed", "not run"):
        return rung.verdict
    return f"{rung.error:.1e}" + ("" if rung.verdict == "agrees" else " **differs**")


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
