"""The float64 reference that every candidate is held to before it is timed.

Trajectory: SciPy DOP853 at rtol 1e-11, from knot to knot. Gradient: autograd through
torchdiffeq's dopri5 in float64 at rtol 1e-10 with steps on every knot and output; it is itself
checked against central differences of the SciPy loss along random directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from scipy.integrate import solve_ivp

from benchmarks.speed.candidates.base import Candidate
from benchmarks.speed.candidates.torchdiffeq import Torchdiffeq
from benchmarks.speed.workloads import Workload
from pyscimlode.models.scaling import identity_scaling

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reference:
    """What is right.

    Attributes:
        trajectory: ``(rows, outputs, states)``.
        gradient: ``(parameters,)``.
        directional_error: largest relative difference between the gradient's and SciPy's
            directional derivatives.
    """

    trajectory: FloatArray
    gradient: FloatArray
    directional_error: float


@dataclass(frozen=True)
class Errors:
    """Largest trajectory error over the largest state, and relative gradient error (2-norm)."""

    trajectory: float
    gradient: float


def scipy_trajectory(workload: Workload) -> FloatArray:
    """Return ``(rows, outputs, states)`` from SciPy DOP853."""
    model = workload.model
    scaling = identity_scaling(workload.n_states, workload.n_controls)
    shape = workload.initial.shape
    knots = workload.knot_times

    def rhs(t: float, flat: FloatArray) -> FloatArray:
        p = np.zeros((shape[0], 0))
        if len(knots):
            index = int(np.clip(np.searchsorted(knots, t, side="right") - 1, 0, len(knots) - 2))
            share = (t - knots[index]) / (knots[index + 1] - knots[index])
            values = workload.knot_values
            p = values[:, index] + share * (values[:, index + 1] - values[:, index])
        return model.field(workload.theta, flat.reshape(shape), p, scaling).ravel()

    parts = []
    state = workload.initial.ravel()
    for start, end in pairwise(knots if len(knots) else np.array([0.0, workload.horizon])):
        inside = workload.outputs[(workload.outputs > start) & (workload.outputs <= end)]
        solution = solve_ivp(
            rhs, (start, end), state, "DOP853", dense_output=True, rtol=1e-11, atol=1e-12
        )
        state = solution.y[:, -1]
        if len(inside):
            values = solution.sol(inside)
            values[:, inside == end] = state[:, None]
            parts.append(values)
    return np.concatenate(parts, axis=1).T.reshape(len(workload.outputs), *shape).swapaxes(0, 1)


def scipy_loss(workload: Workload) -> float:
    """Return the loss of the SciPy trajectory."""
    return float(((scipy_trajectory(workload) - workload.target) ** 2).mean())


def make_reference(workload: Workload, directions: int = 2) -> Reference:
    """Compute the reference of a workload."""
    exact = Torchdiffeq(
        workload,
        "dopri5",
        rtol=1e-10,
        atol=1e-11,
        on_knots=True,
        on_outputs=True,
        dtype=torch.float64,
        first_step=1e-2,
    )
    _, gradient = exact.loss_and_grad()
    rng = np.random.default_rng(1)
    worst = 0.0
    for _ in range(directions):
        direction = rng.normal(size=workload.theta.size)
        direction /= np.linalg.norm(direction)
        losses = [
            scipy_loss(replace(workload, theta=workload.theta + step * direction))
            for step in (3e-5, -3e-5)
        ]
        slope = (losses[0] - losses[1]) / 6e-5
        worst = max(worst, abs(slope - gradient @ direction) / abs(slope))
    return Reference(scipy_trajectory(workload), gradient, worst)


def errors(candidate: Candidate, reference: Reference) -> Errors:
    """Return the errors of a candidate; the gradient is that of its second call."""
    trajectory = candidate.trajectory()
    candidate.loss_and_grad()
    _, gradient = candidate.loss_and_grad()
    scale = np.abs(reference.trajectory).max()
    return Errors(
        trajectory=float(np.abs(trajectory - reference.trajectory).max() / scale),
        gradient=float(
            np.linalg.norm(gradient - reference.gradient) / np.linalg.norm(reference.gradient)
        ),
    )
