"""The trained field in jax, and diffrax on it: members and strains mapped, all with own steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.stiff.rows import MAX_STEPS, Solution
from benchmarks.stiff.trained import TrainedField
from pyscimlode.models.neural_ode import LOG_OFFSET, ProductionDegradation
from pyscimlode.models.scaling import CONTROL_CLIP, member

SAME = 1e-12


Layers = list[tuple[Any, Any]]


def layers(trained: TrainedField) -> Layers:
    """Return weights ``(members, out, in)`` and biases ``(members, out)`` of every layer."""
    parts = [trained.problem.layout.unpack(theta) for theta in trained.theta]
    names = [f"net.{index}." for index in range(len(parts[0]) // 2)]
    return [
        (
            np.stack([part[f"{name}weight"] for part in parts]),
            np.stack([part[f"{name}bias"] for part in parts]),
        )
        for name in names
    ]


def jax_field(trained: TrainedField) -> Callable[[Layers, jax.Array, jax.Array], jax.Array]:
    """Return ``f(layers, y, p) -> dy/dt`` of a strain on scaled states: ``ProductionDegradation``.

    Raises:
        ValueError: it is not the NumPy definition.
    """
    problem, scaling = trained.problem, member(trained.problem.scaling, 0)
    model = problem.model
    if not isinstance(model, ProductionDegradation) or scaling.control_transform != "log":
        raise ValueError("Only production-degradation models on log controls are written in jax.")

    def field(layers: Layers, y: jax.Array, p: jax.Array) -> jax.Array:
        u = (jnp.log1p(p) - scaling.control_shift) / scaling.control_scale
        x = jnp.concatenate(
            [
                y,
                *([jnp.log(jnp.maximum(y, 0.0) + LOG_OFFSET)] if model.features == "log" else []),
                jnp.clip(u, -CONTROL_CLIP, CONTROL_CLIP),
            ]
        )
        for weight, bias in layers[:-1]:
            x = jnp.tanh(weight @ x + bias)
        production, degradation = jnp.split(jax.nn.softplus(layers[-1][0] @ x + layers[-1][1]), 2)
        return (production - degradation * y) / scaling.time_scale

    _check(trained, field)
    return field


def _check(trained: TrainedField, field: Callable[..., jax.Array]) -> None:
    scale = trained.problem.scaling.state_scale[0]
    first = [(weight[0], bias[0]) for weight, bias in layers(trained)]
    for row in range(trained.problem.n_experiments):
        z, p = trained.problem.observed[row], trained.problem.knot_values[row]
        right = trained.field(z, p)
        found = np.asarray(jax.vmap(partial(field, first))(z / scale, p)) * scale
        if np.abs(found - right).max() > SAME * np.abs(right).max():
            raise ValueError("The field in jax is not the NumPy definition.")


@cache
def _compiled(method: str, trained: TrainedField) -> Callable[..., Any]:
    problem, field = trained.problem, jax_field(trained)
    scale = jnp.asarray(problem.scaling.state_scale[0])

    def one(
        weights: Layers,
        initial: jax.Array,
        times: jax.Array,
        knots: jax.Array,
        values: jax.Array,
        tolerances: Any,
    ) -> Any:
        slopes = jnp.diff(values, axis=0) / jnp.diff(knots)[:, None]

        def rhs(t: jax.Array, y: jax.Array, args: Any) -> jax.Array:
            index = jnp.clip(jnp.searchsorted(knots, t, side="right") - 1, 0, len(slopes) - 1)
            return field(weights, y, values[index] + (t - knots[index]) * slopes[index])

        controller = diffrax.ClipStepSizeController(
            diffrax.PIDController(rtol=tolerances[0], atol=tolerances[1]),
            jump_ts=knots[1:-1],
        )
        found = diffrax.diffeqsolve(
            diffrax.ODETerm(rhs),
            getattr(diffrax, method)(),
            t0=times[0],
            t1=times[-1],
            dt0=None,
            y0=initial / scale,
            saveat=diffrax.SaveAt(ts=times),
            stepsize_controller=controller,
            max_steps=MAX_STEPS,
            throw=False,
        )
        success = found.result == diffrax.RESULTS.successful
        return found.ys * scale, found.stats["num_steps"], success

    inputs = tuple(
        jnp.asarray(x)
        for x in (problem.initial, problem.times, problem.knot_times, problem.knot_values)
    )
    strains = jax.vmap(one, in_axes=(None, 0, 0, 0, 0, None))
    mapped = jax.jit(jax.vmap(strains, in_axes=(0, None, None, None, None, None)))
    stacked = [(jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in layers(trained)]
    return lambda rtol, atol: mapped(stacked, *inputs, (rtol, atol))


def prepare(
    method: str, trained: TrainedField, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of all members and strains; its step limit also bounds its time."""
    run = _compiled(method, trained)

    def solve() -> Solution:
        values, steps, success = jax.block_until_ready(run(rtol, atol))
        status = "success" if bool(success.all()) else "step limit or Newton failed"
        return Solution(np.asarray(values), status, steps=int(steps.sum()))

    return solve
