"""Default models and training stages, by protocol and number of training strains."""

from __future__ import annotations

import math
from typing import Literal

from pyscimlode.models.base import Model
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.objectives.protocols import Protocol
from pyscimlode.problem import Objective
from pyscimlode.training import PUBLISHED_STAGES, Adam, Collocation, Stage

FEW_STRAINS = 5
"""Up to so many training strains regularisation matters more than fit."""
SEVERAL_STRAINS = 10
"""From so many training strains on rates of a pathway are learned with hardly any weight decay."""


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
    the more weight decay draws their rates back to the initial ones.
    """
    if protocol == "identity":
        return PUBLISHED_STAGES
    if isinstance(model, HybridODE):
        return _hybrid_stages(n_strains)
    if n_strains <= FEW_STRAINS:
        return (
            Collocation(steps=200, lr=5e-3, weight_decay=1e-2),
            Adam(steps=300, lr=5e-3, schedule="cosine", weight_decay=1e-2, clip=1.0),
        )
    return (
        Collocation(steps=200, lr=5e-3, weight_decay=1e-5),
        Adam(steps=600, lr=5e-3, schedule="cosine", weight_decay=1e-5, clip=1.0),
    )


def _hybrid_stages(n_strains: int) -> tuple[Stage, ...]:
    steps, lr, decay = 400, 2e-2, 1e-3
    if n_strains <= FEW_STRAINS:
        steps, lr, decay = 300, 1e-2, 1.0
    elif n_strains < SEVERAL_STRAINS:
        decay = 0.1
    return (
        Collocation(steps=200, lr=lr, weight_decay=decay),
        Adam(steps=steps, lr=lr / 2, schedule="cosine", weight_decay=decay, clip=1.0),
    )


def default_objective(protocol: Protocol, loss: Literal["huber", "mse"] | None) -> Objective:
    """Return the loss asked for; else squared errors for ``identity`` (as published) or Huber."""
    if loss is None:
        loss = "mse" if protocol == "identity" else "huber"
    return Objective(kind=loss)
