"""Default models and training stages, by protocol and number of training strains."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from pyscimlode.data.dataset import Dataset
from pyscimlode.models.base import Model
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.pathway import KineticPathway
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.pathways import Pathway
from pyscimlode.models.registry import resolve_model
from pyscimlode.objectives.protocols import Protocol
from pyscimlode.problem import Objective
from pyscimlode.training import BFGS, PUBLISHED_STAGES, Adam, Collocation, Stage

FEW_STRAINS = 5
"""Up to so many training strains regularisation matters more than fit."""
SEVERAL_STRAINS = 10
"""From so many training strains on rates of a pathway are learned with hardly any weight decay."""
BRANCHED_EXPONENT = 0.3
"""Initial enzyme exponent where strains have different branches of a pathway."""


def chosen_model(protocol: Protocol, model: str | Model | None, train: Dataset) -> Model:
    """Return the model that ``fit`` trains on these strains.

    Args:
        protocol: what is asked.
        model: None: :func:`default_model`. The name of a hybrid model: :func:`default_hybrid` of
            its pathway. Other names, and models: as they are.
        train: the training strains.

    Raises:
        ModelError: for an unknown name.
    """
    if model is None:
        return default_model(protocol, len(train.strains))
    resolved = resolve_model(model)
    if (
        isinstance(model, str)
        and isinstance(resolved, HybridODE)
        and isinstance(resolved.pathway, Pathway)
    ):
        return default_hybrid(resolved.pathway, train)
    return resolved


def default_hybrid(pathway: Pathway, train: Dataset) -> HybridODE:
    """Return the hybrid model of a pathway for these training strains.

    Where every strain has the whole pathway, the network sees states alone: with controls it
    learns few strains by heart. Where strains have different branches, as limonene and isopentenol
    producers pooled (see :func:`has_branches`), two things change:

    - An enzyme of one branch is thousands of times rarer in strains of the other, and those of the
      trunk vary a hundredfold. Fluxes do not: the exponent starts at 0.3 instead of 0.7.
    - Growth, cofactors and side products differ between families in ways that the first state does
      not tell, and proteins do: the network sees the controls. In return it is trained with
      stronger weight decay (:func:`default_stages`).

    The choice depends on the training strains alone.
    """
    if has_branches(pathway, train):
        return HybridODE(pathway, network_sees_controls=True, initial_exponent=BRANCHED_EXPONENT)
    return HybridODE(pathway)


def has_branches(pathway: Pathway, train: Dataset) -> bool:
    """Return whether some strains were measured for species that others never were.

    Species that no strain was measured for, or that the data set does not have, do not count.
    """
    for column, state in enumerate(train.state_names):
        measured = {bool(np.isfinite(e.states[:, column]).any()) for e in train}
        if state in pathway.species and len(measured) > 1:
            return True
    return False


def default_model(protocol: Protocol, n_strains: int) -> Model:
    """Return the published net for ``identity``, else a production-degradation NODE.

    With few strains the network is narrow, sees logarithms and starts almost flat, which keeps
    forecasts close to what the strains have in common.
    """
    if protocol == "identity":
        return NeuralODE.published()
    if n_strains <= FEW_STRAINS:
        return ProductionDegradation(
            widths=(16, 16), features="log", last_scale=0.1, initial_rate=math.log(2.0)
        )
    return ProductionDegradation()


def default_stages(
    protocol: Protocol, n_strains: int, model: Model | None = None
) -> tuple[Stage, ...]:
    """Return the published recipe for ``identity``; else collocation, then Adam on trajectories.

    Few strains are trained shorter and with strong weight decay: longer training on two strains
    makes forecasts of a third worse. Hybrid models take larger steps, and the fewer the strains,
    the more weight decay draws their rates back to the initial ones; all the more where their
    network sees controls, from which it could learn few strains by heart. Kinetic models have
    tens to hundreds of parameters that start at a generated model: BFGS with a penalty on what they
    move, and no collocation, because slopes of stiff trajectories say little.
    """
    if protocol == "identity":
        return PUBLISHED_STAGES
    if isinstance(model, HybridODE) and isinstance(model.pathway, KineticPathway):
        return _kinetic_stages(n_strains)
    if isinstance(model, HybridODE):
        return _hybrid_stages(n_strains, model.network_sees_controls)
    if n_strains <= FEW_STRAINS:
        return (
            Collocation(steps=200, lr=5e-3, weight_decay=1e-2),
            Adam(steps=300, lr=5e-3, schedule="cosine", weight_decay=1e-2, clip=1.0),
        )
    return (
        Collocation(steps=200, lr=5e-3, weight_decay=1e-5),
        Adam(steps=600, lr=5e-3, schedule="cosine", weight_decay=1e-5, clip=1.0),
    )


def _hybrid_stages(n_strains: int, sees_controls: bool) -> tuple[Stage, ...]:
    steps, lr, decay = 400, 2e-2, 1e-3
    if n_strains < SEVERAL_STRAINS and sees_controls:
        steps, lr, decay = 300, 1e-2, 3.0
    elif n_strains <= FEW_STRAINS:
        steps, lr, decay = 300, 1e-2, 1.0
    elif n_strains < SEVERAL_STRAINS:
        decay = 0.1
    return (
        Collocation(steps=200, lr=lr, weight_decay=decay),
        Adam(steps=steps, lr=lr / 2, schedule="cosine", weight_decay=decay, clip=1.0),
    )


def _kinetic_stages(n_strains: int) -> tuple[Stage, ...]:
    decay = 1e-3 if n_strains < SEVERAL_STRAINS else 1e-4
    return (BFGS(max_iters=100, weight_decay=decay),)


def default_objective(protocol: Protocol, loss: Literal["huber", "mse"] | None) -> Objective:
    """Return the loss asked for; else squared errors for ``identity`` (as published) or Huber."""
    if loss is None:
        loss = "mse" if protocol == "identity" else "huber"
    return Objective(kind=loss)
