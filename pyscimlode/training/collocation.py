"""Collocation: the field against the slope of the smoothed data, without solving anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator, make_smoothing_spline

from pyscimlode.backends.base import Session
from pyscimlode.errors import TrainingError
from pyscimlode.objectives.losses import huber
from pyscimlode.problem import Problem
from pyscimlode.training.evaluation import Evaluation, training_experiments

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Curve = Callable[[FloatArray], tuple[FloatArray, FloatArray]]

SMOOTHED_FROM = 6
"""Series with fewer measured points are interpolated, not smoothed."""
SMOOTHNESS = 1e-4
"""Weight of the squared second derivative beside the squared residuals, both without units.

On the simulated pathway at its 14 sampling times this halves the error of the slopes against
interpolation where the data carry 10 % noise; cross-validation on so few points does worse, because
now and then it takes noise for signal.
"""
SLOWEST = 1e-3
"""Slopes below this part of state scale per time scale count as none."""
WARP = 0.05
"""Smoothing is even in the square root of (relative time + WARP)."""


@dataclass(frozen=True, eq=False)
class CollocationTargets:
    """Points at which the field is compared with the slope of the data.

    Attributes:
        z: ``(rows, states)`` smoothed states, measured units.
        p: ``(rows, controls)`` controls at the same times.
        dz: ``(rows, states)`` slopes, state units per time unit.
        weights: ``(members, rows, states)``, zero where nothing is known; a member's sum to one.
    """

    z: FloatArray
    p: FloatArray
    dz: FloatArray
    weights: FloatArray

    def __post_init__(self) -> None:
        rows, states = self.z.shape
        if (
            self.dz.shape != (rows, states)
            or len(self.p) != rows
            or self.weights.shape[1:] != (rows, states)
        ):
            raise TrainingError(
                f"Collocation targets do not fit each other: z {self.z.shape}, p {self.p.shape}, "
                f"dz {self.dz.shape}, weights {self.weights.shape}; expected (rows, states), "
                "(rows, controls), (rows, states), (members, rows, states)."
            )
        for name in ("z", "p", "dz", "weights"):
            if not np.isfinite(getattr(self, name)).all():
                raise TrainingError(f"Collocation targets: {name} must be finite.")


def collocation_targets(problem: Problem, *, points: int = 32) -> CollocationTargets:
    """Make targets from the measured points of every training experiment.

    Each state of each experiment is smoothed on its own, inside its measured range: with at least
    six measured points by a cubic smoothing spline of fixed smoothness (Reinsch 1967, as in
    ``scipy.interpolate.make_smoothing_spline``) over warped time, on log(1 + z / largest value)
    where all values are non-negative, because measurement noise is roughly proportional; with two
    to five points by shape-preserving cubic interpolation (Fritsch & Butland 1984). A state with
    one measured point stays there without a slope and without weight; one that was never measured
    has its initial value. Non-negative series stay non-negative.

    Weights are those of the data term, spread evenly over the points inside the measured range.

    Args:
        problem: the training problem.
        points: times an experiment, evenly over its measured range.

    Raises:
        TrainingError: no experiment has a series with two measured points.
    """
    used = np.flatnonzero(training_experiments(problem).any(axis=0))
    parts = [_experiment(problem, int(index), points) for index in used]
    z, p, dz, weights = (np.concatenate(columns, axis=-2) for columns in zip(*parts, strict=True))
    total = weights.sum(axis=(1, 2), keepdims=True)
    if not (total > 0).all():
        raise TrainingError(
            "Collocation needs at least two measured points of one state in a training "
            f"experiment; member {int(np.argmin(total.ravel()))} has none. Leave the stage out."
        )
    return CollocationTargets(z, p, dz, weights / total)


def controls_at(problem: Problem, experiment: int, times: FloatArray) -> FloatArray:
    """Return p(t) ``(times, controls)`` of one experiment, as the problem interpolates it."""
    knots, values = problem.knot_times[experiment], problem.knot_values[experiment]
    if problem.control_interpolation == "step":
        return np.asarray(values[np.maximum(np.searchsorted(knots, times, side="right") - 1, 0)])
    columns = [np.interp(times, knots, column) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.empty((len(times), 0))


def _experiment(
    problem: Problem, index: int, points: int
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    times = problem.times[index][problem.valid[index]]
    grid = np.linspace(times[0], times[-1], points)
    z = np.tile(problem.initial[index], (points, 1))
    dz = np.zeros_like(z)
    share = problem.weights[:, index].sum(axis=1)
    weights = np.zeros((problem.n_members, points, problem.n_states))
    for state in range(problem.n_states):
        values = problem.observed[index, problem.valid[index], state]
        measured = np.isfinite(values)
        if not measured.any():
            continue
        at, values = times[measured], values[measured]
        inside = (grid >= at[0]) & (grid <= at[-1])
        if len(at) == 1 or not inside.any():
            z[:, state] = values[0]
            continue
        z[:, state], slope = smooth(at, values)(np.clip(grid, at[0], at[-1]))
        dz[inside, state] = slope[inside]
        weights[:, inside, state] = share[:, state, None] / inside.sum()
    return z, controls_at(problem, index, grid), dz, weights


def smooth(times: FloatArray, values: FloatArray) -> Curve:
    """Return a curve through or near measured values: times -> values and slopes.

    See :func:`collocation_targets` for the rule.
    """
    scale = float(np.abs(values).max())
    if scale == 0.0 or np.ptp(values) <= 1e-12 * scale:
        return lambda t: (np.full_like(t, values[0]), np.zeros_like(t))
    if len(times) < SMOOTHED_FROM:
        shape = PchipInterpolator(times, values)
        return lambda t: (shape(t), shape(t, 1))
    signed = bool((values < 0).any())
    warp = _Warp(times[0], times[-1])
    data = values / scale if signed else np.log1p(values / scale)
    spline = make_smoothing_spline(warp(times), data, lam=SMOOTHNESS)
    derivative = spline.derivative()

    def curve(t: FloatArray) -> tuple[FloatArray, FloatArray]:
        x = warp(t)
        level, slope = spline(x), derivative(x) * warp.rate(t)
        if signed:
            return scale * level, scale * slope
        level = np.maximum(level, 0.0)
        return scale * np.expm1(level), scale * np.exp(level) * slope

    return curve


@dataclass(frozen=True)
class _Warp:
    """Time as 0 ... 1, stretched where cultures change fastest: early."""

    start: float
    stop: float

    def __call__(self, t: FloatArray) -> FloatArray:
        first, last = np.sqrt(WARP), np.sqrt(1.0 + WARP)
        return np.asarray((np.sqrt(self._relative(t) + WARP) - first) / (last - first))

    def rate(self, t: FloatArray) -> FloatArray:
        width = np.sqrt(1.0 + WARP) - np.sqrt(WARP)
        root = np.sqrt(self._relative(t) + WARP)
        return np.asarray(0.5 / (root * width * (self.stop - self.start)))

    def _relative(self, t: FloatArray) -> FloatArray:
        return np.maximum((t - self.start) / (self.stop - self.start), 0.0)


def _units(problem: Problem, targets: CollocationTargets) -> FloatArray:
    """Return the unit of each state's residuals ``(members, states)``."""
    weight = targets.weights.sum(axis=1)
    squares = (targets.weights * targets.dz**2).sum(axis=1)
    slopes = np.sqrt(squares / np.where(weight > 0, weight, 1.0))
    scaling = problem.scaling
    least = SLOWEST * scaling.state_scale / np.asarray(scaling.time_scale)[:, None]
    return np.asarray(np.maximum(slopes, least))


