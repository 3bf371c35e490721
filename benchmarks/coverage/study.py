"""What is measured: intervals of ensembles before and after calibration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np

import pyscimlode
from pyscimlode import HybridODE, ProductionDegradation
from pyscimlode.data import Dataset, split
from pyscimlode.errors import ExperimentError
from pyscimlode.models import Model, isopentenol_pathway, limonene_pathway, simulated_pathway
from pyscimlode.results import Coverage, FitResult, coverage

LEVELS = (0.5, 0.8, 0.9, 0.95)
HOURLY = "hourly, without noise"
ALIKE = "measured like the calibration strains"
SIMULATED: dict[str, Model] = {
    "hybrid, known pathway": HybridODE(simulated_pathway()),
    "production-degradation": ProductionDegradation(),
}
MEASURED: dict[str, dict[str, Model | None]] = {
    "production-degradation": {"limonene": None, "isopentenol": None},
    "hybrid, known pathway": {
        "limonene": HybridODE(limonene_pathway()),
        "isopentenol": HybridODE(isopentenol_pathway()),
    },
}
OPTIONS = {
    "conformal, point, ensemble scale": {"guarantee": "point", "scale": "ensemble"},
    "conformal, point, sd scale": {"guarantee": "point", "scale": "sd"},
    "conformal, course, ensemble scale": {"guarantee": "course", "scale": "ensemble"},
    "conformal, strain, ensemble scale": {"guarantee": "strain", "scale": "ensemble"},
}
QUICK_STAGES = (pyscimlode.Collocation(5), pyscimlode.Adam(5))


@dataclass(frozen=True)
class Size:
    """How much is trained and tested."""

    training: int
    calibration: int
    alike: int
    members: int
    draws: int
    quick: bool


FULL = Size(training=30, calibration=20, alike=100, members=3, draws=3, quick=False)
QUICK = Size(training=3, calibration=19, alike=2, members=2, draws=1, quick=True)


@dataclass(frozen=True)
class Row:
    """One kind of intervals of one model on one kind of test strains, at one nominal level."""

    board: str
    model: str
    intervals: str
    tested_on: str
    draw: str
    nominal: float
    covered: float
    whole_courses: float
    whole_strains: float
    width: float
    interval_score: float


def simulated(size: Size, draw: int, name: str) -> Iterator[Row]:
    """Yield rows of one model on simulated strains, which are plenty enough to calibrate on."""
    train, calibration, tests = strains_of(size, draw)
    result = pyscimlode.fit(
        train,
        model=SIMULATED[name],
        ensemble=size.members,
        seed=draw * size.members,
        stages=QUICK_STAGES if size.quick else None,
        progress=False,
    )
    for intervals, fitted in variants(result, calibration):
        for tested_on, test in tests.items():
            found = coverage(fitted, test, LEVELS)
            yield from rows("simulated", name, intervals, tested_on, str(draw), found)


def strains_of(size: Size, draw: int) -> tuple[Dataset, Dataset, dict[str, Dataset]]:
    """Return training and calibration strains of a draw, and the test strains by kind."""
    held = size.training + size.calibration
    pool, hourly = pyscimlode.datasets.benchmark("sim-sparse", n=held + size.alike, draw=draw)
    known, alike = split(pool, pool.names[held:])
    train, calibration = split(known, known.names[size.training :])
    return train, calibration, {HOURLY: hourly, ALIKE: alike}


def variants(result: FitResult, calibration: Dataset) -> Iterator[tuple[str, FitResult]]:
    """Yield a fit with the intervals of its members, and with every kind of conformal ones."""
    yield "ensemble", result
    for name, options in OPTIONS.items():
        yield name, result.recalibrated(calibration, **options)


def rows(
    board: str, model: str, intervals: str, tested_on: str, draw: str, found: Coverage
) -> Iterator[Row]:
    """Yield a row a nominal level."""
    for level, numbers in found.summary().iterrows():
        yield Row(
            board,
            model,
            intervals,
            tested_on,
            draw,
            float(level),
            *(float(value) for column, value in numbers.items() if column != "standard error"),
        )


def measured(size: Size, name: str) -> Iterator[Row]:
    """Yield rows of the measured strains, each held out once; there are too few to calibrate."""
    for family, model in MEASURED[name].items():
        sweep = pyscimlode.sweep(
            family,
            model=model,
            ensemble=size.members,
            stages=QUICK_STAGES if size.quick else None,
            progress=False,
        )
        for key, result in sweep:
            found = coverage(result, result.test, LEVELS)
            yield from rows("measured", name, "ensemble", "held-out strain", key["test"], found)


def too_few() -> str:
    """Return what the toolkit answers to a calibration on measured strains."""
    data = pyscimlode.datasets.load("limonene")
    train, calibration = split(data, data.strains[1:2])
    fitted = pyscimlode.DirectGaussianProcess(max_rows=20, scale_rows=10).fit(train)
    try:
        pyscimlode.recalibrate(fitted, calibration)
    except ExperimentError as refusal:
        return str(refusal)
    raise RuntimeError("a calibration on one strain was not refused")


def averaged(found: list[Row]) -> list[Row]:
    """Return the means over draws (or held-out strains) of rows that differ in these alone.

    ``draw`` says how many they are.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in found:
        key = (row.board, row.model, row.intervals, row.tested_on, str(row.nominal))
        groups.setdefault(key, []).append(row)
    numbers = ("covered", "whole_courses", "whole_strains", "width", "interval_score")
    return [
        replace(
            group[0],
            draw=str(len(group)),
            **{name: float(np.mean([asdict(row)[name] for row in group])) for name in numbers},
        )
        for group in groups.values()
    ]
