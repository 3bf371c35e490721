"""Which steady states have fast models, and where do they lie?"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import DENSITY, GRADIENT
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.models import LABELS, case_name, generator
from benchmarks.renaissance.report import ARTICLE, Report, percent, table
from pyscimlode.kinetics import (
    THRESHOLD,
    GeneratorSearch,
    KineticNetwork,
    Landscape,
    SteadyState,
    UniformSearch,
    embed,
    never_fast,
    perturbed,
    polar_view,
    scan_landscape,
)
from pyscimlode.plots import plot_landscape

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
MODELS = 60
LIMITS = (THRESHOLD, -10.0, -15.0, -25.0)
QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
BINS = 8
SHOWN = 8
FASTEST_SHARE = 0.25
UNIFORM = "uniform"
SEARCHES = {UNIFORM: UNIFORM, "published": LABELS["published"], GRADIENT: LABELS[GRADIENT]}
NOTE = (
    "Models at one density, {density:g} gDW/L, {models} at each state and the same KM at every "
    "state: uniform in ln over the published range, or made by a generator that was trained on the "
    "state of the case file. The fastest of them stands for its state. `never fast` means: not "
    "found by this search."
)
DIFFERENCES = """The article looks at 5,000 states that are consistent with its omics data, and
trains generators on them; the states here lie around the one of the case file, and the generators
see none of them. They are so alike that models of one state are valid at all of them, and what
differs between states is how fast their fastest model is: `never fast` is therefore asked of the
fastest quarter. The published code has no map; PCA, t-SNE and the polar view follow the article's
words. Few of the ranges without a fast model are likelier than chance makes them."""


def run(kept: Kept, quick: bool) -> Report:
    """Search all states, and map them by their concentrations."""
    case = case_name(quick)
    network, states = cases.read(case).network, _states(case, quick)
    rows = {
        name: kept(f"{case}: {label}", partial(_measure, name, case, quick))
        for name, label in SEARCHES.items()
    }
    found = {name: _landscape(row, network, states) for name, row in rows.items()}
    chosen = found["published"]
    limit = _limit(chosen)
    strict = replace(chosen, threshold=limit)
    ranges = never_fast(strict, bins=3 if quick else BINS)
    blocks = [
        ARTICLE,
        NOTE.format(density=DENSITY, models=rows[UNIFORM]["models"]),
        f"## How fast\n\n{_speeds(rows)}",
        f"## Agreement of the searches\n\n{_agreement(found)}",
        f"## Where the slow states lie\n\n{_polar(chosen)}",
        f"## Ranges without one of the fastest quarter (at most {limit:.2f}/h)\n\n"
        + _ranges(ranges, len(states)),
        "## Differences\n\n" + DIFFERENCES.replace("\n", " "),
    ]
    places = embed(chosen)
    figures = {
        f"landscape-{SEARCHES[name].lower()}": plot_landscape(
            replace(item, threshold=_limit(item)), places
        )
        for name, item in found.items()
        if name != GRADIENT
    }
    data = {"searches": rows, "never_fast": ranges.to_dict("records"), "places": places.tolist()}
    return Report(f"Landscape of {len(states)} steady states of `{case}`", blocks, data, figures)


def _states(case: str, quick: bool) -> tuple[SteadyState, ...]:
    """Return the states beside the case file, or concentrations within 10 % of the own state."""
    found = () if quick else cases.states(case)
    if found:
        return tuple(state.with_density(DENSITY) for state in found)
    own = cases.read(case)
    place = own.network.species_index(own.network.dynamic_ids)
    states = []
    for c in perturbed(own.network, own.state, 12, amplitude=0.1):
        every = np.array(own.state.concentrations)
        every[place] = c
        states.append(replace(own.state, concentrations=every))
    return tuple(states)


def _measure(name: str, case: str, quick: bool) -> Row:
    models = 10 if quick else MODELS
    if name == UNIFORM:
        search: UniformSearch | GeneratorSearch = UniformSearch(models)
    else:
        trained = generator(name, quick=quick)
        search = GeneratorSearch(trained.generator, trained.theta, models)
    before = time.process_time()
    found = scan_landscape(
        cases.read(case).network, _states(case, quick), search, seed=1, progress=True
    )
    return {
        "search": SEARCHES[name],
        "models": models,
        "cpu_seconds": time.process_time() - before,
        "fastest": found.fastest.tolist(),
        "incidence": found.incidence.tolist(),
    }


def _landscape(row: Row, network: KineticNetwork, states: tuple[SteadyState, ...]) -> Landscape:
    fastest, incidence = np.array(row["fastest"]), np.array(row["incidence"])
    return Landscape(network, states, fastest, incidence, THRESHOLD)


def _limit(landscape: Landscape) -> float:
    """Return the lambda_max that the fastest quarter of the states reach, to two decimals."""
    return float(np.ceil(100 * np.quantile(landscape.fastest, FASTEST_SHARE)) / 100)


def _speeds(rows: dict[str, Row]) -> str:
    lines = []
    for row in rows.values():
        fastest = np.array(row["fastest"])
        lines.append(
            [
                row["search"],
                *(f"{np.quantile(fastest, q):.2f}" for q in QUANTILES),
                *(percent(float((fastest <= limit).mean())) for limit in LIMITS),
                percent(float(np.mean(row["incidence"]))),
                f"{len(fastest) * row['models'] / row['cpu_seconds']:.0f}",
            ]
        )
    head = ["KM", *(f"fastest lambda_max, q{q:g} [1/h]" for q in QUANTILES)]
    head += [*(f"states at {limit:g}/h" for limit in LIMITS), "valid models", "models / CPU s"]
    return table(head, lines)


def _agreement(found: dict[str, Landscape]) -> str:
    """Return rank correlations of the speeds that the searches find."""
    from scipy.stats import spearmanr

    lines = []
    for name, item in found.items():
        others = [spearmanr(item.fastest, other.fastest).statistic for other in found.values()]
        lines.append([SEARCHES[name], *(f"{value:.2f}" for value in others)])
    head = ["rank correlation over the states", *(SEARCHES[name] for name in found)]
    return table(head, lines)


def _polar(landscape: Landscape) -> str:
    from scipy.stats import spearmanr

    _, distance = polar_view(landscape)
    fastest = landscape.fastest <= np.quantile(landscape.fastest, FASTEST_SHARE)
    relation = spearmanr(distance, landscape.fastest).statistic
    x = landscape.features
    apart = np.linalg.norm(x[:, None] - x[None], axis=2) / np.sqrt(x.shape[1])
    one_step, any_two = np.diag(apart, 1), apart[np.triu_indices(len(x), 1)]
    return (
        f"Distance from the slowest 10 % (standardised ln c, NES): median "
        f"{np.median(distance[fastest]):.2f} of the fastest quarter, "
        f"{np.median(distance[~fastest]):.2f} of the others; rank correlation of distance and "
        f"lambda_max {relation:.2f}. States that follow one another in the file are "
        f"{np.median(one_step):.2f} apart, any two {np.median(any_two):.2f} (medians): the nearer "
        "the first is to zero, the more the map shows the walk that drew the states."
    )


def _ranges(frame: pd.DataFrame, states: int) -> str:
    if frame.empty:
        return "None: every range of every species has one."
    lines = [
        [
            row["species"],
            f"{row['low']:.3g} to {row['high']:.3g}",
            f"{row['states']} of {states}",
            f"{row['fastest']:.2f}",
            f"{row['chance']:.1e}",
            f"{row['expected_by_chance']:.2g}",
        ]
        for row in frame.head(SHOWN).to_dict("records")
    ]
    head = ["species", "range [mM]", "states", "their fastest [1/h]", "chance"]
    text = table([*head, "ranges expected by chance"], lines)
    return f"{len(frame)} ranges; the least likely by chance first.\n\n{text}"
