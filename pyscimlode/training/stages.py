"""The stages of training as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from pyscimlode.errors import TrainingError, did_you_mean

Schedule = Literal["cosine", "constant"]
Batches = Literal["all", "strain"]


def _check_counts(stage: object, *names: str) -> None:
    for name in names:
        value = getattr(stage, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise TrainingError(f"{_name(stage)}: {name}={value!r} must be a whole number.")
        if value is not None and value < 1:
            raise TrainingError(f"{_name(stage)}: {name}={value!r} must be at least 1.")


def _check_numbers(stage: object, *names: str, positive: bool) -> None:
    for name in names:
        value = getattr(stage, name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TrainingError(f"{_name(stage)}: {name}={value!r} must be a number.")
        if not math.isfinite(value) or value < 0 or (positive and value == 0):
            bound = "positive" if positive else "zero or positive"
            raise TrainingError(f"{_name(stage)}: {name}={value!r} must be {bound} and finite.")


def _check_choice(stage: object, name: str, known: tuple[str, ...]) -> None:
    value = getattr(stage, name)
    if value not in known:
        raise TrainingError(
            f"{_name(stage)}: {name}={value!r} is not one of {', '.join(known)}."
            + did_you_mean(str(value), known)
        )


def _name(stage: object) -> str:
    return type(stage).__name__


def _check_adam(stage: Adam | Collocation) -> None:
    _check_counts(stage, "steps")
    _check_numbers(stage, "lr", "eps", "clip", positive=True)
    _check_numbers(stage, "weight_decay", "min_lr_fraction", positive=False)
    _check_choice(stage, "schedule", get_args(Schedule))
    if stage.min_lr_fraction > 1.0:
        raise TrainingError(
            f"{_name(stage)}: min_lr_fraction={stage.min_lr_fraction!r} must lie between 0 and 1."
        )
    betas = tuple(stage.betas)
    if len(betas) != 2 or not all(0.0 <= beta < 1.0 for beta in betas):
        raise TrainingError(f"{_name(stage)}: betas={stage.betas!r} must be two numbers in [0, 1).")
    object.__setattr__(stage, "betas", betas)


@dataclass(frozen=True)
class Adam:
    """Adam with decoupled weight decay on the trajectory loss.

    Kingma & Ba 2015 (arXiv:1412.6980, Algorithm 1); weight decay as in Loshchilov & Hutter 2019
    (AdamW, arXiv:1711.05101, Algorithm 2), the decay multiplied by the learning rate.

    Args:
        steps: updates; with ``batches="strain"`` passes over all strains (one update a strain).
        lr: learning rate at the start.
        schedule: ``"cosine"`` lets it fall to ``min_lr_fraction * lr`` (Loshchilov & Hutter 2017,
            arXiv:1608.03983, Eq. 5, without restarts); ``"constant"``.
        weight_decay: decoupled, for each member.
        clip: largest Euclidean norm of a member's gradient; None leaves gradients alone.
        batches: ``"all"`` experiments in every update, or one ``"strain"`` after the other.
        betas: decay of the two moments.
        eps: added to the root of the second moment.
        early_stopping: a member stops after so many updates without a lower loss of its held-out
            training strain; needs a :class:`pyscimlode.training.Validation`, whose ``patience``
            holds when this is None.
        min_lr_fraction: where the cosine schedule ends.
    """

    steps: int = 300
    lr: float = 5e-3
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    clip: float | None = 1.0
    batches: Batches = "all"
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    early_stopping: int | None = None
    min_lr_fraction: float = 0.0

    kind: ClassVar[str] = "adam"

    def __post_init__(self) -> None:
        _check_adam(self)
        _check_counts(self, "early_stopping")
        _check_choice(self, "batches", get_args(Batches))


@dataclass(frozen=True)
class Collocation:
    """Adam on the field alone: dz/dt against the slope of the smoothed data, without solving.

    A cheap start that brings a network near the data before trajectories are integrated (Roesch,
    Rackauckas & Stumpf 2021, doi:10.1049/syb2.12009). Arguments as for :class:`Adam`; the loss is
    the weighted Huber loss of the field's residuals, in units of the root mean square slope of each
    state.

    Args:
        huber_delta: where the loss turns linear.
        points: points an experiment at which field and slope are compared, when the targets are
            made from the problem.
    """

    steps: int = 200
    lr: float = 5e-3
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    clip: float | None = 1.0
    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    min_lr_fraction: float = 0.0
    huber_delta: float = 1.0
    points: int = 32

    kind: ClassVar[str] = "collocation"

    def __post_init__(self) -> None:
        _check_adam(self)
        _check_counts(self, "points")
        _check_numbers(self, "huber_delta", positive=True)


def _check_quasi_newton(stage: BFGS | LBFGS) -> None:
    _check_counts(stage, "max_iters", "max_evaluations")
    _check_numbers(stage, "gtol", "ftol", "weight_decay", positive=False)


@dataclass(frozen=True)
class BFGS:
    """BFGS with a dense inverse Hessian on the trajectory loss, each member on its own.

    Memory is one matrix of parameters x parameters a member; prefer :class:`LBFGS` for more than
    about 2000 parameters.

    Args:
        max_iters: iterations of a member.
        gtol: a member is done when no entry of its gradient is larger.
        ftol: a member is done when an iteration lowers its loss by no more than
            ``ftol * max(|before|, |after|, 1)`` (L-BFGS-B's rule, which for losses below one is
            the published ``tolerance_change``). Zero turns the rule off.
        weight_decay: adds ``weight_decay / 2 * |theta|^2`` to the loss that is minimised.
        max_evaluations: losses a member may ask for; None: ``2 * max_iters + 20``.
    """

    max_iters: int = 1000
    gtol: float = 1e-6
    ftol: float = 1e-6
    weight_decay: float = 0.0
    max_evaluations: int | None = None

    kind: ClassVar[str] = "bfgs"

    def __post_init__(self) -> None:
        _check_quasi_newton(self)


@dataclass(frozen=True)
class LBFGS:
    """L-BFGS-B of SciPy without bounds on the trajectory loss, each member on its own.

    Args:
        memory: pairs of steps and gradient changes that are kept.

    The other arguments are those of :class:`BFGS`.
    """

    max_iters: int = 1000
    gtol: float = 1e-6
    ftol: float = 1e-6
    weight_decay: float = 0.0
    max_evaluations: int | None = None
    memory: int = 10

    kind: ClassVar[str] = "lbfgs"

    def __post_init__(self) -> None:
        _check_quasi_newton(self)
        _check_counts(self, "memory")


Stage = Adam | Collocation | BFGS | LBFGS
_KINDS: dict[str, type[Adam] | type[Collocation] | type[BFGS] | type[LBFGS]] = {
    stage.kind: stage for stage in (Adam, Collocation, BFGS, LBFGS)
}

PUBLISHED_STAGES: tuple[Stage, ...] = (
    Adam(steps=300, lr=1e-4, schedule="constant", clip=None, batches="strain"),
    BFGS(max_iters=1000, gtol=1e-6, ftol=1e-6),
)
"""The paper's recipe: 300 epochs of Adam, one strain a batch, then BFGS."""


def stage_to_json(stage: Stage) -> dict[str, Any]:
    """Return a stage as JSON data with its ``kind``.

    >>> stage_to_json(BFGS(max_iters=10))["kind"]
    'bfgs'
    """
    return {"kind": stage.kind, **asdict(stage)}


def stage_from_json(data: Mapping[str, Any]) -> Stage:
    """Read what :func:`stage_to_json` wrote.

    >>> stage_from_json(stage_to_json(Adam(steps=7))).steps
    7

    Raises:
        TrainingError: for an unknown kind or option, or a value out of range.
    """
    options = dict(data)
    kind = str(options.pop("kind", ""))
    if kind not in _KINDS:
        raise TrainingError(
            f"A stage of kind {kind!r} is not known; there are {', '.join(_KINDS)}."
            + did_you_mean(kind, _KINDS)
        )
    known = [item.name for item in fields(_KINDS[kind])]
    for name in options:
        if name not in known:
            raise TrainingError(
                f"The stage {kind!r} has no option {name!r}; there are {', '.join(known)}."
                + did_you_mean(name, known)
            )
    return _KINDS[kind](**options)
