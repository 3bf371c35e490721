from __future__ import annotations

from typing import Any

import pytest

from pyscimlode.errors import TrainingError
from pyscimlode.training import (
    BFGS,
    LBFGS,
    PUBLISHED_STAGES,
    Adam,
    Collocation,
    Stage,
    stage_from_json,
    stage_to_json,
)


@pytest.mark.parametrize(
    "stage",
    [
        Adam(steps=7, lr=0.1, schedule="constant", clip=None, batches="strain", early_stopping=3),
        Collocation(steps=3, points=9, betas=(0.5, 0.9)),
        BFGS(max_iters=4, max_evaluations=9),
        LBFGS(memory=3, weight_decay=0.1),
        *PUBLISHED_STAGES,
    ],
)
def test_a_stage_survives_json(stage: Stage) -> None:
    import json

    assert stage_from_json(json.loads(json.dumps(stage_to_json(stage)))) == stage


def test_the_published_recipe_is_the_papers() -> None:
    adam, bfgs = PUBLISHED_STAGES
    assert isinstance(adam, Adam)
    assert (adam.steps, adam.lr, adam.schedule, adam.batches) == (300, 1e-4, "constant", "strain")
    assert adam.clip is None
    assert adam.weight_decay == 0.0
    assert isinstance(bfgs, BFGS)
    assert (bfgs.max_iters, bfgs.gtol, bfgs.ftol) == (1000, 1e-6, 1e-6)


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (Adam, {"steps": 0}, "Adam: steps=0 must be at least 1"),
        (Adam, {"steps": 2.5}, "steps=2.5 must be a whole number"),
        (Adam, {"steps": True}, "steps=True must be a whole number"),
        (Adam, {"lr": 0.0}, "lr=0.0 must be positive and finite"),
        (Adam, {"lr": float("nan")}, "lr=nan must be positive"),
        (Adam, {"lr": "fast"}, "lr='fast' must be a number"),
        (Adam, {"clip": -1.0}, "clip=-1.0 must be positive"),
        (Adam, {"weight_decay": -1e-3}, "weight_decay=-0.001 must be zero or positive"),
        (Adam, {"schedule": "cosin"}, "Did you mean 'cosine'"),
        (Adam, {"batches": "strains"}, "Did you mean 'strain'"),
        (Adam, {"betas": (0.9, 1.0)}, "must be two numbers in"),
        (Adam, {"min_lr_fraction": 2.0}, "between 0 and 1"),
        (Adam, {"early_stopping": 0}, "early_stopping=0 must be at least 1"),
        (Collocation, {"points": 0}, "Collocation: points=0"),
        (Collocation, {"huber_delta": 0.0}, "huber_delta=0.0 must be positive"),
        (BFGS, {"max_iters": 0}, "BFGS: max_iters=0"),
        (BFGS, {"gtol": -1.0}, "gtol=-1.0 must be zero or positive"),
        (LBFGS, {"memory": 0}, "LBFGS: memory=0"),
    ],
)
def test_options_out_of_range_are_named(kind: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(TrainingError, match=text):
        kind(**options)


def test_unknown_kinds_and_options_are_named() -> None:
    with pytest.raises(TrainingError, match=r"kind 'adm' is not known.*Did you mean 'adam'"):
        stage_from_json({"kind": "adm"})
    with pytest.raises(TrainingError, match=r"no option 'max_iter'.*Did you mean 'max_iters'"):
        stage_from_json({"kind": "bfgs", "max_iter": 3})