class CollocationLoss:
    """Weighted Huber loss of the field's residuals, for the Adam loop.

    Residuals of a state are in units of the root mean square of its slopes in the member's
    targets, so that slow states count as much as fast ones; the unit is at least ``SLOWEST`` of
    state scale per time scale.
    """

    def __init__(
        self, session: Session, targets: CollocationTargets, *, huber_delta: float = 1.0
    ) -> None:
        problem = session.problem
        if len(targets.weights) != problem.n_members or targets.z.shape[1] != problem.n_states:
            raise TrainingError(
                f"Collocation targets are for {len(targets.weights)} members and "
                f"{targets.z.shape[1]} states; the problem has {problem.n_members} and "
                f"{problem.n_states}."
            )
        self._session = session
        self._targets = targets
        self._delta = huber_delta
        self._per_unit = 1.0 / _units(problem, targets)[:, None, :]

    @property
    def takes_part(self) -> BoolArray:
        """``(1, members)``: every member has targets."""
        return np.ones((1, len(self._targets.weights)), dtype=bool)

    def evaluate(self, theta: FloatArray, members: IntArray, batch: int = 0) -> Evaluation:
        """Return loss and gradient of ``theta: (k, size)`` for these members."""
        del batch
        everyone = self._full(theta, members)
        residual = self._residual(everyone)
        cotangent = self._targets.weights * np.clip(residual, -self._delta, self._delta)
        gradient = self._session.field_vjp(
            everyone, self._targets.z, self._targets.p, cotangent * self._per_unit
        )[members]
        total = self._loss(residual)[members]
        squared = np.einsum("ij,ij->i", gradient, gradient)
        usable = np.isfinite(squared) & np.isfinite(total)
        nothing = np.zeros(len(members), dtype=np.int64)
        return Evaluation(
            members=members,
            total=total,
            data=total,
            pir=np.zeros(len(members)),
            gradient=gradient,
            norm=np.sqrt(squared),
            failures=nothing,
            usable=usable,
            message="" if usable.all() else "the field is not finite at some points",
        )

    def accept(self, evaluation: Evaluation) -> None:
        """Nothing depends on earlier evaluations."""

    def value(self, theta: FloatArray) -> FloatArray:
        """Return the loss ``(members,)``, infinite where the field is not finite."""
        loss = self._loss(self._residual(theta))
        return np.where(np.isfinite(loss), loss, np.inf)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Nothing is needed to go on."""
        return {}

    def restore(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Nothing is needed to go on."""

    def _full(self, theta: FloatArray, members: IntArray) -> FloatArray:
        count = len(self._targets.weights)
        if len(members) == count:
            return theta
        full = np.zeros((count, theta.shape[1]))
        full[members] = theta
        return full

    def _residual(self, theta: FloatArray) -> FloatArray:
        field = self._session.field(theta, self._targets.z, self._targets.p)
        return (field - self._targets.dz) * self._per_unit

    def _loss(self, residual: FloatArray) -> FloatArray:
        weights = self._targets.weights
        rho = np.where(weights > 0, huber(residual, self._delta), 0.0)
        return np.asarray((weights * rho).sum(axis=(1, 2)))
