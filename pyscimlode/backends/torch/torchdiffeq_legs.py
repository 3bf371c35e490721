"""One batch integrated by torchdiffeq, leg by leg, with failures found before it asserts.

The way from the start to the last output is cut at every knot of p(t) and every output time, and
torchdiffeq integrates each leg on its own: no step runs over a kink or a jump of the inputs, and
every output is the end of a step, never an interpolated value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchdiffeq import odeint, odeint_adjoint

from pyscimlode.backends.base import FloatArray
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.backends.torch.fields import Params, TorchField
from pyscimlode.backends.torch.inputs import ControlInputs
from pyscimlode.errors import SolverError, did_you_mean

PREFIX = "torchdiffeq:"
ADJOINT = "adjoint-"
ADAPTIVE = ("dopri8", "dopri5", "bosh3", "fehlberg2", "adaptive_heun")
FIXED = ("rk4", "heun3", "midpoint", "euler")
TORCHDIFFEQ_SOLVERS = tuple(
    f"{PREFIX}{adjoint}{method}" for adjoint in ("", ADJOINT) for method in (*ADAPTIVE, *FIXED)
)
"""What ``SolverSpec.method`` may be; torchdiffeq's Adams and SciPy methods are left out."""


@dataclass(frozen=True)
class Method:
    """A torchdiffeq method and its options.

    Attributes:
        name: what torchdiffeq calls it.
        adjoint: whether gradients come from the backward equations, not from the steps taken.
        rtol: relative tolerance.
        atol: absolute tolerance.
        max_steps: attempted steps of a whole trajectory.
        step_size: largest step of a fixed-step method.
    """

    name: str
    adjoint: bool
    rtol: float
    atol: float
    max_steps: int
    step_size: float | None

    @classmethod
    def of(cls, solver: SolverSpec) -> Method:
        """Read a solver's options.

        Raises:
            SolverError: torchdiffeq has no such method, or a fixed-step method has no step.
        """
        if solver.method not in TORCHDIFFEQ_SOLVERS:
            raise SolverError(
                f"solver={solver.method!r} is not known; choose one of "
                f"{', '.join(TORCHDIFFEQ_SOLVERS)}."
                + did_you_mean(solver.method, TORCHDIFFEQ_SOLVERS)
            )
        full_name = solver.method.removeprefix(PREFIX)
        name = full_name.removeprefix(ADJOINT)
        if name in FIXED and solver.step_size is None:
            raise SolverError(
                f"solver={solver.method!r} takes fixed steps: give step_size, in the data set's "
                f"time unit, or choose an adaptive method such as '{PREFIX}dopri5'."
            )
        return cls(
            name=name,
            adjoint=full_name.startswith(ADJOINT),
            rtol=solver.rtol,
            atol=solver.atol,
            max_steps=solver.max_steps,
            step_size=solver.step_size,
        )


class SolveFailure(Exception):
    """A batch that could not be integrated: how it ended, and when."""

    def __init__(self, status: Status, time: float) -> None:
        super().__init__(f"{status.name} at t = {time:g}. {status.advice}")
        self.status = status
        self.time = time


@dataclass
class Watch:
    """What is counted during the solve of a batch.

    Attributes:
        max_steps: attempted steps before the solve counts as failed.
        nfev: evaluations so far.
        steps: attempted steps so far.
        proposal: the controller's last step; None before the first leg.
    """

    max_steps: int
    nfev: int = 0
    steps: int = 0
    proposal: float | None = None


@dataclass(frozen=True, eq=False)
class RightHandSide:
    """dy/dt of a batch on scaled states.

    Attributes:
        field: the model's right-hand side.
        params: its unpacked parameters.
        inputs: p(t) of the batch.
        time_scale: ``(members,)``.
    """

    field: TorchField
    params: Params
    inputs: ControlInputs
    time_scale: Tensor

    def __call__(self, now: float, y: Tensor) -> Tensor:
        """Return dy/dt ``(members, rows, states)``."""
        value = self.field(self.params, y, self.inputs.at(now))
        return value / self.time_scale[:, None, None]


class Leg:
    """The right-hand side between two stops as torchdiffeq calls it, watching the solve.

    The inputs are those inside the leg, also at its ends, where p(t) may jump.
    """

    def __init__(self, rhs: RightHandSide, watch: Watch, start: float, end: float) -> None:
        self.rhs = rhs
        self.watch = watch
        self.start = start
        self.end = end
        self.before_end = float(np.nextafter(end, start))
        self.backward_steps = 0

    def __call__(self, t: Tensor, y: Tensor) -> Tensor:
        """Return dy/dt ``(members, rows, states)``."""
        now = min(max(t.item(), self.start), self.before_end)
        dy = self.rhs(now, y)
        self.watch.nfev += 1
        if not _finite(dy):
            raise SolveFailure(Status.NON_FINITE, now)
        return dy

    def callback_step(self, t: Tensor, y: Tensor, dt: Tensor) -> None:
        """Stop before a step that torchdiffeq would answer with an assert, or one too many."""
        step = dt.item()
        self._check_step(t.item(), step, (y,), self.watch.steps)
        self.watch.steps += 1
        self.watch.proposal = step

    def callback_step_adjoint(self, t: Tensor, y: tuple[Tensor, ...], dt: Tensor) -> None:
        """Do the same for the backward equations of the leg."""
        self._check_step(t.item(), -dt.item(), y, self.backward_steps)
        self.backward_steps += 1

    def _check_step(self, now: float, step: float, y: tuple[Tensor, ...], steps: int) -> None:
        if not all(_finite(part) for part in y):
            raise SolveFailure(Status.NON_FINITE, now)
        if now + step == now or not math.isfinite(step):
            raise SolveFailure(Status.STEP_TOO_SMALL, now)
        if steps >= self.watch.max_steps:
            raise SolveFailure(Status.MAX_STEPS, now)


