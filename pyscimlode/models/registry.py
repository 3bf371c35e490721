"""Models by name, and from the JSON data that they were saved as."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pyscimlode.errors import ModelError, did_you_mean
from pyscimlode.models.base import Model
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.pathway import KineticPathway
from pyscimlode.models.neural_ode import NeuralODE, ProductionDegradation
from pyscimlode.models.pathways import Pathway
from pyscimlode.models.pathways_known import (
    isopentenol_pathway,
    limonene_pathway,
    mevalonate_pathway,
    simulated_pathway,
)

KINDS: dict[str, Any] = {
    NeuralODE.kind: NeuralODE,
    ProductionDegradation.kind: ProductionDegradation,
    Pathway.model_kind: HybridODE,
    KineticPathway.model_kind: HybridODE,
}
NAMED: dict[str, Callable[[], Model]] = {
    "neural-ode": NeuralODE,
    "production-degradation": ProductionDegradation,
    "hybrid-limonene": lambda: HybridODE(limonene_pathway()),
    "hybrid-isopentenol": lambda: HybridODE(isopentenol_pathway()),
    "hybrid-mevalonate": lambda: HybridODE(mevalonate_pathway()),
    "hybrid-simulated": lambda: HybridODE(simulated_pathway()),
}
"""Models that need no further options; the hybrid ones are named after their pathway."""


def model_from_json(data: Mapping[str, Any]) -> Model:
    """Return the model that ``Model.to_json`` described.

    Raises:
        ModelError: for an unknown kind or options that the kind does not have.
    """
    options = dict(data)
    kind = str(options.pop("kind", ""))
    return _build(kind, options)


def resolve_model(model: str | Model) -> Model:
    """Return a model given as itself or by name, such as ``"production-degradation"``.

    Raises:
        ModelError: for an unknown name.
    """
    names = ", ".join(NAMED)
    if isinstance(model, str):
        name = model.replace("_", "-")
        if name not in NAMED:
            raise ModelError(
                f"model={model!r} is not known; there are {names}." + did_you_mean(name, NAMED)
            )
        return NAMED[name]()
    if not isinstance(model, Model):
        raise ModelError(
            f"model={model!r} is not a model; give one of {names} or an object such as "
            "NeuralODE(widths=(32, 32))."
        )
    return model


def _build(kind: str, options: dict[str, Any]) -> Model:
    if kind not in KINDS:
        raise ModelError(
            f"A model of kind {kind!r} is not known; there are {', '.join(KINDS)}."
            + did_you_mean(kind, KINDS)
        )
    try:
        model: Model = KINDS[kind](**options)
    except TypeError as error:
        raise ModelError(f"The description of model {kind!r} does not fit: {error}.") from error
    return model
