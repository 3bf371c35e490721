"""Stages of training as the Julia engine's own loop takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pyscimlode.errors import TrainingError

TAKEN = {"adam": ("steps", "lr"), "bfgs": ("max_iters", "gtol", "ftol")}
"""Settings of a stage that are handed on."""
EXPECTED: dict[str, dict[str, Any]] = {
    "adam": {
        "schedule": "constant",
        "clip": None,
        "weight_decay": 0.0,
        "batches": "all",
        "betas": (0.9, 0.999),
        "eps": 1e-8,
        "early_stopping": None,
    },
    "bfgs": {"weight_decay": 0.0, "max_evaluations": None},
}
"""Settings that Optimisers.Adam and Optim.BFGS do not have, and what they must be."""


def native_stages(stages: Sequence[Any]) -> list[dict[str, Any]]:
    """Return stages of :mod:`pyscimlode.training` as JSON data.

    Raises:
        TrainingError: a stage or a setting that the engine's own loop does not have.
    """
    if not stages:
        raise TrainingError("There are no stages; give Adam(...) and BFGS(...).")
    return [_native(index, stage) for index, stage in enumerate(stages)]


def _native(index: int, stage: Any) -> dict[str, Any]:
    kind = getattr(stage, "kind", None)
    if kind not in TAKEN:
        raise TrainingError(
            f"stages[{index}] is {stage!r}; Julia's own loop has Adam and BFGS. Train with "
            "pyscimlode's loop, fit(backend='julia'), for the others."
        )
    settings = asdict(stage)
    for name, value in EXPECTED[kind].items():
        if settings.get(name, value) != value:
            raise TrainingError(
                f"stages[{index}]: {name}={settings[name]!r} is nothing that Julia's own {kind} "
                f"does; set {name}={value!r}, or train with pyscimlode's loop."
            )
    return {"kind": kind, **{name: settings[name] for name in TAKEN[kind]}}
