"""Fields of a model as parameters of the estimator that has it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from pyscimlode.errors import ModelError
from pyscimlode.models.base import Model
from pyscimlode.models.registry import resolve_model


def fields_of(model: Any) -> list[str]:
    """Return the names of a model's fields."""
    return [field.name for field in fields(model)]


def with_fields(model: str | Model | None, values: dict[str, Any]) -> Model:
    """Return the model with some fields replaced.

    Raises:
        ModelError: for no model, or a field that it does not have.
    """
    if model is None:
        raise ModelError(
            f"model__{next(iter(values))} is a field of a model, and model is None. Name the model "
            "first: MetabolicForecaster(model=ProductionDegradation())."
        )
    described = resolve_model(model)
    known = fields_of(described)
    for name in values:
        if name not in known:
            raise ModelError(
                f"A model of kind {described.kind!r} has no field {name!r}; it has "
                f"{', '.join(known)}."
            )
    return replace(described, **values)  # type: ignore[type-var]
