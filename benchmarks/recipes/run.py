"""Compare recipes for pooled strains: ``python -m benchmarks.recipes [--quick] [--out FOLDER]``.

Prints a table and, unless ``--quick``, keeps ``benchmarks/results/recipes.json`` (scores, variant
by variant: those that are in it are not computed again) and writes ``recipes.md``. Needs the
measured data (see ``pyscimlode.datasets.load``).
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results"
STRAINS = ("L1", "L2", "L3", "I1", "I2", "I3")
NOTE = (
    "Hybrid model of the limonene, isopentenol and bisabolene strains pooled (`pooled7`), clean "
    "NRMSE. A variant says what the network sees, the initial enzyme exponent, the weight decay "
    "and the steps of Adam. **Inner**: two strains are left out and one of them is scored, in "
    "units of the strains that remain of its pathway; mean over {inner} seeds. **Held out**: the "
    "protocol's own folds, mean and sd over {outer} seeds, then the ensemble; computed for "
    "variants that an inner score chooses and for the default. Tolerance 1e-3, single precision."
)
NESTED = (
    "**Nested**: for each held-out strain the variant with the lowest inner score that does not "
    "know this strain ({chosen}): {mean:.3f} ± {sd:.3f}, ensemble {ensemble:.3f}. This is what "
    "the choice among these variants scores on strains that had no part in it; the score of the "
    "default itself is optimistic, because its inner scores know all six strains."
)


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark, keeping what there is after every variant; return 0."""
    from benchmarks.recipes.study import VARIANTS, choice, inner_scores, outer_scores
    from pyscimlode.errors import DataWarning, DownloadError

    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it run at all?")
    parser.add_argument("--out", type=Path, help="folder for the results")
    arguments = parser.parse_args(argv)
    warnings.simplefilter("ignore", DataWarning)
    quick = arguments.quick
    out = arguments.out or (None if quick else RESULTS)
    strains = STRAINS[:2] if quick else STRAINS
    variants = {str(variant): variant for variant in (VARIANTS[-2:] if quick else VARIANTS)}
    seeds = {"inner": 1, "outer": 1} if quick else {"inner": 2, "outer": 3}
    found = known(out)
    try:
        for name, variant in variants.items():
            if name not in found["inner"]:
                found["inner"][name] = inner_scores(variant, strains, seeds["inner"], quick)
                keep(found, out)
        inner = {name: found["inner"][name] for name in variants}
        chosen = {strain: choice(inner, strain) for strain in strains}
        for name in dict.fromkeys([*chosen.values(), str(VARIANTS[-1])]):
            if name not in found["outer"]:
                variant = variants[name]
                found["outer"][name] = outer_scores(variant, strains, seeds["outer"], quick)
                keep(found, out)
    except DownloadError as error:
        print(f"Left out: {error}", file=sys.stderr, flush=True)
        return 0
    text = report(inner, found["outer"], chosen, seeds)
    print(text, flush=True)
    if out is not None:
        (out / "recipes.md").write_text(text, encoding="utf-8")
    return 0


def known(out: Path | None) -> dict[str, Any]:
    """Return the scores that an earlier run kept."""
    path = None if out is None else out / "recipes.json"
    if path is None or not path.is_file():
        return {"inner": {}, "outer": {}}
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def keep(found: Mapping[str, Any], out: Path | None) -> None:
    """Write the scores that there are."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        text = json.dumps(found, indent=1) + "\n"
        (out / "recipes.json").write_text(text, encoding="utf-8")


def report(
    inner: Mapping[str, Any],
    outer: Mapping[str, Any],
    chosen: Mapping[str, str],
    seeds: Mapping[str, int],
) -> str:
    """Return the table, and what the nested choice scores."""
    from benchmarks.recipes.study import inner_mean

    head = "| variant | inner | held out | sd | ensemble |\n|---|---|---|---|---|"
    lines = [
        f"| {name} | {inner_mean(inner[name]):.3f} | {' | '.join(cells(outer.get(name)))} |"
        for name in inner
    ]
    picked = [outer[name][strain] for strain, name in chosen.items()]
    mean, sd, ensemble = summary(picked)
    words = "; ".join(f"{strain}: {name}" for strain, name in chosen.items())
    nested = NESTED.format(chosen=words, mean=mean, sd=sd, ensemble=ensemble)
    table = "\n".join([head, *lines])
    return "\n\n".join(["# Recipes for pooled strains", NOTE.format(**seeds), table, nested]) + "\n"


def cells(scores: Mapping[str, Any] | None) -> list[str]:
    """Return mean, sd and ensemble of a variant as text."""
    if scores is None:
        return ["", "", ""]
    return [f"{value:.3f}" for value in summary(list(scores.values()))]


def summary(folds: list[Any]) -> tuple[float, float, float]:
    """Return mean and sd over seeds, and the ensembles' mean, over folds ``(seeds, ensemble)``."""
    by_seed = np.array([seeds for seeds, _ in folds]).mean(axis=0)
    return float(by_seed.mean()), float(by_seed.std()), float(np.mean([e for _, e in folds]))


if __name__ == "__main__":
    sys.exit(main())
