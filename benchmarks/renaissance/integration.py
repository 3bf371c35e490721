"""KM from the literature among generated ones: overlap, coverage and how the others move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import numpy.typing as npt

from benchmarks.renaissance import cases
from benchmarks.renaissance.generators import GRADIENT, Trained, trained
from benchmarks.renaissance.kept import Kept, Row
from benchmarks.renaissance.literature import SOURCE, literature_km, subsystems
from benchmarks.renaissance.report import ARTICLE, Report, percent, table
from pyscimlode.kinetics import (
    KineticGenerator,
    KineticNetwork,
    UniformSearch,
    measured_intervals,
    overlap_table,
    uncertainty_reduction,
    with_measured,
)

FloatArray = npt.NDArray[np.float64]
Intervals = Mapping[str, tuple[float, float]]
MODELS = 2000
MOVED = 10
OTHER = "none, seed 1"
RECIPES = {"published": 50, GRADIENT: 20}
"""Generations or steps."""
SHOWN = (1, 5, 10, 20, 50)
GIVEN = ("glycolysis", "pentose phosphate")
"""Subsystems whose KM are integrated when those of the others are to be foretold."""
NOTE = (
    "Case `{case}`, {models} fresh models of each generator, valid ones alone. {source} {count} of "
    "them, each drawn uniformly in ln KM within +-20 %, as the article draws measured KM "
    "(geometric mean of the reports). `none`: nothing integrated; `half`: those of glycolysis and "
    "pentose phosphate pathway; `all`: all of them. Columns 1 to 50: share of valid models at that "
    "generation (published recipe, mean of the members) or step (gradient, 64 models), seed 0."
)
OVERLAP = (
    "Overlap |A n B| / |A u B| and coverage |A n B| / |B| of the generated 5-95 % interval A with "
    "the measured one B, in log10 KM, mean over the KM of a subsystem. B is 0.18 decades wide, so "
    "that a generator that knows the KM to a decade cannot overlap by more than 18 %, and a wide "
    "one covers everything: read both beside the control, KM uniform in ln over the whole range. "
    "Off: median distance of the generated median from the measured value, in decades. Only KM "
    "that the generator was not given are counted."
)
REDUCTION = (
    "KM that were not integrated: width of the generated 5-95 % interval in decades before and "
    "after integrating all, and the mean distance in decades that the median moved. The last "
    "column is the distance to a generator of another seed, nothing integrated in either: a shift "
    "of that size tells nothing about integration."
)
ARTICLE_NOTE = (
    "The article integrates KM from BRENDA, which are no part of its public code, as the overlap "
    "score is not; so its overlap scores cannot be made again number by number, and what stands "
    "here is the same question asked with other KM."
)


def run(kept: Kept, quick: bool) -> Report:
    """Train with and without literature KM and compare what is generated."""
    case = "example_pathway" if quick else cases.largest()
    network = cases.read(case).network
    found = literature_km(network)
    models = 60 if quick else MODELS
    part_of = subsystems(network)
    owner = {p.km: r.id for r in network.reactions for p in r.participants if p.km is not None}
    half = {name: km for name, km in found.items() if part_of[owner[name]] in GIVEN}
    given: dict[str, Intervals] = {
        "none": {},
        "half": measured_intervals(half),
        "all": measured_intervals(found),
    }
    rows = {}
    for recipe, generations in RECIPES.items():
        train = partial(trained, recipe, case=case, generations=generations, quick=quick)
        made = {name: train(measured=intervals) for name, intervals in given.items()}
        made[OTHER] = train(seed=1)
        key = f"{case}, {recipe}: {len(found)} KM, {models} models"
        rows[recipe] = kept(key, partial(_row, made, given, part_of, models))
    return _report(rows, case, len(found), models)


def _row(
    made: Mapping[str, Trained],
    given: Mapping[str, Intervals],
    part_of: Mapping[str, str],
    models: int,
) -> Row:
    base = made["none"]
    network = base.evaluator.network
    reports = given["all"]
    valid = {name: _valid(found, models) for name, found in made.items()}
    samples = {name: sample for name, (sample, _) in valid.items()}
    uniform = UniformSearch(models)(base.evaluator, 0)
    overlaps = [
        overlap_of(samples[name], name, network, _without(reports, given[name]), part_of)
        for name in ("none", "half")
    ]
    held_out = _without(reports, given["half"])
    overlaps += [
        overlap_of(samples["none"], "none, KM not in half", network, held_out, part_of),
        overlap_of(uniform, "uniform", network, reports, part_of),
    ]
    return {
        "integrated": {name: len(intervals) for name, intervals in given.items()},
        "incidence": {name: share for name, (_, share) in valid.items()},
        "untrained": untrained_incidence(base, {n: given[n] for n in ("half", "all")}, models),
        "course": {name: _course(found) for name, found in made.items()},
        "cpu_seconds": {name: found.cpu_seconds for name, found in made.items()},
        "overlap": [line for lines in overlaps for line in lines],
        **reduction_of(samples, network, reports, part_of),
    }


def _course(found: Trained) -> list[float]:
    incidence = found.result.incidence
    return [float(value) for value in incidence.reshape(len(incidence), -1).mean(axis=1)]


def _valid(found: Trained, models: int) -> tuple[FloatArray, float]:
    ln_km = found.sample(models)
    evaluation = found.evaluator.evaluate(ln_km)
    return ln_km[evaluation.valid], evaluation.incidence


def _without(reports: Intervals, given: Intervals) -> dict[str, tuple[float, float]]:
    return {name: bounds for name, bounds in reports.items() if name not in given}


def untrained_incidence(
    base: Trained, given: Mapping[str, Intervals], models: int
) -> dict[str, float]:
    """Return the share of valid models when KM are put into a generator trained without them."""
    result = {}
    for name, intervals in given.items():
        values = {km: float(np.exp(np.mean(bounds))) for km, bounds in intervals.items()}
        generator: KineticGenerator = with_measured(base.generator, values)
        ln_km = generator.sample(base.theta, models, 1000)
        result[name] = base.evaluator.evaluate(ln_km).incidence
    return result


def overlap_of(
    ln_km: FloatArray,
    name: str,
    network: KineticNetwork,
    reports: Intervals,
    part_of: Mapping[str, str],
) -> list[Row]:
    """Return a row for each subsystem and one for all."""
    frame = overlap_table(network, ln_km, reports, part_of)
    columns = [network.km_names.index(km) for km in frame["km"]]
    middle = np.median(ln_km[:, columns], axis=0) / np.log(10.0)
    wanted = (frame["measured_low"] + frame["measured_high"]) / 2.0
    frame["off"] = np.abs(middle - wanted.to_numpy())
    frame["width"] = frame["generated_high"] - frame["generated_low"]
    parts = [("all", frame), *frame.groupby("subsystem", sort=False)]
    return [
        {
            "generator": name,
            "subsystem": str(part),
            "km": len(rows),
            "overlap": float(rows["overlap"].mean()),
            "coverage": float(rows["coverage"].mean()),
            "off": float(rows["off"].median()),
            "width": float(rows["width"].mean()),
        }
        for part, rows in parts
    ]


def reduction_of(
    samples: Mapping[str, FloatArray],
    network: KineticNetwork,
    reports: Intervals,
    part_of: Mapping[str, str],
) -> Row:
    """Return how the KM that were not integrated moved, by subsystem and the ten that did most."""
    before, after = samples["none"], samples["all"]
    compare = partial(uncertainty_reduction, network, measured=reports, subsystems=part_of)
    frame = compare(before, after)
    chance = compare(before, samples[OTHER])
    free = frame[~frame["measured"]]
    by_chance = chance[~chance["measured"]].set_index("km")["shift"].abs()
    rows = [
        {
            "subsystem": str(part),
            "km": len(group),
            "width_before": float(group["width_before"].mean()),
            "width_after": float(group["width_after"].mean()),
            "shift": float(group["shift"].abs().mean()),
            "shift_by_seed": float(by_chance[group["km"]].mean()),
        }
        for part, group in [("all", free), *free.groupby("subsystem")]
    ]
    most = free.reindex(free["reduction"].sort_values(ascending=False).index).head(MOVED)
    columns = ["km", "subsystem", "width_before", "width_after", "reduction", "shift"]
    return {"reduction": rows, "most": most[columns].to_dict(orient="records")}


def _report(rows: Mapping[str, Row], case: str, count: int, models: int) -> Report:
    text = NOTE.format(case=case, models=models, source=SOURCE, count=count)
    head = ("recipe", "integrated", "KM", "valid before training with them", *map(str, SHOWN))
    lines = [line for recipe, row in rows.items() for line in _incidence(recipe, row)]
    blocks = [text, table((*head, "fresh models valid", "CPU s"), lines)]
    blocks += ["## Overlap with the literature", OVERLAP]
    blocks += [f"Recipe `{recipe}`:\n\n{_overlap(row)}" for recipe, row in rows.items()]
    blocks += ["## Uncertainty of the other KM", REDUCTION]
    blocks += [f"Recipe `{recipe}`:\n\n{_reduction(row)}" for recipe, row in rows.items()]
    return Report(
        "Integration of KM",
        [*blocks, ARTICLE_NOTE, ARTICLE, *cases.missing()],
        {"case": case, "models": models, "source": SOURCE, "recipes": rows},
    )


def _incidence(recipe: str, row: Row) -> list[tuple[object, ...]]:
    return [
        (
            *(recipe, name, row["integrated"][name], percent(row["untrained"].get(name))),
            *(percent(_at(row["course"][name], number)) for number in SHOWN),
            *(percent(row["incidence"][name]), f"{row['cpu_seconds'][name]:.0f}"),
        )
        for name in row["integrated"]
    ]


def _overlap(row: Row) -> str:
    lines = [
        (
            *(line["generator"], line["subsystem"], line["km"]),
            *(percent(line["overlap"]), percent(line["coverage"], 0)),
            *(f"{line['width']:.1f}", f"{line['off']:.1f}"),
        )
        for line in row["overlap"]
    ]
    return table(("generator", "subsystem", "KM", "overlap", "coverage", "width", "off"), lines)


def _reduction(row: Row) -> str:
    names = ("width_before", "width_after", "shift", "shift_by_seed")
    lines = [
        (line["subsystem"], line["km"], *(f"{line[name]:.2f}" for name in names))
        for line in row["reduction"]
    ]
    most = [
        (line["km"], line["subsystem"], *(f"{line[name]:.2f}" for name in names[:3]))
        for line in row["most"]
    ]
    head = ("width before", "width after", "shift")
    every = row["reduction"][0]
    further = "further" if every["shift"] > every["shift_by_seed"] else "no further"
    verdict = (
        f"Integration moved the other KM {further} than another seed does: {every['shift']:.2f} "
        f"against {every['shift_by_seed']:.2f} decades."
    )
    return "\n\n".join(
        [
            table(("subsystem", "KM", *head, "shift, another seed"), lines),
            verdict,
            f"The {len(most)} KM whose interval shrank most:",
            table(("KM", "subsystem", *head), most),
        ]
    )


def _at(course: list[float], number: int) -> float | None:
    return course[number - 1] if number <= len(course) else None
