"""A session in NumPy: the loss of linear models, with failures on request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.base import LossParts, Trajectory
from pyscimlode.backends.status import Status
from pyscimlode.models import NeuralODE
from pyscimlode.models.parameters import ParameterLayout
from pyscimlode.models.scaling import Scaling
from pyscimlode.problem import Objective, Problem

FloatArray = npt.NDArray[np.float64]
Fails = Callable[[FloatArray], npt.NDArray[np.bool_]]


@dataclass(frozen=True)
class ToyModel(NeuralODE):
    """``size`` parameters; the field is dz/dt = theta[:states] - z."""

    size: int = 5

    def layout(self, n_states: int, n_controls: int) -> ParameterLayout:
        return ParameterLayout.of([("w", (self.size,))])


@dataclass(frozen=True)
class ToySolver:
    freeze: int = 1


@dataclass
class ToySession:
    """Sum over experiments of a Rosenbrock-like valley, ``(members, experiments)``.

    Attributes:
        toy: the problem; only members, experiments, groups and weights matter to the loss.
        centre: ``(members, experiments, size)`` where each experiment's term is smallest.
        fails: ``theta (rows, size) -> (rows, experiments)`` whether a solve fails.
        freeze: how long the step grid is kept; the loss depends slightly on the grid.
        calls: ``(members, experiments, refresh)`` of every gradient that was asked for.
    """

    toy: Problem
    centre: FloatArray
    fails: Fails | None = None
    freeze: int = 1
    on_call: Callable[[int], None] | None = None
    calls: list[tuple[Any, Any, bool]] = field(default_factory=list)
    grid: FloatArray | None = None

    @property
    def solver(self) -> ToySolver:
        return ToySolver(self.freeze)

    @property
    def layout(self) -> ParameterLayout:
        return self.toy.layout

    @property
    def problem(self) -> Problem:
        return self.toy

    def field(self, theta: FloatArray, z: FloatArray, p: FloatArray) -> FloatArray:
        return theta[:, None, : z.shape[-1]] - z

    def field_vjp(
        self, theta: FloatArray, z: FloatArray, p: FloatArray, cotangent: FloatArray
    ) -> FloatArray:
        gradient = np.zeros_like(theta)
        gradient[:, : z.shape[-1]] = cotangent.sum(axis=1)
        return gradient

    def solve(
        self,
        theta: FloatArray,
        *,
        experiments: Sequence[int] | None = None,
        times: FloatArray | None = None,
    ) -> Trajectory:
        raise RuntimeError("the toy does not integrate")

    def loss(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
    ) -> LossParts:
        return self._evaluate(theta, members, experiments, theta)[0]

    def loss_and_grad(
        self,
        theta: FloatArray,
        *,
        members: Sequence[int] | None = None,
        experiments: Sequence[int] | None = None,
        refresh: bool = True,
    ) -> tuple[LossParts, FloatArray]:
        self.calls.append((members, experiments, refresh))
        if self.on_call is not None:
            self.on_call(len(self.calls))
        if refresh:
            self.grid = theta.copy()
        if self.grid is None or self.grid.shape != theta.shape:
            raise RuntimeError("no grid of these members was made")
        return self._evaluate(theta, members, experiments, self.grid)

    def _evaluate(
        self,
        theta: FloatArray,
        members: Sequence[int] | None,
        experiments: Sequence[int] | None,
        grid: FloatArray,
    ) -> tuple[LossParts, FloatArray]:
        rows = list(range(self.toy.n_members)) if members is None else list(members)
        if theta.shape != (len(rows), self.layout.size):
            raise RuntimeError(f"theta has shape {theta.shape} for {len(rows)} members")
        count = self.toy.n_experiments
        batch = np.zeros(count, dtype=bool)
        batch[list(range(count)) if experiments is None else list(experiments)] = True
        used = (self.toy.weights[rows].sum(axis=(2, 3)) > 0) & batch
        failed = np.zeros_like(used) if self.fails is None else self.fails(theta) & used
        good = (used & ~failed).astype(float)
        x = theta[:, None, :] - self.centre[rows]
        curved = x[..., 1:] - x[..., :-1] ** 2
        terms = 5.0 * (curved**2).sum(axis=-1) + ((x - 0.0) ** 2).sum(axis=-1)
        slope = 2.0 * x
        slope[..., 1:] += 10.0 * curved
        slope[..., :-1] -= 20.0 * curved * x[..., :-1]
        wobble = 1.0 + 1e-6 * np.sin(grid.sum(axis=1))
        data = wobble * (good * terms).sum(axis=1)
        gradient = wobble[:, None] * (good[..., None] * slope).sum(axis=1)
        status = np.where(failed, int(Status.MAX_STEPS), 0).astype(np.int64)
        return LossParts(data, data, np.zeros(len(rows)), status), gradient

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def toy_problem(
    *,
    members: int = 3,
    experiments: int = 4,
    groups: Sequence[int] | None = None,
    trains: npt.NDArray[np.bool_] | None = None,
    size: int = 5,
) -> Problem:
    """Return a problem of two states, one control and five times; states are exp(-t) + 1."""
    times = np.tile(np.linspace(0.0, 4.0, 5), (experiments, 1))
    observed = 1.0 + np.exp(-times)[..., None] * np.array([1.0, 2.0])
    trains = np.ones((members, experiments), dtype=bool) if trains is None else trains
    weights = np.ones((members, experiments, 5, 2)) * trains[:, :, None, None]
    weights[:, :, 0] = 0.0
    weights /= weights.sum(axis=(1, 2, 3), keepdims=True)
    pir_weights = np.ones((members, experiments, 5)) * trains[:, :, None]
    pir_weights /= 2.0 * pir_weights.sum(axis=(1, 2), keepdims=True)
    return Problem(
        model=ToyModel(size=size),
        scaling=Scaling(
            state_scale=np.ones((members, 2)),
            control_shift=np.zeros((members, 1)),
            control_scale=np.ones((members, 1)),
            time_scale=np.ones(members),
        ),
        state_names=("A", "B"),
        control_names=("E",),
        experiment_names=tuple(f"S{i}" for i in range(experiments)),
        times=times,
        valid=np.ones_like(times, dtype=bool),
        initial=observed[:, 0].copy(),
        observed=observed,
        knot_times=times.copy(),
        knot_values=np.ones((experiments, 5, 1)),
        control_interpolation="linear",
        weights=weights,
        pir_weights=pir_weights,
        pir=np.ones(members),
        loss_scale=np.ones((members, 2)),
        objective=Objective(),
        groups=np.array(range(experiments) if groups is None else groups, dtype=np.int64),
    )


def toy_session(seed: int = 0, spread: float = 0.3, **options: Any) -> ToySession:
    """Return a session on :func:`toy_problem`; fails, freeze and on_call are its own."""
    own = {name: options.pop(name) for name in ("fails", "freeze", "on_call") if name in options}
    problem = toy_problem(**options)
    rng = np.random.default_rng(seed)
    shape = (problem.n_members, problem.n_experiments, problem.layout.size)
    return ToySession(problem, spread * rng.normal(size=shape), **own)


def start(session: ToySession, seed: int = 1) -> FloatArray:
    """Return ``(members, size)`` parameters to start from."""
    rng = np.random.default_rng(seed)
    return 1.5 * rng.normal(size=(session.problem.n_members, session.layout.size))
