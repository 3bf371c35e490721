"""diffrax in float64, jitted; one compilation a solver and problem serves all tolerances."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.stiff.rows import MAX_STEPS, Solution
from pyscimlode.data.stiff_problems import StiffProblem


def field(problem: StiffProblem) -> Callable[..., jax.Array]:
    """Return ``f(t, y, args)`` from the one definition."""
    return lambda t, y, args: jnp.stack(problem.derivatives(t, list(y)))


def integrate(
    rhs: Callable[..., jax.Array],
    method: str,
    initial: jax.Array,
    times: jax.Array,
    rtol: Any,
    atol: Any,
    args: Any = None,
    **options: Any,
) -> diffrax.Solution:
    """Solve with steps of its own choice, the first included."""
    return diffrax.diffeqsolve(
        diffrax.ODETerm(rhs),
        getattr(diffrax, method)(),
        t0=times[0],
        t1=times[-1],
        dt0=None,
        y0=initial,
        args=args,
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
        max_steps=MAX_STEPS,
        throw=False,
        **options,
    )


@cache
def _compiled(method: str, problem: StiffProblem) -> Callable[..., Any]:
    initial, times = jnp.asarray(problem.initial), jnp.asarray(problem.times)

    @jax.jit
    def run(rtol: jax.Array, atol: jax.Array) -> Any:
        found = integrate(field(problem), method, initial, times, rtol, atol)
        return found.ys, found.stats["num_steps"], found.result == diffrax.RESULTS.successful

    return run


def prepare(
    method: str, problem: StiffProblem, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of a problem; its step limit also bounds its time."""
    run = _compiled(method, problem)

    def solve() -> Solution:
        values, steps, success = jax.block_until_ready(run(rtol, atol))
        status = "success" if success else "step limit or Newton failed"
        return Solution(np.asarray(values), status, steps=int(steps))

    return solve
