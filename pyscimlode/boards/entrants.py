"""Who competes on a board: names, and what is trained under them for a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pyscimlode.baselines import (
    CONTROLS,
    DerivativeRegression,
    DirectGaussianProcess,
    Forecaster,
    TPOTBaseline,
)
from pyscimlode.boards.pathways import PATHWAYS
from pyscimlode.boards.scores import BASELINE, CONTROL, MODEL
from pyscimlode.boards.tasks import Task
from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.fitting.recipes import default_hybrid, default_model, default_stages
from pyscimlode.models.base import Model
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.pathways import Pathway, permuted_enzymes
from pyscimlode.training import Stage

CONTROL_NAMES = tuple(control.name for control in CONTROLS)


@dataclass(frozen=True)
class Recipe:
    """A neural model and how it is trained; None: the default stages for so many strains."""

    model: Model
    stages: tuple[Stage, ...] | None = None

    def stages_for(self, n_strains: int) -> tuple[Stage, ...]:
        """Return the stages for a number of training strains."""
        if self.stages is not None:
            return self.stages
        return default_stages("forecast", n_strains, self.model)


@dataclass(frozen=True)
class Blend:
    """The mean of an entrant's forecast and a control's, member by member.

    Attributes:
        entrant: name of the entrant.
        control: name of the control.
    """

    entrant: str
    control: str


Trained = Recipe | Forecaster | Blend
Build = Callable[[Task], Trained | None]


@dataclass(frozen=True, eq=False)
class Entrant:
    """A name on the board.

    Attributes:
        name: as it stands in tables.
        kind: ``"model"``, ``"baseline"`` or ``"control"``.
        build: returns what is trained for a task; None where it does not apply, because no
            pathway is known.
        needs: names of entrants that must come before.
        meaning: one line.
    """

    name: str
    kind: str
    build: Build
    needs: tuple[str, ...] = ()
    meaning: str = ""


def hybrid(task: Task) -> Recipe | None:
    """Return the hybrid model of the task's pathway for its training strains."""
    if not task.pathway:
        return None
    return Recipe(default_hybrid(PATHWAYS[task.pathway](), task.train))


def permuted_hybrid(task: Task) -> Recipe | None:
    """Return the hybrid model with its enzymes assigned to wrong reactions."""
    recipe = hybrid(task)
    if recipe is None or not isinstance(recipe.model, HybridODE):
        return None
    pathway = recipe.model.pathway
    if not isinstance(pathway, Pathway):
        return None
    wrong = replace(recipe.model, pathway=permuted_enzymes(pathway))
    return Recipe(wrong, recipe.stages)


def _regression(regressor: str) -> Entrant:
    return Entrant(
        "gp-derivatives" if regressor == "gaussian-process" else regressor,
        BASELINE,
        lambda task: DerivativeRegression(regressor),
        meaning=f"{regressor} regression of derivatives, then integration",
    )


ENTRANTS: dict[str, Entrant] = {
    entrant.name: entrant
    for entrant in (
        Entrant("hybrid", MODEL, hybrid, meaning="the known pathway with learned rates"),
        Entrant(
            "hybrid+geometric",
            MODEL,
            lambda task: Blend("hybrid", "geometric mean") if task.pathway else None,
            needs=("hybrid",),
            meaning="mean of the hybrid's forecast and the geometric mean of the training strains",
        ),
        Entrant(
            "production-degradation",
            MODEL,
            lambda task: Recipe(default_model("forecast", task.n)),
            meaning="neural ODE dz/dt = P - D z with P, D >= 0",
        ),
        Entrant("neural-ode", MODEL, lambda task: Recipe(NeuralODE()), meaning="neural ODE"),
        Entrant(
            "hybrid-permuted",
            CONTROL,
            permuted_hybrid,
            meaning="the hybrid with its enzymes assigned to wrong reactions",
        ),
        Entrant(
            "gaussian-process",
            BASELINE,
            lambda task: DirectGaussianProcess(),
            meaning="Gaussian process from proteins to trajectories, no ODE",
        ),
        *map(_regression, ("extra-trees", "gradient-boosting", "k-nearest", "gaussian-process")),
        Entrant(
            "tpot",
            BASELINE,
            lambda task: TPOTBaseline(progress=False),
            meaning="derivative regression with regressors that TPOT searches for",
        ),
    )
}
"""All entrants that can be asked for by name."""


def resolve_entrants(
    models: str | Sequence[str] | Mapping[str, Any], *, tpot_seconds: float | None = None
) -> list[Entrant]:
    """Return the entrants that were asked for, and those that they need, in order.

    Args:
        models: names of :data:`ENTRANTS`; or name -> a model, a pair (model, stages), anything
            that fits and forecasts like :class:`~pyscimlode.DerivativeRegression`, or the name of
            an entrant.
        tpot_seconds: time of the search for each task, for the entrant ``"tpot"``.

    Raises:
        ModelError: an unknown name, the name of a control, or what cannot be trained.
    """
    asked = {models: models} if isinstance(models, str) else models
    named = asked if isinstance(asked, Mapping) else {name: name for name in asked}
    if not named:
        raise ModelError(f"No model is named; there are {', '.join(ENTRANTS)}.")
    chosen: dict[str, Entrant] = {}
    for name, what in named.items():
        entrant = _known(what) if isinstance(what, str) else _own(name, what)
        if name in CONTROL_NAMES:
            raise ModelError(f"{name!r} is the name of a control; call the model otherwise.")
        for needed in entrant.needs:
            chosen.setdefault(needed, ENTRANTS[needed])
        chosen[name] = replace(entrant, name=name)
    if tpot_seconds is not None and "tpot" in chosen:
        search = TPOTBaseline(max_seconds=tpot_seconds, progress=False)
        chosen["tpot"] = replace(chosen["tpot"], build=lambda task: search)
    return list(chosen.values())


def _known(name: str) -> Entrant:
    if name not in ENTRANTS:
        raise ModelError(
            f"There is no model {name!r} to compare; there are {', '.join(ENTRANTS)}, and the "
            f"controls ({', '.join(CONTROL_NAMES)}) are always there. Models of your own: "
            "models={'mine': NeuralODE(widths=(64, 64))}." + did_you_mean(name, ENTRANTS)
        )
    return ENTRANTS[name]


def _own(name: str, what: Any) -> Entrant:
    if not isinstance(name, str) or not name.strip():
        raise ModelError(f"models={{{name!r}: ...}}: the name is a text that is not empty.")
    if isinstance(what, type):
        raise ModelError(f"models={{{name!r}: {what.__name__}}} is a class; add brackets.")
    if isinstance(what, Model):
        return Entrant(name, MODEL, partial(_always, Recipe(what)))
    if isinstance(what, tuple) and len(what) == 2 and isinstance(what[0], Model):
        stages = (what[1],) if isinstance(what[1], Stage) else tuple(what[1])
        return Entrant(name, MODEL, partial(_always, Recipe(what[0], stages)))
    if callable(getattr(what, "fit", None)) and hasattr(what, "name"):
        return Entrant(name, BASELINE, partial(_always, what))
    raise ModelError(
        f"models={{{name!r}: {type(what).__name__}}}: give a model such as NeuralODE(), a pair "
        "(model, stages), a regression such as DerivativeRegression('extra-trees'), or one of the "
        f"names {', '.join(ENTRANTS)}."
    )


def _always(what: Trained, task: Task) -> Trained:
    return what
