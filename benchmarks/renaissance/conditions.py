"""Which conditions of a training matter: density, steady state, batch, float width, fallback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import DENSITY, Trained, trained
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.report import percent, table
from pyscimlode.kinetics import THRESHOLD, KineticEvaluator, UniformSearch

FloatArray = npt.NDArray[np.float64]
DENSITIES = (100.0, 150.0, 200.0, 250.0, 300.0, 419.9)
MODELS = 1000
PER_STATE = 50
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
SHORT = 10
"""Generations of a training at another steady state."""


@dataclass(frozen=True)
class Conditions:
    """Blocks of text and the data behind them."""

    blocks: Sequence[str]
    data: Mapping[str, Any]


def run(kept: Kept, quick: bool) -> Conditions:
    """Measure what a change of each condition does."""
    models = 50 if quick else MODELS
    case = cases.largest(quick)
    base = trained(quick=quick)
    row = partial(_sampling, base, models)
    data: dict[str, Any] = {"sampling": kept(f"{case}: sampling", row)}
    blocks = [
        "## Conditions",
        "The generator of the published recipe, seed 0, asked in other ways.",
        _sampling_table(data["sampling"], models),
    ]
    if cases.states(case) and not quick:
        states = kept(f"{case}: states", partial(_states, case, base))
        data["states"] = states
        chosen = {name: states[name] for name in ("slowest", "median", "fastest")}
        runs = {name: trained(state=index, generations=SHORT) for name, index in chosen.items()}
        data["other states"] = {
            name: {
                "state": chosen[name],
                "population": found.result.incidence.mean(axis=1).tolist(),
                "cpu_seconds": found.cpu_seconds,
            }
            for name, found in runs.items()
        }
        blocks += [*_states_text(states), _runs_table(data["other states"])]
    return Conditions(blocks, data)


def _sampling(base: Trained, models: int) -> Row:
    ln_km = base.sample(models)
    lambda_max = base.evaluator.evaluate(ln_km).lambda_max
    generator, theta = base.generator, base.theta
    single = generator.sample(theta, models, 1000, dtype="float32")
    large = generator.sample(theta, models, 1000, batch=models)
    return {
        "densities": {
            f"{density:g}": float((lambda_max * density / DENSITY <= THRESHOLD).mean())
            for density in DENSITIES
        },
        "float32": base.evaluator.evaluate(single).incidence,
        "float32_largest_change": float(np.abs(single - ln_km).max()),
        "one_batch": base.evaluator.evaluate(large).incidence,
    }


def _sampling_table(row: Row, models: int) -> str:
    lines = [
        (f"density {density} gDW/L (lambda scales with it)", percent(share))
        for density, share in row["densities"].items()
    ]
    change = row["float32_largest_change"]
    lines += [
        (f"in float32 (ln KM within {change:.1e})", percent(row["float32"])),
        (f"all {models} models as one batch, instead of 100 a batch", percent(row["one_batch"])),
    ]
    return table(("condition", "valid"), lines)


def _states(case: str, base: Trained) -> Row:
    """Return how KM that are not trained, and those trained at the case's state, do elsewhere."""
    found: dict[str, list[float]] = {"uniform": [], "trained": []}
    fastest = []
    for number, state in enumerate(cases.states(case)):
        evaluator = KineticEvaluator(base.evaluator.network, state.with_density(DENSITY))
        random = evaluator.evaluate(UniformSearch(PER_STATE)(evaluator, number))
        made = evaluator.evaluate(base.sample(PER_STATE))
        found["uniform"].append(random.incidence)
        found["trained"].append(made.incidence)
        fastest.append(float(np.median(made.lambda_max)))
    order = np.argsort(fastest)
    return {
        "count": len(order),
        "trained": np.quantile(found["trained"], QUANTILES).tolist(),
        "uniform": np.quantile(found["uniform"], QUANTILES).tolist(),
        "median_lambda_max": np.quantile(fastest, QUANTILES).tolist(),
        "slowest": int(order[-1]),
        "median": int(order[len(order) // 2]),
        "fastest": int(order[0]),
    }


def _states_text(row: Row) -> list[str]:
    head = ["quantile over the states", *(f"{q:g}" for q in QUANTILES)]
    speed = [f"{value:.3g}" for value in row["median_lambda_max"]]
    lines = [
        ("valid, KM uniform in ln", *map(percent, row["uniform"])),
        ("valid, this generator", *map(percent, row["trained"])),
        ("its median lambda_max (1/h)", *speed),
    ]
    return [
        f"The same at the {row['count']} other steady states of the case, {PER_STATE} models each "
        f"at {DENSITY:g} gDW/L, not trained there:",
        table(head, lines),
        f"Trained anew with the published recipe at three of them, {SHORT} generations, seed 0 "
        "(chosen by the median lambda_max above):",
    ]


def _runs_table(runs: Mapping[str, Any]) -> str:
    lines = [
        (
            name,
            run["state"],
            *(percent(run["population"][g - 1]) for g in (1, 2, 5, SHORT)),
            f"{run['cpu_seconds']:.0f}",
        )
        for name, run in runs.items()
    ]
    head = ("state", "number", "generation 1", "2", "5", f"{SHORT}", "CPU s")
    return table(head, lines)
