"""The published protocol beside a field that is zero: input = target, not a forecast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import pyscimlode
from pyscimlode.models import scaling as scales
from pyscimlode.results import FitResult
from pyscimlode.training import Adam

NAME = "identity"
COLUMNS = ("strain", "published net, RMSE", "sd over seeds", "zero field, RMSE")


@dataclass(frozen=True)
class IdentityBoard:
    """A table of errors that says nothing about forecasts.

    Attributes:
        rows: of :data:`COLUMNS`, numbers not yet rounded.
        seeds: nets a strain.
    """

    rows: tuple[tuple[Any, ...], ...]
    seeds: int

    def to_markdown(self) -> str:
        """Return the table with what must be known to read it."""
        lines = [
            "# The published protocol: input = target, not a forecast",
            "",
            f"Mean RMSE over 13 metabolites in raw units, {self.seeds} seed(s). A field that is "
            "zero everywhere is perfect here, so nothing is ranked by it.",
            "",
            "| " + " | ".join(COLUMNS) + " |",
            "|---|" + "---:|" * (len(COLUMNS) - 1),
        ]
        lines += [
            f"| {strain} | " + " | ".join(_number(value) for value in numbers) + " |"
            for strain, *numbers in self.rows
        ]
        return "\n".join([*lines, ""])


def run(quick: bool) -> IdentityBoard:
    """Train the published net for the two medium producers."""
    seeds = 1 if quick else 3
    rows = []
    for family, test in (("limonene", "L2"), ("isopentenol", "I2")):
        result = pyscimlode.fit(
            family,
            test=test,
            protocol="identity",
            ensemble=seeds,
            stages=(Adam(5),) if quick else None,
            progress=False,
        )
        errors = [single(result, index).scores for index in range(seeds)]
        means = [scores.value(scores.models[0]) for scores in errors]
        zero = result.scores.value("zero field")
        rows.append((test, float(np.mean(means)), float(np.std(means)), zero))
    return IdentityBoard(tuple(rows), seeds)


def single(result: FitResult, index: int) -> FitResult:
    """Return one member as a fit of its own."""
    return replace(
        result,
        theta=result.theta[index : index + 1],
        scaling=scales.stack([scales.member(result.scaling, index)]),
        members=result.members[index : index + 1],
    )


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) >= 5e-4 else f"{value:.0e}"
