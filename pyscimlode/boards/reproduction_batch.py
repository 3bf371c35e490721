"""One batch of the reproduction: penalties x seeds of one variant, trained, scored twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pyscimlode import api
from pyscimlode.boards.published_lbfgs import finish_as_published
from pyscimlode.boards.reproduction_baselines import Clock, time_row
from pyscimlode.boards.reproduction_parts import Part
from pyscimlode.boards.reproduction_scores import (
    NET,
    UNTRAINED,
    Question,
    Row,
    net_rows,
)
from pyscimlode.problem import Objective
from pyscimlode.results import FitResult
from pyscimlode.results.identity_forecast import identity_fit_as_forecast
from pyscimlode.training import Adam, Collocation, Stage

ONE_NET = "one net"
ADAM = "Adam"
END = "all stages"


@dataclass(frozen=True)
class Variant:
    """How the penalty is computed and what follows Adam.

    Attributes:
        name: as it is asked for.
        detached: the published penalty, without a gradient.
        fixed_step: finish with the published L-BFGS (step 1e-4, no line search), else with the
            quasi-Newton stage of the recipe.
        meaning: in words.
    """

    name: str
    detached: bool
    fixed_step: bool
    meaning: str


VARIANTS: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        Variant(
            "as-published",
            True,
            True,
            "penalty without gradient, L-BFGS with a fixed step of 1e-4 (as published)",
        ),
        Variant(
            "detached",
            True,
            False,
            "penalty without gradient, BFGS with a line search",
        ),
        Variant(
            "differentiable",
            False,
            False,
            "penalty with its gradient, BFGS with a line search",
        ),
    )
}
"""What is trained, each on its own batch."""


@dataclass(frozen=True)
class BatchOptions:
    """What all batches have in common; see :func:`pyscimlode.reproduce`.

    ``fixed_steps`` is the largest number of iterations of the published L-BFGS, ``regressor`` that
    of the derivative regression beside the published baseline.
    """

    pir: tuple[float, ...]
    seeds: int
    seed: int
    stages: tuple[Stage, ...]
    solver: str
    device: str
    dtype: str
    fixed_steps: int = 1000
    regressor: str = "extra-trees"
    progress: Any = True

    def stages_of(self, variant: Variant) -> tuple[Stage, ...]:
        """Return the stages of a variant without what :func:`finish_as_published` does."""
        if not variant.fixed_step:
            return self.stages
        return tuple(stage for stage in self.stages if isinstance(stage, Adam | Collocation))


def train_batch(
    question: Question,
    variant: Variant,
    options: BatchOptions,
    *,
    checkpoint: Path | None = None,
    nets: Path | None = None,
) -> Part:
    """Train penalties x seeds as one batch, and score every net under both protocols.

    Args:
        question: pathway and held-out strain.
        variant: penalty and second optimiser.
        options: everything else.
        checkpoint: file of the training state; training goes on from it if it is there.
        nets: folder that the trained nets are saved to, one folder a penalty.
    """
    resumed = checkpoint is not None and checkpoint.is_file()
    clock = Clock()
    fits = _train(question, variant, options, checkpoint, resumed)
    weights: list[Row] = []
    if variant.fixed_step:
        weights += _weight_rows(question.strain, variant, ADAM, fits)
    stages: list[Row] = []
    finished: dict[float, FitResult] = {}
    for pir, result in fits.items():
        reports = list(result.provenance["stage_results"])
        if variant.fixed_step:
            result, more = finish_as_published(result, max_iters=options.fixed_steps)
            reports += more
        finished[pir] = result
        stages += _stage_rows(question.strain, variant, pir, result, reports)
    spent = (float("nan"), float("nan")) if resumed else clock.lap()
    weights += _weight_rows(question.strain, variant, END, finished)
    for pir, result in finished.items():
        if nets is not None:
            result.save(nets / f"{question.strain}-{variant.name}-{pir:g}", include_data=False)
    labels = {"kind": "ours", "model": NET, "variant": variant.name}
    scores = [
        row
        for pir, result in finished.items()
        for row in net_rows(question, labels | {"pir": pir}, result)
    ]
    count = len(options.pir) * options.seeds
    times = [time_row(question, "training", f"nets, {variant.name}", count, spent)]
    return Part.of(scores=scores, stages=stages, weights=weights, times=times)


def _train(
    question: Question,
    variant: Variant,
    options: BatchOptions,
    checkpoint: Path | None,
    resumed: bool,
) -> dict[float, FitResult]:
    sweep = api.sweep(
        question.data,
        test=[question.strain],
        pir=options.pir,
        ensemble=options.seeds,
        seed=options.seed,
        protocol="identity",
        stages=options.stages_of(variant),
        loss=Objective("mse", detached_pir=variant.detached),
        solver=options.solver,
        device=options.device,
        dtype=options.dtype,
        progress=options.progress,
        checkpoint=checkpoint,
        resume=resumed,
    )
    return {float(key["pir"]): result for key, result in sweep}


def untrained_part(question: Question, options: BatchOptions) -> Part:
    """Score the nets as they are before any training."""
    nets = api.sweep(
        question.data,
        test=[question.strain],
        ensemble=options.seeds,
        seed=options.seed,
        protocol="identity",
        stages=(),
        solver=options.solver,
        device=options.device,
        dtype=options.dtype,
        progress=False,
    )
    labels = {"kind": "control", "model": UNTRAINED}
    return Part.of(scores=[row for _, result in nets for row in net_rows(question, labels, result)])


def one_net_part(question: Question, options: BatchOptions) -> Part:
    """Train one published net alone, for Table V, and time its use on the held-out strain."""
    variant = VARIANTS["as-published"]
    penalty = options.pir[len(options.pir) // 2]
    alone = replace(options, pir=(penalty,), seeds=1, progress=False)
    clock = Clock()
    fits = _train(question, variant, alone, None, False)
    result, _ = finish_as_published(fits[penalty], max_iters=options.fixed_steps)
    training = clock.lap()
    result.predict(result.test)
    identity = clock.lap()
    identity_fit_as_forecast(result, question.test)
    forecast = clock.lap()
    return Part.of(
        times=[
            time_row(question, "training", ONE_NET, 1, training),
            time_row(question, "inference", f"{ONE_NET}, 200 rows", 1, identity),
            time_row(question, "inference", f"{ONE_NET}, true forecast", 1, forecast),
        ]
    )


def _weight_rows(
    strain: str, variant: Variant, after: str, fits: Mapping[float, FitResult]
) -> Iterator[Row]:
    """Yield the largest difference of weights to the first penalty's net of the same seed."""
    first = next(iter(fits.values()))
    for pir, result in fits.items():
        differences = np.abs(result.theta - first.theta).max(axis=1)
        for member, difference in zip(result.members, differences, strict=True):
            yield {
                "strain": strain,
                "variant": variant.name,
                "after": after,
                "pir": pir,
                "seed": str(member.seed),
                "difference": float(difference),
            }


def _stage_rows(
    strain: str, variant: Variant, pir: float, result: FitResult, reports: Sequence[Row]
) -> Iterator[Row]:
    for report in reports:
        seed = str(result.members[report["member"]].seed)
        labels = {"strain": strain, "variant": variant.name, "pir": pir, "seed": seed}
        names = ("stage", "iterations", "evaluations", "status", "message", "loss")
        yield labels | {name: report[name] for name in names}
