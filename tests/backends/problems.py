"""Small problems for the tests of the engines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

from pyscimlode.models.base import Model
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import Scaling, member
from pyscimlode.problem import Objective, Problem

FloatArray = npt.NDArray[np.float64]


def small_problem(
    model: Model | None = None,
    *,
    members: int = 1,
    experiments: int = 3,
    states: int = 4,
    controls: int = 2,
    times: int = 6,
    knots: int = 4,
    t_end: float = 10.0,
    interpolation: Literal["linear", "step"] = "linear",
    objective: Objective | None = None,
    masked: float = 0.3,
    pir: float = 1.0,
    leave_out: bool = False,
    seed: int = 0,
) -> Problem:
    """Return random data in measured units; every experiment has its own times and knots.

    Every member has its own scaling, weights and factor of the penalty. The last experiment has
    one output time fewer and one knot fewer, padded as :class:`Problem` says. ``leave_out``: member
    ``i`` does not train on experiment ``i``.
    """
    rng = np.random.default_rng(seed)
    model = NeuralODE(widths=(6, 5)) if model is None else model
    grid = np.sort(rng.uniform(0.05, 1.0, (experiments, times)), axis=1) * t_end
    grid[:, 0] = 0.0
    valid = np.ones((experiments, times), dtype=bool)
    if experiments > 1 and times > 2:
        grid[-1, -1], valid[-1, -1] = grid[-1, -2], False
    knot_times = np.sort(rng.uniform(0.0, 1.0, (experiments, knots)), axis=1) * t_end
    knot_times[:, 0] = 0.0
    knot_values = rng.uniform(0.5, 3.0, (experiments, knots, controls))
    if experiments > 1 and knots > 2:
        knot_times[-1, -1], knot_values[-1, -1] = knot_times[-1, -2], knot_values[-1, -2]
    units = rng.uniform(0.5, 20.0, states)
    observed = rng.uniform(0.1, 1.0, (experiments, times, states)) * units
    initial = observed[:, 0].copy()
    observed[rng.random(observed.shape) < masked] = np.nan
    observed[~valid] = np.nan
    trains = np.ones((members, experiments), dtype=bool)
    if leave_out:
        for index in range(members):
            trains[index, index % experiments] = False
    weights = np.where(np.isfinite(observed), rng.uniform(0.5, 1.5, observed.shape), 0.0)
    weights = np.broadcast_to(weights, (members, *weights.shape)) * trains[:, :, None, None]
    weights = weights / np.maximum(weights.sum(axis=(1, 2, 3), keepdims=True), 1e-300)
    points = valid & np.broadcast_to(trains[:, :, None], (members, *valid.shape))
    pir_weights = points / (states * points.sum(axis=(1, 2), keepdims=True))
    scaling = Scaling(
        state_scale=units * rng.uniform(0.5, 1.5, (members, states)),
        control_shift=rng.uniform(0.5, 1.0, (members, controls)),
        control_scale=rng.uniform(0.3, 1.0, (members, controls)),
        time_scale=t_end * rng.uniform(0.3, 0.6, members),
        control_transform="log",
    )
    return Problem(
        model=model,
        scaling=scaling,
        state_names=tuple(f"M{i}" for i in range(states)),
        control_names=tuple(f"P{i}" for i in range(controls)),
        experiment_names=tuple(f"S{i}" for i in range(experiments)),
        times=grid,
        valid=valid,
        initial=initial,
        observed=observed,
        knot_times=knot_times,
        knot_values=knot_values,
        control_interpolation=interpolation,
        weights=weights,
        pir_weights=pir_weights,
        pir=pir * rng.uniform(0.5, 1.5, members),
        loss_scale=units * rng.uniform(0.5, 1.5, (members, states)),
        objective=objective or Objective(),
        groups=np.arange(experiments),
    )


def initial_theta(problem: Problem, *, scale: float = 1.0, seed: int = 1) -> FloatArray:
    """Return ``(members, size)`` random parameters, biases included."""
    rng = np.random.default_rng(seed)
    size = problem.layout.size
    draws = [
        problem.model.initial(problem.n_states, problem.n_controls, rng)
        for _ in range(problem.n_members)
    ]
    return scale * (np.stack(draws) + 0.1 * rng.normal(size=(problem.n_members, size)))


def controls_at(problem: Problem, experiment: int, t: float, *, before: bool = False) -> FloatArray:
    """Return p(t) ``(controls,)``; ``before`` takes the limit from the left at a step."""
    knots, values = problem.knot_times[experiment], problem.knot_values[experiment]
    if problem.control_interpolation == "linear":
        return np.array([np.interp(t, knots, column) for column in values.T])
    side: Literal["left", "right"] = "left" if before else "right"
    return values[max(int(np.searchsorted(knots, t, side=side)) - 1, 0)]


def radau(
    problem: Problem, theta: FloatArray, index: int, experiment: int, times: FloatArray
) -> FloatArray:
    """Integrate the NumPy field with SciPy's Radau; returns ``(times, states)``.

    Starts again at every knot, so that no step runs over a kink of p(t).
    """
    scaling = member(problem.scaling, index)
    stops = np.unique(np.concatenate([problem.knot_times[experiment], times]))
    stops = stops[(stops > times[0]) & (stops <= times[-1])]
    z, t = problem.initial[experiment], float(times[0])
    out = {t: z}
    for stop in stops:
        middle = 0.5 * (t + stop)

        def rhs(now: float, state: FloatArray, middle: float = middle) -> FloatArray:
            at = middle if problem.control_interpolation == "step" else now
            p = controls_at(problem, experiment, at)
            return problem.model.field(theta[index], state[None], p[None], scaling)[0]

        options: dict[str, Any] = {"method": "Radau", "rtol": 1e-12, "atol": 1e-13}
        solution = solve_ivp(rhs, (t, stop), z, **options)
        if not solution.success:
            raise RuntimeError(solution.message)
        z, t = solution.y[:, -1], float(stop)
        out[t] = z
    return np.stack([out[float(time)] for time in times])


def with_objective(problem: Problem, **changes: Any) -> Problem:
    """Return the problem with other settings of its objective."""
    return replace(problem, objective=replace(problem.objective, **changes))
