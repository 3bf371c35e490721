"""From data sets and members to the arrays of a :class:`Problem`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.interpolation import interpolate_by_time, knots
from pyscimlode.errors import ExperimentError
from pyscimlode.models.base import MeasuredModel, Model, bound_to
from pyscimlode.models.scaling import Scaling, fit_scaling, identity_scaling, stack
from pyscimlode.problem.arrays import Objective, Problem

FloatArray = npt.NDArray[np.float64]
Weighting = Literal["state", "cell"]

TIME_SCALES_A_RUN = 20.0
"""The field is expressed per 1/20 of the longest training experiment."""


@dataclass(frozen=True)
class Member:
    """One model of a batch: what it is trained on, from which seed, with which penalty.

    Attributes:
        train: ids of the experiments it is trained on.
        seed: of its initial parameters.
        pir: factor of the physiology-informed penalty.
        key: labels that tell the members of a sweep apart, such as ``{"test": "L2"}``.
    """

    train: tuple[str, ...]
    seed: int = 0
    pir: float = 1.0
    key: tuple[tuple[str, Any], ...] = ()


def build_problem(
    dataset: Dataset,
    model: Model,
    members: Sequence[Member],
    *,
    objective: Objective | None = None,
    weighting: Weighting = "state",
    scaling: Scaling | None = None,
) -> Problem:
    """Assemble the arrays that an engine needs.

    Everything that is fitted (scales, loss scales, weights) is fitted for each member on that
    member's training experiments alone.

    Args:
        dataset: all experiments that any member trains on (or is to predict).
        model: the model; an endogenous one turns the controls into further states.
        members: at least one.
        objective: the data term.
        weighting: ``"state"``: every state counts the same however often it was measured;
            ``"cell"``: every measured cell counts the same.
        scaling: stacked scalings of members that are trained already; None fits them.

    Raises:
        ModelError: when the model needs a state or control that the data set does not have.
        ExperimentError: when a member trains on an experiment that the data set does not have.
        UnitError: when the model is in other units than the data set.
        ValueRangeError: when an initial state is missing.
    """
    table = endogenous_form(dataset) if model.endogenous else dataset
    model = bound_to(model, table.state_names, table.control_names)
    if isinstance(model, MeasuredModel):
        model.check_units(table.units, table.time_unit)
    start = _default_start(model, len(table.state_names))
    for item in members:
        for name in item.train:
            table[name]
    scaling = scaling or stack([_fit(table, model, item.train) for item in members])
    times, valid, observed = _padded(table.experiments)
    trains = np.array([[name in item.train for name in table.names] for item in members])
    grid = knots(table)
    strains = {strain: index for index, strain in enumerate(table.strains)}
    return Problem(
        model=model,
        scaling=scaling,
        state_names=table.state_names,
        control_names=table.control_names,
        experiment_names=table.names,
        times=times,
        valid=valid,
        initial=_initial(table, start),
        observed=observed,
        knot_times=grid.times,
        knot_values=grid.values,
        control_interpolation=table.control_interpolation,
        weights=_weights(observed, trains, weighting),
        pir_weights=_pir_weights(valid, trains, len(table.state_names)),
        pir=np.array([item.pir for item in members], dtype=np.float64),
        loss_scale=np.stack(
            [
                _loss_scale(table, model, item.train, scaling.state_scale[index])
                for index, item in enumerate(members)
            ]
        ),
        objective=objective or Objective(),
        groups=np.array([strains[e.strain] for e in table], dtype=np.int64),
    )


def endogenous_form(dataset: Dataset) -> Dataset:
    """Return the data set with its controls as further states (the published 23-state form).

    A control that was not measured at an experiment's first time starts from its interpolated
    value.
    """
    if not dataset.control_names:
        return dataset
    experiments = []
    for experiment in dataset:
        filled = interpolate_by_time(experiment, points=2).controls[0]
        controls = experiment.controls.copy()
        controls[0] = np.where(np.isfinite(controls[0]), controls[0], filled)
        experiments.append(
            replace(
                experiment,
                states=np.concatenate([experiment.states, controls], axis=1),
                controls=np.empty((len(experiment.times), 0)),
            )
        )
    return replace(
        dataset,
        experiments=tuple(experiments),
        state_names=(*dataset.state_names, *dataset.control_names),
        control_names=(),
    )


def _fit(table: Dataset, model: Model, train: Sequence[str]) -> Scaling:
    if not train:
        raise ExperimentError("A member has no training experiments.")
    if _in_raw_units(model):
        return identity_scaling(len(table.state_names), len(table.control_names))
    chosen = [table[name] for name in train]
    horizon = max(float(e.times[-1] - e.times[0]) for e in chosen)
    positive = all(np.nanmin(e.controls, initial=0.0) >= 0.0 for e in chosen)
    given = model.control_transform if isinstance(model, MeasuredModel) else None
    scaling = fit_scaling(
        [e.states for e in chosen],
        [e.controls for e in chosen],
        time_scale=horizon / TIME_SCALES_A_RUN,
        control_transform=given or ("log" if positive else "linear"),
    )
    start = _default_start(model, len(table.state_names))
    never = ~np.any([e.mask.any(axis=0) for e in chosen], axis=0)
    return replace(scaling, state_scale=np.where(never & (start > 0), start, scaling.state_scale))


def _default_start(model: Model, n_states: int) -> FloatArray:
    """Return where states start that a strain was never measured for: zero, unless models know."""
    return model.default_start if isinstance(model, MeasuredModel) else np.zeros(n_states)


def _in_raw_units(model: Model) -> bool:
    return getattr(model, "scaling", "train-max") == "none"


def _padded(
    experiments: Sequence[Experiment],
) -> tuple[FloatArray, npt.NDArray[np.bool_], FloatArray]:
    """Return times, valid and observed, padded to the longest experiment."""
    longest = max(len(e.times) for e in experiments)
    missing = [longest - len(e.times) for e in experiments]
    times = [
        np.pad(e.times, (0, n), mode="edge") for e, n in zip(experiments, missing, strict=True)
    ]
    observed = [
        np.pad(e.states, ((0, n), (0, 0)), constant_values=np.nan)
        for e, n in zip(experiments, missing, strict=True)
    ]
    valid = [np.arange(longest) < len(e.times) for e in experiments]
    return np.stack(times), np.stack(valid), np.stack(observed)


def _initial(table: Dataset, start: FloatArray) -> FloatArray:
    """Return the measured initial states; a state that a strain never has begins at ``start``."""
    initial = np.stack([e.states[0] for e in table])
    never = np.stack([~e.mask.any(axis=0) for e in table])
    initial = np.where(never, start, initial)
    if not np.isfinite(initial).all():
        from pyscimlode.data.validation import check_initial_state

        for experiment in table:
            check_initial_state(table, experiment)
    return initial


def _weights(
    observed: FloatArray, trains: npt.NDArray[np.bool_], weighting: Weighting
) -> FloatArray:
    measured = np.isfinite(observed)
    measured[:, 0] = False
    used = (measured[None] & trains[:, :, None, None]).astype(np.float64)
    if weighting == "cell":
        return np.asarray(used / np.maximum(used.sum(axis=(1, 2, 3), keepdims=True), 1.0))
    counts = used.sum(axis=(1, 2), keepdims=True)
    present = (counts > 0).sum(axis=3, keepdims=True)
    return np.asarray(used / np.maximum(counts, 1.0) / np.maximum(present, 1))


def _pir_weights(
    valid: npt.NDArray[np.bool_], trains: npt.NDArray[np.bool_], n_states: int
) -> FloatArray:
    points = (valid[None] & trains[:, :, None]).astype(np.float64)
    total = np.maximum(points.sum(axis=(1, 2), keepdims=True), 1.0)
    return np.asarray(points / (n_states * total))


def _loss_scale(
    table: Dataset, model: Model, train: Sequence[str], state_scale: FloatArray
) -> FloatArray:
    """Return the training standard deviation of each state, at least 5 % of its scale.

    Residuals of a model in raw units stay in raw units, as published.
    """
    if _in_raw_units(model):
        return np.ones_like(state_scale)
    values = np.concatenate([table[name].states for name in train])
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=0), 1)
    mean = np.where(measured, values, 0.0).sum(axis=0) / count
    variance = np.where(measured, (values - mean) ** 2, 0.0).sum(axis=0) / count
    return np.asarray(np.maximum(np.sqrt(variance), 0.05 * state_scale))
