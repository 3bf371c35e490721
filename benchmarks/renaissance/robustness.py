"""Do models return after all their concentrations were perturbed? Beside the article's shares."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.renaissance.generators import GRADIENT
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.models import (
    COFACTORS,
    LABELS,
    NAMES,
    case_name,
    generator,
    valid_models,
)
from benchmarks.renaissance.report import ARTICLE, Report, percent, table
from pyscimlode.kinetics import Robustness, Watched, assess_robustness, compartment_species
from pyscimlode.plots import plot_robustness

TIMES_MIN = (24.0, 34.0, 60.0)
TOLERANCES = (0.05, float(np.exp(-1.0)))
CYTOSOL = "all cytosol"
PUBLISHED = {
    ("growth", 24.0): 1.0,
    ("ATP", 24.0): 0.999,
    ("NADH", 24.0): 0.999,
    ("NADPH", 24.0): 1.0,
    (CYTOSOL, 24.0): 0.754,
    (CYTOSOL, 34.0): 0.931,
}
"""Shares of the article."""
MODELS = 120
LATE = 6
ENDS = 40


@dataclass(frozen=True)
class Condition:
    """One row group of the tables."""

    recipe: str
    density: float
    amplitude: float
    perturbations: int = 1
    seed: int = 0

    @property
    def title(self) -> str:
        """In tables."""
        seed = f", seed {self.seed}" if self.seed else ""
        return f"{LABELS[self.recipe]}, {self.density:g} gDW/L, ±{self.amplitude:.0%}{seed}"


CONDITIONS = (
    Condition("published", 300.0, 0.5, 2),
    Condition(GRADIENT, 300.0, 0.5, 2),
    Condition("published", 419.9, 0.5),
    Condition("published", 300.0, 0.25),
    Condition(GRADIENT, 300.0, 0.25),
)
OTHERS = (
    Condition("published", 300.0, 0.5, seed=1),
    Condition("published", 300.0, 0.5, seed=2),
    Condition("default", 300.0, 0.5),
    Condition("default", 300.0, 0.5, seed=1),
    Condition(GRADIENT, 300.0, 0.5, seed=1),
    Condition(GRADIENT, 300.0, 0.5, seed=2),
)
"""Generators of other seeds and of the default recipe."""
ASKED = (*PUBLISHED, ("growth", 60.0), (CYTOSOL, 60.0))
NOTE = (
    "All dynamic concentrations are perturbed at once, uniformly within the amplitude and with the "
    "totals of the conserved moieties kept (hit-and-run); every model has perturbations of its "
    "own. A run counts as returned at a time when max abs(x/x_ss - 1) of the quantity is within "
    "the tolerance at that time; a failed integration counts as not returned. `every` counts "
    "models that returned from every one of their perturbations. Models are the first valid ones "
    "(lambda_max <= -2.5/h) of fresh samples."
)
DIFFERENCES = """The article does not say with which tolerance it counts, and its code computes
paths and no shares; both tolerances are therefore given (5 %, and 1/e, what is left after one
time constant). Its text says ±50 %, the published configuration perturbs by 25 %. The eigenvalues
hold close to the steady state alone: a run that does not return has left its basin, and validity
does not say how large that is. What such runs end at is in the table above: growth takes 29
substrates at once, so that the first of them that runs empty stops it, and the others, which
little else takes, pile up. A likely reason is the state of the case file, a solution of a linear
programme: 21 of the 29 are below 1e-3 mM (glutamine at 2e-5 mM, where E. coli has millimoles),
and pools so small turn over within milliseconds. The states of the article come from omics data,
and are not published with its code. Generators that were trained through the eigenvalue make
faster models, and more of those return."""


def run(kept: Kept, quick: bool) -> Report:
    """Perturb and follow the models of every condition."""
    case = case_name(quick)
    conditions = CONDITIONS[:2] if quick else CONDITIONS
    others = OTHERS[2:3] if quick else OTHERS

    def measured(chosen: tuple[Condition, ...]) -> dict[str, Row]:
        return {
            c.title: kept(f"{case}: {c.title}", partial(_measure, c, case, quick)) for c in chosen
        }

    rows, more = measured(conditions), measured(others)
    ends = {
        c.title: kept(f"{case}: ends, {c.title}", partial(_ends, c, quick)) for c in conditions[:2]
    }
    blocks = [
        ARTICLE,
        NOTE,
        *(f"## Tolerance {t:.3g}\n\n{_shares(rows, t)}" for t in TOLERANCES),
        f"## Other generators\n\n{_others({**rows, **more})}",
        f"## Runs\n\n{_runs({**rows, **more})}",
        f"## What is late\n\n{_late(rows)}",
        f"## Where runs end that do not return\n\n{_end_table(ends)}",
        "## Differences\n\n" + DIFFERENCES.replace("\n", " "),
    ]
    figures = {
        f"robustness-{LABELS[c.recipe].lower()}": plot_robustness(_result(rows[c.title]))
        for c in conditions[:2]
    }
    data = {
        title: {k: v for k, v in row.items() if k != "ratios"}
        for title, row in {**rows, **more}.items()
    }
    return Report(f"Robustness of `{case}`", blocks, {**data, "ends": ends}, figures)


def _measure(condition: Condition, case: str, quick: bool) -> Row:
    found = generator(condition.recipe, condition.density, seed=condition.seed, quick=quick)
    models, each = 3 if quick else MODELS, condition.perturbations
    ln_km, lambda_max = valid_models(found, models)
    names = NAMES[case]
    cytosol = compartment_species(found.evaluator.network, "c")
    main = [
        Watched("growth", reactions=(names.growth,)),
        *(Watched(name, (names.species[name],)) for name in COFACTORS),
        Watched(CYTOSOL, cytosol),
    ]
    before = time.process_time()
    result = assess_robustness(
        found.evaluator,
        ln_km,
        [*main, *(Watched(name, (name,)) for name in cytosol)],
        perturbations=each,
        amplitude=condition.amplitude,
        times_min=TIMES_MIN,
        seed=1,
        progress=True,
    )
    seconds = time.process_time() - before
    shares = result.table(TOLERANCES)
    singles = shares[shares["watched"].isin(cytosol) & (shares["tolerance"] == TOLERANCES[0])]
    late = singles[singles["time_min"] == TIMES_MIN[0]].sort_values("returned").head(LATE)
    return {
        "case": case,
        "recipe": condition.recipe,
        "density": condition.density,
        "amplitude": condition.amplitude,
        "models": models,
        "perturbations": each,
        "lambda_max": [float(np.quantile(lambda_max, q)) for q in (0.0, 0.5, 1.0)],
        "cpu_seconds": seconds,
        "failures": {f"{i}, {j}": text for (i, j), text in result.failures.items()},
        "shares": shares[shares["watched"].isin([w.name for w in main])].to_dict("records"),
        "late": dict(zip(late["watched"], late["returned"].tolist(), strict=True)),
        "times_min": result.times_min.tolist(),
        "ratios": _kept_ratios(result, len(main)),
    }


def _ends(condition: Condition, quick: bool) -> Row:
    """Return what has changed most after an hour in runs that did not return."""
    found = generator(condition.recipe, condition.density, quick=quick)
    network = found.evaluator.network
    ln_km, _ = valid_models(found, 3 if quick else ENDS)
    species = [Watched(name, (name,)) for name in network.dynamic_ids]
    result = assess_robustness(
        found.evaluator,
        ln_km,
        species,
        perturbations=1,
        amplitude=condition.amplitude,
        times_min=TIMES_MIN,
        seed=2,
    )
    last = result.ratios[:, 0, -1]
    last = last[np.isfinite(last).all(axis=1)]
    lost = last[(np.abs(last - 1.0) > TOLERANCES[1]).any(axis=1)]
    middle = np.median(lost, axis=0) if len(lost) else np.ones(last.shape[1])
    order = np.argsort(middle)
    chosen = [*order[:LATE], *order[: -LATE - 1 : -1]]
    return {
        "runs": len(result.ratios),
        "followed": len(last),
        "lost": len(lost),
        "median": {network.dynamic_ids[k]: float(f"{middle[k]:.2g}") for k in chosen},
    }


def _end_table(rows: dict[str, Row]) -> str:
    lines = []
    for title, row in rows.items():
        items = list(row["median"].items())
        parts = [
            ", ".join(f"{name} {value:.2g}" for name, value in half)
            for half in (items[:LATE], items[LATE:])
        ]
        lines.append([title, f"{row['lost']} of {row['followed']}", *parts])
    head = ["models of", "not back within 1/e at 60 min", "emptied: median x / x_ss", "piled up"]
    return table(head, lines)


def _kept_ratios(result: Robustness, main: int) -> list[Any]:
    """Return the paths of the main quantities, with four digits; None where a run failed."""
    ratios = result.ratios[..., :main]
    short = np.array([float(f"{x:.4g}") for x in ratios.ravel()]).reshape(ratios.shape)
    return [
        [None if not np.isfinite(path).all() else path.tolist() for path in model]
        for model in short
    ]


def _result(row: Row) -> Robustness:
    """Return the paths of a row that was kept."""
    watched = ("growth", *COFACTORS, CYTOSOL)
    lost = np.full((len(row["times_min"]), len(watched)), np.nan).tolist()
    ratios = np.array([[lost if p is None else p for p in model] for model in row["ratios"]])
    times = np.array(row["times_min"])
    return Robustness(watched, TIMES_MIN, times, ratios, {}, row["amplitude"])


def _others(rows: dict[str, Row]) -> str:
    """Return one line a generator: what came back within 5 %."""
    lines = [["article", *(percent(PUBLISHED.get(key)) for key in ASKED)]]
    for title, row in rows.items():
        found = [_share(row, name, time_min, TOLERANCES[0]) for name, time_min in ASKED]
        lines.append([title, *(percent(share["returned"]) for share in found)])
    return table(["models of", *(f"{name}, {time_min:g} min" for name, time_min in ASKED)], lines)


def _share(row: Row, name: str, time_min: float, tolerance: float) -> Row:
    key = (name, time_min, tolerance)
    return next(s for s in row["shares"] if (s["watched"], s["time_min"], s["tolerance"]) == key)


def _shares(rows: dict[str, Row], tolerance: float) -> str:
    lines = []
    for time_min in TIMES_MIN:
        for name in ("growth", *COFACTORS, CYTOSOL):
            found = [_share(row, name, time_min, tolerance) for row in rows.values()]
            cells = [f"{percent(s['returned'])} ({percent(s['every'])})" for s in found]
            lines.append([f"{time_min:g}", name, percent(PUBLISHED.get((name, time_min))), *cells])
    return table(["min", "quantity", "article", *(f"{t} (every)" for t in rows)], lines)


def _runs(rows: dict[str, Row]) -> str:
    lines = [
        [
            title,
            row["models"],
            row["models"] * row["perturbations"],
            len(row["failures"]),
            " / ".join(f"{x:.2f}" for x in row["lambda_max"]),
            f"{row['cpu_seconds'] / (row['models'] * row['perturbations']):.2f}",
        ]
        for title, row in rows.items()
    ]
    head = ["models of", "models", "runs", "failed", "lambda_max, least / median / largest"]
    text = table([*head, "CPU s a run"], lines)
    said = [
        f"- {title}, model and perturbation {place}: {why}"
        for title, row in rows.items()
        for place, why in row["failures"].items()
    ]
    return text + ("\n\nFailed integrations:\n\n" + "\n".join(said) if said else "")


def _late(rows: dict[str, Row]) -> str:
    lines = [
        [title, ", ".join(f"{name} {percent(share)}" for name, share in row["late"].items())]
        for title, row in rows.items()
    ]
    return table(["models of", "cytosolic species that return least often (24 min, 5 %)"], lines)
