"""diffrax, jitted: Tsit5 with discrete gradients, controls knot to knot."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from benchmarks.speed.workloads import Workload

FloatArray = npt.NDArray[np.float64]
Layers = list[tuple[jax.Array, jax.Array]]


def _network(layers: Layers, x: jax.Array) -> jax.Array:
    for weight, bias in layers[:-1]:
        x = jnp.tanh(x @ weight.T + bias)
    weight, bias = layers[-1]
    return x @ weight.T + bias


def _field(t: jax.Array, z: jax.Array, args: Any) -> jax.Array:
    layers, knots, values, slopes = args
    if knots.size == 0:
        return _network(layers, z)
    index = jnp.clip(jnp.searchsorted(knots, t, side="right") - 1, 0, slopes.shape[-2] - 1)
    p = values[..., index, :] + (t - knots[index]) * slopes[..., index, :]
    return _network(layers, jnp.concatenate([z, p], axis=-1))


@dataclass
class Diffrax:
    """``diffeqsolve`` under ``jit``; ``per_row`` maps it over rows, each with its own steps."""

    workload: Workload
    per_row: bool = False
    rtol: float = 1e-5
    atol: float = 1e-6
    max_steps: int = 256
    first_step: float = 0.5

    def __post_init__(self) -> None:
        work = self.workload
        single = partial(jnp.asarray, dtype=jnp.float32)
        self.layers: Layers = [(single(w), single(b)) for w, b in work.layers()]
        slopes = np.zeros((work.n_rows, 0, 0))
        if work.n_controls:
            gaps = np.diff(work.knot_times)[None, :, None]
            slopes = np.diff(work.knot_values, axis=1) / gaps
        self.knots = single(work.knot_times)
        self.inputs = (single(work.initial), single(work.knot_values), single(slopes))
        self.outputs = single(work.outputs)
        self.target = single(work.target)
        self.run = jax.jit(jax.value_and_grad(self._loss))
        self.solve = jax.jit(self._solve)

    def _one(
        self, layers: Layers, initial: jax.Array, values: jax.Array, slopes: jax.Array
    ) -> jax.Array:
        controller: Any = diffrax.PIDController(rtol=self.rtol, atol=self.atol)
        if self.knots.size:
            controller = diffrax.ClipStepSizeController(controller, step_ts=self.knots[1:-1])
        end_only = len(self.outputs) == 1
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(_field),
            diffrax.Tsit5(),
            t0=0.0,
            t1=self.workload.horizon,
            dt0=self.first_step,
            y0=initial,
            args=(layers, self.knots, values, slopes),
            saveat=diffrax.SaveAt(t1=True) if end_only else diffrax.SaveAt(ts=self.outputs),
            stepsize_controller=controller,
            max_steps=self.max_steps,
        )
        return solution.ys

    def _solve(self, layers: Layers) -> jax.Array:
        if self.per_row:
            return jax.vmap(partial(self._one, layers))(*self.inputs)
        return jnp.moveaxis(self._one(layers, *self.inputs), 0, 1)

    def _loss(self, layers: Layers) -> jax.Array:
        return jnp.mean((self._solve(layers) - self.target) ** 2)

    def loss_and_grad(self) -> tuple[float, FloatArray]:
        """Return the loss and its gradient ``(parameters,)``."""
        loss, gradient = self.run(self.layers)
        flat = [np.asarray(part, dtype=np.float64).ravel() for pair in gradient for part in pair]
        return float(loss), np.concatenate(flat)

    def trajectory(self) -> FloatArray:
        """Return ``(rows, outputs, states)``."""
        return np.asarray(self.solve(self.layers), dtype=np.float64)
