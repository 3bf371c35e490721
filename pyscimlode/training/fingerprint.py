"""Digests of what training depends on, so that it is resumed with the same things only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import Session
from pyscimlode.errors import TrainingError
from pyscimlode.problem import Problem
from pyscimlode.training.collocation import CollocationTargets
from pyscimlode.training.stages import Stage, stage_to_json
from pyscimlode.training.validation import Validation


def fingerprint(
    session: Session,
    theta: npt.NDArray[np.float64],
    stages: Sequence[Stage],
    *,
    validation: Validation | None = None,
    collocation: CollocationTargets | None = None,
    lipschitz: float = 0.0,
    extra: str = "",
) -> dict[str, str]:
    """Return a digest for each part that decides the course of training."""
    parts = _problem(session.problem)
    parts["stages"] = _digest([stage_to_json(stage) for stage in stages])
    parts["initial parameters"] = _digest(theta)
    solver = getattr(session, "solver", None)
    described = asdict(solver) if is_dataclass(solver) and not isinstance(solver, type) else None
    parts["solver"] = _digest(described)
    parts["validation"] = "none" if validation is None else _validation(validation)
    parts["collocation targets"] = (
        "from the data"
        if collocation is None
        else _digest([collocation.z, collocation.p, collocation.dz, collocation.weights])
    )
    parts["Lipschitz penalty"] = repr(lipschitz)
    parts["settings of the fit"] = extra
    return parts


def check_same(
    saved: Mapping[str, str], now: Mapping[str, str], where: str, details: str = ""
) -> None:
    """Raise :class:`TrainingError` naming the parts that differ; ``details`` is a sentence more."""
    differing = [name for name, value in now.items() if saved.get(name) != value]
    if differing:
        raise TrainingError(
            f"{where} belongs to another training: the {', '.join(differing)} differ"
            f"{'s' if len(differing) == 1 and not differing[0].endswith('s') else ''}. "
            f"{details}{' ' if details else ''}"
            "Resume with what it was started with, or start afresh without resume."
        )


def stage_differences(saved: Sequence[Stage], now: Sequence[Stage]) -> str:
    """Return a sentence on the first stage that is not what it was, empty if all are.

    >>> from pyscimlode.training.stages import Adam
    >>> stage_differences([Adam(20)], [Adam(30)])
    'Stage 1 (adam) had steps=20, now 30.'
    """
    for number, (old, new) in enumerate(zip(saved, now, strict=False), start=1):
        if old.kind != new.kind:
            return f"Stage {number} was {old.kind}, now {new.kind}."
        before, after = stage_to_json(old), stage_to_json(new)
        changed = [name for name in before if before[name] != after[name]]
        if changed:
            had = ", ".join(f"{name}={before[name]!r}, now {after[name]!r}" for name in changed)
            return f"Stage {number} ({old.kind}) had {had}."
    if len(saved) != len(now):
        return f"There were {len(saved)} stages, now {len(now)}."
    return ""


def _problem(problem: Problem) -> dict[str, str]:
    scaling = problem.scaling
    return {
        "data": _digest(
            [
                problem.times,
                problem.valid,
                problem.initial,
                problem.observed,
                problem.knot_times,
                problem.knot_values,
                problem.control_interpolation,
                list(problem.state_names),
                list(problem.control_names),
                list(problem.experiment_names),
                problem.groups,
            ]
        ),
        "model": _digest(problem.model.to_json()),
        "objective": _digest(asdict(problem.objective)),
        "members (training strains, penalties, scales)": _digest(
            [
                problem.weights,
                problem.pir_weights,
                problem.pir,
                problem.loss_scale,
                scaling.state_scale,
                scaling.control_shift,
                scaling.control_scale,
                np.asarray(scaling.time_scale),
                scaling.control_transform,
                scaling.control_max,
            ]
        ),
    }


def _validation(validation: Validation) -> str:
    parts = _problem(validation.session.problem)
    return _digest([parts, validation.every, validation.patience])


def _digest(value: Any) -> str:
    hasher = hashlib.sha256()
    _feed(hasher, value)
    return hasher.hexdigest()


def _feed(hasher: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        hasher.update(f"{value.dtype.str}{value.shape}".encode())
        hasher.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value):
        for item in value:
            _feed(hasher, item)
    else:
        hasher.update(json.dumps(value, sort_keys=True, default=str).encode())
