"""Batch cultures of generated models over 60 hours: who survives the end of its substrates?"""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from benchmarks.renaissance.generators import GRADIENT
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.models import LABELS, NAMES, Names, case_name, generator, valid_models
from benchmarks.renaissance.report import ARTICLE, Report, percent, table
from pyscimlode.backends.status import Status
from pyscimlode.kinetics import BatchCulture, batch_cultures
from pyscimlode.kinetics.dynamics.bioreactor import INOCULUM
from pyscimlode.plots import plot_cultures

MODELS = 12
GRAMS = {"glucose": 0.180156, "anthranilate": 0.13614}
"""g/mmol."""
CONDITIONS = {
    "fed and aerated": "fed",
    "aerated": "aerated",
    "buffered": "buffered",
    "closed": None,
}
"""What is held -> the attribute of :class:`Names` that lists it."""
RECIPES = ("published", GRADIENT)
NOTE = (
    f"Inoculum {INOCULUM:g} gDW/L, 60 h, medium and cells at the steady state's concentrations at "
    "the start. Models are the first valid ones of fresh samples. **fed and aerated**: protons, "
    "CO2, O2 and ammonium are held, and glucose is what ends. **aerated**: ammonium is released as "
    "well. **buffered**: protons and CO2 are held, as in the published program; the oxygen of the "
    "medium (0.25 mM) lasts for an hour. **closed**: every species of the medium is released. "
    "`survived`: followed for 60 h with every concentration positive. Medians, least and largest "
    "are of the cultures that survived. Glucose counts as exhausted when 1 % of it is left."
)
DIFFERENCES = """The text of the article that is open to search gives no table of these cultures;
the published program shows the conditions: the medium starts from the concentrations of the steady
state, protons and CO2 are held, CVODE runs at 1e-9 and gives a culture up after 300 s. Its initial
medium lists 140 mM of oxygen, marked as uncertain, which stands for aeration; the state of the case
file has 0.25 mM, what water dissolves, so that aeration is shown as held oxygen. 18 mM of ammonium
for 55 mM of glucose ends first: 3.4 mmol of ammonium are taken up for 4 of glucose. The reactor of
the published program takes 280 g per litre of cells (0.28 pg in 1 cubic micrometre) and fluxes at
419.9, so that its cells take up 1.5 times what its biomass accounts for; here both densities are
one. Measured: engineered derivatives of W3110 trpD9923 made 0.70 to 0.75 g/L of anthranilate in
minimal medium (Balderas-Hernández et al., Microb. Cell Fact. 8:19, 2009); the strain itself makes
less. Nothing regulates the enzymes of these models: when one of the 29 substrates of the growth law
runs out, glycolysis runs on as before, and the state may jam (biomass stays, glucose is left) or
swing within seconds for hours, which is what ends the cultures that were given up. The robustness
part shows why models of the published recipe do so most: few of them find back to their state."""


def run(kept: Kept, quick: bool) -> Report:
    """Grow the cultures of every condition."""
    case = case_name(quick)
    names = NAMES[case]
    conditions = list(CONDITIONS)[:1] if quick else list(CONDITIONS)
    rows = {
        (condition, recipe): kept(
            f"{case}: {condition}, {recipe}", partial(_measure, condition, recipe, case, quick)
        )
        for condition in conditions
        for recipe in RECIPES
    }
    blocks = [ARTICLE, NOTE, _table(rows, names), f"## Given up\n\n{_given_up(rows)}"]
    blocks.append("## Differences\n\n" + DIFFERENCES.replace("\n", " "))
    figures = {}
    for recipe in RECIPES:
        courses = _cultures(rows[conditions[0], recipe], names)
        if courses:
            titles = {id_: name for name, id_ in names.medium.items()}
            shown = dict(list(titles.items())[:2])
            figures[f"bioreactor-{LABELS[recipe].lower()}"] = plot_cultures(courses, shown)
    data = {f"{c}, {LABELS[r]}": {**row, "courses": None} for (c, r), row in rows.items()}
    return Report(f"Batch cultures of `{case}`", blocks, data, figures)


def _held(condition: str, names: Names) -> tuple[str, ...]:
    attribute = CONDITIONS[condition]
    return () if attribute is None else getattr(names, attribute)


