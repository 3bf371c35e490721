"""A problem and a solver as JSON data and arrays: all that the Julia side is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.models.hybrid import HybridODE
from pyscimlode.models.kinetic.mechanistic_rates import MechanisticRates
from pyscimlode.models.learned_rates import ENZYME_CAP, ENZYME_FLOOR
from pyscimlode.models.neural_ode import LOG_OFFSET
from pyscimlode.models.scaling import CONTROL_CLIP
from pyscimlode.problem import Problem

Arrays = dict[str, npt.NDArray[Any]]

CONSTANTS = {
    "log_offset": LOG_OFFSET,
    "enzyme_floor": ENZYME_FLOOR,
    "enzyme_cap": ENZYME_CAP,
    "control_clip": CONTROL_CLIP,
}

KINETIC_NUMBERS = ("amounts", "constants", "ln_km", "ln_vmax", "use_reference")


def describe(
    problem: Problem, solver: SolverSpec, options: Mapping[str, Any]
) -> tuple[dict[str, Any], Arrays]:
    """Return the description as JSON data and arrays.

    Indices count from 0. Arrays of the problem keep their names and shapes; those of its scaling
    always have a leading axis of members. Hybrid models bring their pathway as index arrays
    ``structure_...`` and the amounts ``fixed_amounts (members, states, reactions)`` and
    ``learned_amounts (yields, states, reactions)``. Those of kinetic pathways are ``kinetic_...``:
    the arrays of :class:`~pyscimlode.models.kinetic.mechanistic_rates.MechanisticRates`, its rate
    function and laws, and ``kinetic_inverse_keq (reactions,)``, zero for irreversible laws.
    """
    meta = {
        "model": problem.model.to_json(),
        "layout": problem.layout.to_json(),
        "objective": asdict(problem.objective),
        "solver": asdict(solver),
        "control_interpolation": problem.control_interpolation,
        "control_transform": problem.scaling.control_transform,
        "constants": CONSTANTS,
        "state_names": list(problem.state_names),
        "control_names": list(problem.control_names),
        "experiment_names": list(problem.experiment_names),
        "options": dict(options),
    }
    return meta, {
        **_problem_arrays(problem),
        **_scaling_arrays(problem),
        **_pathway_arrays(problem),
    }


def _problem_arrays(problem: Problem) -> Arrays:
    return {
        "times": problem.times,
        "valid": problem.valid.astype(np.int64),
        "initial": problem.initial,
        "observed": problem.observed,
        "knot_times": problem.knot_times,
        "knot_values": problem.knot_values,
        "weights": problem.weights,
        "pir_weights": problem.pir_weights,
        "pir": problem.pir,
        "loss_scale": problem.loss_scale,
    }


def _scaling_arrays(problem: Problem) -> Arrays:
    scaling = problem.scaling
    states = (problem.n_members, problem.n_states)
    controls = (problem.n_members, problem.n_controls)
    return {
        "state_scale": np.broadcast_to(scaling.state_scale, states),
        "control_shift": np.broadcast_to(scaling.control_shift, controls),
        "control_scale": np.broadcast_to(scaling.control_scale, controls),
        "control_max": np.broadcast_to(scaling.largest_controls, controls),
        "time_scale": np.broadcast_to(scaling.time_scale, (problem.n_members,)),
    }


def _pathway_arrays(problem: Problem) -> Arrays:
    model = problem.model
    if not isinstance(model, HybridODE):
        return {}
    if isinstance(model.rates, MechanisticRates):
        return _kinetic_arrays(model.rates)
    structure = model.structure
    scale = np.broadcast_to(problem.scaling.state_scale, (problem.n_members, problem.n_states))
    return {
        **_named("structure", structure, _indices(structure)),
        "fixed_amounts": structure.fixed_amounts(scale),
        "learned_amounts": structure.learned_amounts(),
    }


def _kinetic_arrays(rates: MechanisticRates) -> Arrays:
    function = rates.rate_function
    keq = function.keq
    return {
        **_named("kinetic", rates, [*_indices(rates), *KINETIC_NUMBERS]),
        **_named("kinetic", function, ["forward_orders", "backward_orders"]),
        **_named("kinetic", function.laws, [*_indices(function.laws), "order"]),
        "kinetic_inverse_keq": np.divide(1.0, keq, out=np.zeros_like(keq), where=np.isfinite(keq)),
    }


def _indices(item: Any) -> list[str]:
    """Return the names of a dataclass's arrays of integers."""
    values = {each.name: getattr(item, each.name) for each in fields(item)}
    return [
        name
        for name, value in values.items()
        if isinstance(value, np.ndarray) and value.dtype.kind == "i"
    ]


def _named(prefix: str, item: Any, names: Sequence[str]) -> Arrays:
    return {f"{prefix}_{name}": getattr(item, name) for name in names}