def integrate(
    rhs: RightHandSide,
    theta: Tensor,
    initial: Tensor,
    method: Method,
    stops: FloatArray,
    times: FloatArray,
) -> tuple[Tensor, int]:
    """Return scaled states ``(members, rows, times, states)`` and the number of evaluations.

    The states are differentiable in ``theta``.

    Args:
        rhs: the right-hand side, whose parameters come from ``theta``.
        theta: ``(members, size)``.
        initial: ``(members, rows, states)`` scaled states at ``stops[0]``.
        method: how to integrate.
        stops: ``(stops,)`` increasing; the start, knots and all output times.
        times: ``(times,)`` outputs, each one of the stops.

    Raises:
        SolveFailure: one of the rows failed.
    """
    watch = Watch(method.max_steps)
    states = [initial]
    for start, end in pairwise(stops.tolist()):
        leg = Leg(rhs, watch, start, end)
        states.append(_integrate_leg(leg, theta, states[-1], method))
        if not _finite(states[-1]):
            raise SolveFailure(Status.NON_FINITE, leg.before_end)
    every_stop = torch.stack(states, dim=2)
    return every_stop[:, :, np.searchsorted(stops, times)], watch.nfev


def _integrate_leg(leg: Leg, theta: Tensor, y: Tensor, method: Method) -> Tensor:
    ends = torch.tensor([leg.start, leg.end], dtype=torch.float64, device=y.device)
    options = _options(leg, y, method, ends)
    common: dict[str, Any] = {
        "rtol": method.rtol,
        "atol": method.atol,
        "method": method.name,
        "options": options,
    }
    try:
        if not (method.adjoint and theta.requires_grad):
            return odeint(leg, y, ends, **common)[1]
        backward = {name: options[name] for name in _BACKWARD_OPTIONS if name in options}
        return odeint_adjoint(
            leg, y, ends, **common, adjoint_options=backward, adjoint_params=(theta,)
        )[1]
    except torch.OutOfMemoryError as error:
        raise SolveFailure(Status.OUT_OF_MEMORY, leg.start) from error


_BACKWARD_OPTIONS = ("step_t", "grid_constructor")


def _options(leg: Leg, y: Tensor, method: Method, ends: Tensor) -> dict[str, Any]:
    if method.name in FIXED:
        return {"grid_constructor": _even_grid(method.step_size or leg.end - leg.start)}
    if leg.watch.proposal is None:
        leg.watch.proposal = _first_step(leg, y, method, ends)
    # Both ends, because the backward equations end where the forward ones start. Without a given
    # first step torchdiffeq would choose one from the field, and autograd differentiate the choice.
    return {"step_t": ends, "first_step": leg.watch.proposal, "norm": _worst_row}


GridConstructor = Callable[[Any, Tensor, Tensor], Tensor]


def _even_grid(step_size: float) -> GridConstructor:
    def grid(_rhs: Any, _y: Tensor, t: Tensor) -> Tensor:
        length = (t[-1] - t[0]).abs().item()
        count = max(int(np.ceil(length / step_size * (1.0 - 1e-12))), 1)
        points = torch.linspace(0.0, 1.0, count + 1, dtype=t.dtype, device=t.device)
        points = t[0] + (t[-1] - t[0]) * points
        points[-1] = t[-1]
        return points

    return grid


def _first_step(leg: Leg, y: Tensor, method: Method, ends: Tensor) -> float:
    """Return a step in which no row moves more than 1 % (Hairer, Norsett & Wanner, II.4, a-b)."""
    with torch.no_grad():
        dy = leg(ends[0], y)
        scale = method.atol + method.rtol * y.abs()
        size, speed = _worst_row(y / scale).item(), _worst_row(dy / scale).item()
    length = leg.end - leg.start
    return min(length, 0.01 * max(size, 1.0) / speed) if speed > 0.0 else length


def _worst_row(values: Tensor) -> Tensor:
    """Return the largest root mean square of a row: every experiment meets the tolerance."""
    return values.square().mean(dim=-1).sqrt().max()


def _finite(values: Tensor) -> bool:
    return bool(torch.isfinite(values).all())
