from __future__ import annotations

from typing import Any

import pytest

from pyscimlode.backends.julia.native import native_stages
from pyscimlode.errors import TrainingError
from pyscimlode.training import BFGS, LBFGS, Adam, Collocation

PLAIN: dict[str, Any] = {"schedule": "constant", "clip": None}


def test_stages_that_julia_has() -> None:
    stages = [Adam(7, lr=1e-3, **PLAIN), BFGS(9, gtol=1e-4, ftol=0.0)]
    assert native_stages(stages) == [
        {"kind": "adam", "steps": 7, "lr": 1e-3},
        {"kind": "bfgs", "max_iters": 9, "gtol": 1e-4, "ftol": 0.0},
    ]


@pytest.mark.parametrize(
    ("stages", "text"),
    [
        ([], r"There are no stages"),
        ([LBFGS()], r"stages\[0\] is LBFGS\(.* Julia's own loop has Adam and BFGS"),
        ([Adam(**PLAIN), Collocation()], r"stages\[1\] is Collocation"),
        (["adam"], r"stages\[0\] is 'adam'"),
        ([Adam()], r"schedule='cosine' is nothing .* set schedule='constant'"),
        ([Adam(schedule="constant")], r"clip=1\.0 is nothing that Julia's own adam does"),
        ([Adam(weight_decay=0.1, **PLAIN)], r"weight_decay=0\.1"),
        ([BFGS(weight_decay=0.1)], r"weight_decay=0\.1 is nothing that Julia's own bfgs"),
        ([BFGS(max_evaluations=5)], r"max_evaluations=5"),
    ],
)
def test_what_julia_does_not_have(stages: list[Any], text: str) -> None:
    with pytest.raises(TrainingError, match=text):
        native_stages(stages)
