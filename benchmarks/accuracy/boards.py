"""The boards: what is trained on what, and scored how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import pyscimlode
from pyscimlode import DerivativeRegression, DirectGaussianProcess, NeuralODE, ProductionDegradation
from pyscimlode.baselines.base import FittedForecaster
from pyscimlode.models import (
    HybridODE,
    Model,
    isopentenol_pathway,
    limonene_pathway,
    permuted_enzymes,
    simulated_pathway,
)
from pyscimlode.models import scaling as scales
from pyscimlode.results import FitResult

QUICK_STAGES = (pyscimlode.Collocation(5), pyscimlode.Adam(5))


@dataclass(frozen=True)
class Board:
    """A table of scores.

    Attributes:
        name: file-like name.
        title: one line.
        columns: of the rows.
        rows: cells, numbers not yet rounded.
        note: what must be known to read it.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str


def single(result: FitResult, index: int) -> FitResult:
    """Return one member as a fit of its own."""
    return replace(
        result,
        theta=result.theta[index : index + 1],
        scaling=scales.stack([scales.member(result.scaling, index)]),
        members=result.members[index : index + 1],
    )


def per_seed(result: FitResult) -> list[float]:
    """Return the clean score of every member alone."""
    members = [single(result, index) for index in range(len(result.members))]
    return [member.scores.value(member.name) for member in members]


NEURAL = {
    "neural-ode": NeuralODE(),
    "production-degradation": ProductionDegradation(),
    "hybrid, known pathway": HybridODE(simulated_pathway()),
    "hybrid, enzymes permuted": HybridODE(permuted_enzymes(simulated_pathway())),
}
REGRESSION = {
    "direct Gaussian process": DirectGaussianProcess(),
    "derivative regression, extra trees": DerivativeRegression(),
}


def simulated(quick: bool) -> Board:
    """Learning curves on the simulated strains."""
    rows = []
    for n in (2,) if quick else (2, 10, 50):
        drawn = [
            pyscimlode.datasets.benchmark("sim-sparse", n=n, draw=draw)
            for draw in range(1 if quick else 3)
        ]
        scores: dict[str, list[float]] = {}
        for seed, (train, test) in enumerate(drawn):
            fitted: dict[str, FittedForecaster] = {
                name: pyscimlode.fit(
                    train,
                    model=model,
                    ensemble=1,
                    seed=seed,
                    stages=QUICK_STAGES if quick else None,
                    progress=False,
                )
                for name, model in NEURAL.items()
            }
            fitted |= {name: baseline.fit(train) for name, baseline in REGRESSION.items()}
            board = pyscimlode.score_forecasters(fitted, train, test, score_scale="test")
            for name in board.models:
                scores.setdefault(name, []).append(board.value(name))
        rows += [(n, name, np.mean(values), np.std(values)) for name, values in scores.items()]
    return Board(
        "sim-sparse",
        "Simulated strains, 14 sampling times, 10 % noise; 20 held-out strains",
        ("training strains", "model", "NRMSE", "sd over draws"),
        tuple(rows),
        "Mean over 3 draws of the training strains, one member each (seed = draw), default "
        "recipes. NRMSE: error of a state over all points of the 20 held-out strains, hourly and "
        "free of noise, in units of its standard deviation there; mean over states. The default "
        "recipes were chosen on these strains.",
    )


def measured(quick: bool) -> Board:
    """Leave one strain out of each pathway (protocol `own`)."""
    rows: list[tuple[Any, ...]] = []
    for name, models in MEASURED.items():
        found: list[tuple[Any, ...]] = []
        for family, model in models.items():
            sweep = pyscimlode.sweep(
                family,
                model=model,
                ensemble=1 if quick else 3,
                stages=QUICK_STAGES if quick else None,
                progress=False,
            )
            for key, result in sweep:
                scores = result.scores
                seeds = per_seed(result)
                own = (np.mean(seeds), np.std(seeds), scores.value(result.name))
                controls = (scores.value(control) for control in CONTROL_NAMES)
                found.append((name, key["test"], *own, *controls))
        numbers = np.array([row[2:] for row in found], dtype=float)
        rows += [*found, (name, "mean", *numbers.mean(axis=0))]
    return Board(
        "own",
        "Measured strains, trained on the two other strains of the pathway",
        ("model", "held out", "seeds, mean", "sd", "ensemble", *CONTROL_NAMES),
        tuple(rows),
        "3 seeds, default recipes. Clean NRMSE, in units of the standard deviation over the "
        "pathway's three strains, without copied and detection-limit columns. The hybrid model's "
        "default recipe was chosen among some ten by these very scores, so that they are somewhat "
        "optimistic.",
    )


MEASURED: dict[str, dict[str, Model | None]] = {
    "production-degradation": {"limonene": None, "isopentenol": None},
    "hybrid, known pathway": {
        "limonene": HybridODE(limonene_pathway()),
        "isopentenol": HybridODE(isopentenol_pathway()),
    },
}
CONTROL_NAMES = ("persistence", "mean", "geometric mean", "nearest strain")


def identity(quick: bool) -> Board:
    """The published protocol beside a field that is zero."""
    rows = []
    for family, test in (("limonene", "L2"), ("isopentenol", "I2")):
        result = pyscimlode.fit(
            family,
            test=test,
            protocol="identity",
            ensemble=1 if quick else 3,
            stages=QUICK_STAGES[1:] if quick else None,
            progress=False,
        )
        seeds = per_seed(result)
        rows.append((test, np.mean(seeds), np.std(seeds), result.scores.value("zero field")))
    return Board(
        "identity",
        "The published protocol: input = target, not a forecast",
        ("strain", "published net, RMSE", "sd over seeds", "zero field, RMSE"),
        tuple(rows),
        "Mean RMSE over 13 metabolites in raw units, 3 seeds. A field that is zero everywhere is "
        "perfect here, so nothing is ranked by it.",
    )


BOARDS = {"sim": simulated, "own": measured, "identity": identity}
