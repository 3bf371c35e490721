"""The paper's second optimiser: L-BFGS with a fixed step length of 1e-4 and no line search.

It is here to be reproduced, not to be used: :class:`pyscimlode.LBFGS` and :class:`pyscimlode.BFGS`
search along their directions. Two-loop recursion: Nocedal & Wright, Numerical Optimization, 2nd
ed., Algorithm 7.4. The rules by which it stops are those of ``torch.optim.LBFGS``, which the paper
used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.registry import get_backend
from pyscimlode.problem import build_problem
from pyscimlode.results import FitResult

FloatArray = npt.NDArray[np.float64]
Function = Callable[[FloatArray], tuple[float, FloatArray]]

STAGE = "L-BFGS, step 1e-4"
"""Name in tables of stages."""
MEMORY = 100
LEAST_CURVATURE = 1e-10


@dataclass(frozen=True, eq=False)
class Stop:
    """Where the optimiser stopped.

    Attributes:
        theta: ``(size,)`` parameters.
        loss: there.
        iterations: done.
        evaluations: of loss and gradient.
        message: why it stopped.
    """

    theta: FloatArray
    loss: float
    iterations: int
    evaluations: int
    message: str


def fixed_step_lbfgs(
    function: Function,
    theta: FloatArray,
    *,
    lr: float = 1e-4,
    max_iters: int = 1000,
    gtol: float = 1e-6,
    change: float = 1e-6,
) -> Stop:
    """Take L-BFGS steps of fixed length ``lr`` until one of the published tolerances is met.

    The first step is at most ``lr`` long in the sum of absolute values. The optimiser stops when
    no entry of the gradient is larger than ``gtol``, no parameter moved by more than ``change``,
    or the loss changed by less than ``change``.

    Args:
        function: returns loss and gradient ``(size,)``.
        theta: ``(size,)`` where to start.
        lr: step length.
        max_iters: iterations.
        gtol: tolerance of the gradient.
        change: tolerance of the change of parameters and loss.

    >>> stop = fixed_step_lbfgs(lambda x: (float(x @ x), 2 * x), np.array([1e-3]))
    >>> stop.iterations, stop.message
    (1, 'the parameters moved by less than the tolerance')
    """
    theta = np.array(theta, dtype=np.float64)
    loss, gradient = function(theta)
    pairs: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=MEMORY)
    if np.abs(gradient).max() <= gtol:
        return Stop(theta, loss, 0, 1, "the gradient was below its tolerance at the start")
    for iteration in range(1, max_iters + 1):
        direction = _direction(gradient, pairs)
        length = lr * min(1.0, 1.0 / np.abs(gradient).sum()) if iteration == 1 else lr
        if float(direction @ gradient) > -change:
            message = "the slope along the step was below the tolerance of change"
            return Stop(theta, loss, iteration - 1, iteration, message)
        step = length * direction
        before, previous = loss, gradient
        theta = theta + step
        loss, gradient = function(theta)
        reason = _reason(gradient, step, loss - before, gtol, change)
        if reason:
            return Stop(theta, loss, iteration, iteration + 1, reason)
        difference = gradient - previous
        if float(difference @ step) > LEAST_CURVATURE:
            pairs.append((step, difference))
    return Stop(theta, loss, max_iters, max_iters + 1, "all iterations were done")


def _reason(
    gradient: FloatArray, step: FloatArray, loss_change: float, gtol: float, change: float
) -> str:
    if not np.isfinite(loss_change):
        return "the loss was not finite"
    if np.abs(gradient).max() <= gtol:
        return "the gradient was below its tolerance"
    if np.abs(step).max() <= change:
        return "the parameters moved by less than the tolerance"
    return "the loss changed by less than the tolerance" if abs(loss_change) < change else ""


def _direction(gradient: FloatArray, pairs: deque[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return minus the inverse Hessian times the gradient, from steps and gradient changes."""
    q = -gradient
    weights = []
    for step, difference in reversed(pairs):
        weight = float(step @ q) / float(difference @ step)
        weights.append(weight)
        q = q - weight * difference
    if pairs:
        step, difference = pairs[-1]
        q = q * (float(difference @ step) / float(difference @ difference))
    for (step, difference), weight in zip(pairs, reversed(weights), strict=True):
        q = q + step * (weight - float(difference @ q) / float(difference @ step))
    return np.asarray(q)


def finish_as_published(
    result: FitResult, *, lr: float = 1e-4, max_iters: int = 1000
) -> tuple[FitResult, list[dict[str, Any]]]:
    """Continue every member of a fit with the published L-BFGS, on all training rows at once.

    Args:
        result: a fit with its training data.
        lr: step length.
        max_iters: iterations of a member.

    Returns:
        the fit with the members' last parameters, and how the stage ended for each of them, as
        ``FitResult.provenance["stage_results"]`` has it.
    """
    problem = build_problem(
        result.train,
        result.model,
        result.members,
        objective=result.objective,
        scaling=result.scaling,
    )
    stops = []
    backend = get_backend(result.backend)
    with backend.open(problem, result.solver, device=result.device, dtype=result.dtype) as session:

        def loss_of(member: int) -> Function:
            def function(theta: FloatArray) -> tuple[float, FloatArray]:
                parts, gradient = session.loss_and_grad(theta[None], members=(member,))
                return float(parts.total[0]), gradient[0]

            return function

        for member, theta in enumerate(result.theta):
            stops.append(fixed_step_lbfgs(loss_of(member), theta, lr=lr, max_iters=max_iters))
    reports = [
        {
            "stage": STAGE,
            "member": member,
            "status": 0,
            "message": stop.message,
            "iterations": stop.iterations,
            "evaluations": stop.evaluations,
            "loss": stop.loss,
        }
        for member, stop in enumerate(stops)
    ]
    return replace(result, theta=np.stack([stop.theta for stop in stops])), reports