def _measure(condition: str, recipe: str, case: str, quick: bool) -> Row:
    found, names = generator(recipe, quick=quick), NAMES[case]
    ln_km, _ = valid_models(found, 2 if quick else MODELS)
    before = time.process_time()
    cultures = batch_cultures(
        found.evaluator,
        ln_km,
        names.growth,
        held=_held(condition, names),
        points=61 if quick else 241,
        progress=True,
    )
    seconds = time.process_time() - before
    return {
        "condition": condition,
        "recipe": recipe,
        "held": list(_held(condition, names)),
        "cpu_seconds": seconds,
        "cultures": [_summary(culture, names) for culture in cultures],
        "courses": [_courses(culture, names) for culture in cultures if culture.survived],
    }


def _summary(culture: BatchCulture, names: Names) -> Row:
    exhausted = culture.exhausted_h(next(iter(names.medium.values())))
    return {
        "survived": culture.survived,
        "status": culture.status.name,
        "message": culture.message,
        "reached_h": culture.reached_h,
        "steps": culture.steps,
        "biomass": culture.at_end(),
        "exhausted_h": exhausted if np.isfinite(exhausted) else None,
        "medium_mM": {n: culture.at_end(i) for n, i in names.medium.items()},
        "least_concentration": float(np.nanmin(culture.concentrations)),
        "balance_error": max(culture.balance_error.values()),
        "moiety_error": culture.moiety_error,
    }


def _courses(culture: BatchCulture, names: Names) -> Row:
    columns = {name: culture.concentration(id_) for name, id_ in names.medium.items()}
    columns = {"hours": culture.hours, "biomass": culture.biomass, **columns}
    return {name: [float(f"{x:.4g}") for x in column] for name, column in columns.items()}


def _cultures(row: Row, names: Names) -> list[BatchCulture]:
    """Return the courses that were kept, as cultures of the species of the medium alone."""
    made = []
    for course in row["courses"]:
        hours = np.array(course["hours"])
        made.append(
            BatchCulture(
                hours=hours,
                biomass=np.array(course["biomass"]),
                growth_rate=np.zeros_like(hours),
                concentrations=np.array([course[name] for name in names.medium]).T,
                species=tuple(names.medium.values()),
                medium=tuple(names.medium.values()),
                balance_error={},
                moiety_error=0.0,
                status=Status.SUCCESS,
                reached_h=float(hours[-1]),
                instability=float("nan"),
                pace_h=0.0,
                steps=0,
            )
        )
    return made


def _table(rows: dict[tuple[str, str], Row], names: Names) -> str:
    lines = []
    product = list(names.medium)[1]
    for (condition, recipe), row in rows.items():
        alive = [c for c in row["cultures"] if c["survived"]]
        gone = [c["exhausted_h"] for c in alive if c["exhausted_h"] is not None]
        made = [c["medium_mM"][product] * GRAMS.get(product, float("nan")) for c in alive]
        every = row["cultures"]
        lines.append(
            [
                condition,
                LABELS[recipe],
                f"{len(alive)} of {len(every)} ({percent(len(alive) / len(every), 0)})",
                _spread([c["biomass"] for c in alive]),
                f"{len(gone)}: {_spread(gone)}",
                _spread([c["medium_mM"][product] for c in alive]),
                _spread(made),
                f"{min(c['least_concentration'] for c in every):.0e}",
                f"{max(c['balance_error'] for c in every):.0e}",
                f"{max(c['moiety_error'] for c in every):.0e}",
                f"{row['cpu_seconds'] / len(every):.1f}",
            ]
        )
    head = ["culture", "models of", "survived", "biomass at 60 h [gDW/L]"]
    head += ["glucose exhausted: cultures, hour", f"{product} [mM]", f"{product} [g/L]"]
    head += ["least concentration [mM]", "balance error", "moiety error", "CPU s"]
    return table(head, lines)


def _spread(values: list[float]) -> str:
    known = [v for v in values if np.isfinite(v)]
    if not known:
        return "-"
    return f"{np.median(known):.3g} ({min(known):.3g} to {max(known):.3g})"


def _given_up(rows: dict[tuple[str, str], Row]) -> str:
    said = [
        f"- {condition}, {LABELS[recipe]}, model {number}: {culture['message']}"
        for (condition, recipe), row in rows.items()
        for number, culture in enumerate(row["cultures"])
        if not culture["survived"]
    ]
    return "\n".join(said) if said else "None."
