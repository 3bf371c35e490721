"""The same field trained with each option on stiff simulated strains, and how stiff it became."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp

import pyscimlode
from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.pathway import PARAMETER_SETS, jacobian
from pyscimlode.models import scaling as scales
from pyscimlode.objectives.lipschitz import lipschitz_bound
from pyscimlode.results import FitResult
from pyscimlode.training import Stage

FloatArray = npt.NDArray[np.float64]
TIMES = (0, 0.01, 0.03, 0.1, 0.3, 1, 2, 4, 8, 12, 24, 36, 48, 72)
"""Hours; early enough that the data show the fast steps as well."""
RTOL, ATOL = 1e-6, 1e-8
"""Of the solves that are counted; the absolute tolerance is for scaled states."""
STEP = 1e-6
"""Of the central differences of the Jacobian, in scaled states."""
MODELS: dict[str, Callable[..., Any]] = {
    "production-degradation": pyscimlode.ProductionDegradation,
    "neural-ode": pyscimlode.NeuralODE,
}


@dataclass(frozen=True)
class Variant:
    """What differs from the default model and fit."""

    name: str
    model: dict[str, Any] = field(default_factory=dict)
    lipschitz: float = 0.0


DEFAULT = Variant("default (tanh, scaled outputs)")
VARIANTS = (
    DEFAULT,
    Variant("outputs not scaled", {"scaling": "none"}),
    *(Variant(f"lipschitz={value:g}", lipschitz=value) for value in (1e-4, 1e-3, 1e-2)),
    *(
        Variant(name, {"activation": name})
        for name in ("adaptive-tanh", "softplus", "silu", "gelu", "elu", "softsign")
    ),
)


@dataclass(frozen=True)
class Size:
    """How much is computed."""

    strains: int = 9
    held_out: int = 3
    seeds: int = 3
    collocation: int = 100
    adam: int = 200

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Collocation, then Adam on trajectories, as in the default recipe but for the length."""
        return (
            pyscimlode.Collocation(self.collocation, lr=5e-3, weight_decay=1e-5),
            pyscimlode.Adam(self.adam, lr=5e-3, schedule="cosine", weight_decay=1e-5, clip=1.0),
        )

    def data(self) -> Dataset:
        """Return the strains, the last of which are held out."""
        return pyscimlode.datasets.simulate(n=self.strains, parameters="live-stiff", times=TIMES)


QUICK = Size(strains=4, held_out=1, seeds=1, collocation=3, adam=3)


@dataclass(frozen=True)
class Row:
    """One variant of one model; lists have one number a seed.

    Attributes:
        nrmse: clean forecast error of the held-out strains.
        evaluations: of the field by an explicit solver, RK45, mean over held-out strains.
        largest: magnitude of the Jacobian's largest eigenvalue on these trajectories, per hour.
        implicit: evaluations by an implicit solver, Radau, those for its Jacobians included.
        bound: Lipschitz bound of the network.
        seconds: of processor time for the training of all seeds.
        failed: held-out strains that could not be solved, all seeds together.
    """

    model: str
    variant: str
    nrmse: list[float]
    largest: list[float]
    evaluations: list[float]
    implicit: list[float]
    bound: list[float]
    seconds: float
    failed: int


def measure(kind: str, variant: Variant, size: Size) -> Row:
    """Train a model of :data:`MODELS` with a variant, and measure what it became."""
    test = [f"S{number + 1}" for number in range(size.strains - size.held_out, size.strains)]
    data, started = size.data(), time.process_time()
    result = pyscimlode.fit(
        data,
        test=test,
        model=MODELS[kind](**variant.model),
        ensemble=size.seeds,
        stages=size.stages,
        lipschitz=variant.lipschitz,
        progress=False,
    )
    return _row(kind, variant, result, time.process_time() - started)


def truth() -> float:
    """Return the largest eigenvalue of the simulated pathway itself, per hour."""
    size, constants = Size(), PARAMETER_SETS["live-stiff"]
    experiments = size.data().experiments[-size.held_out :]
    values = [
        np.abs(np.linalg.eigvals(jacobian(z, p, constants))).max()
        for e in experiments
        for z, p in zip(e.states, e.controls, strict=True)
    ]
    return float(max(values))


def _row(kind: str, variant: Variant, result: FitResult, seconds: float) -> Row:
    members = [_member(result, index) for index in range(len(result.members))]
    solved = [[_solve(member, strain) for strain in _held_out(member)] for member in members]
    bounds = [lipschitz_bound(member.layout, member.theta)[0] for member in members]
    return Row(
        model=kind,
        variant=variant.name,
        nrmse=[float(member.scores.value(member.name)) for member in members],
        largest=[max(s.largest for s in strains) for strains in solved],
        evaluations=[float(np.mean([s.explicit for s in strains])) for strains in solved],
        implicit=[float(np.mean([s.implicit for s in strains])) for strains in solved],
        bound=[float(bound) for bound in bounds],
        seconds=round(seconds, 1),
        failed=sum(s.failed for strains in solved for s in strains),
    )


def _member(result: FitResult, index: int) -> FitResult:
    return replace(
        result,
        members=result.members[index : index + 1],
        theta=result.theta[index : index + 1],
        scaling=scales.stack([scales.member(result.scaling, index)]),
        calibration=None,
    )


def _held_out(result: FitResult) -> tuple[Experiment, ...]:
    return () if result.test is None else result.test.experiments


@dataclass(frozen=True)
class _Solved:
    explicit: int
    implicit: int
    largest: float
    failed: bool


def _solve(result: FitResult, strain: Experiment) -> _Solved:
    """Count what solvers ask of the field, in units in which a state's maximum is 1."""
    scaling = scales.member(result.scaling, 0)
    units = np.nanmax(np.concatenate([e.states for e in result.train]), axis=0)
    theta, model = result.theta[0], result.model

    def slope(t: float, y: FloatArray) -> FloatArray:
        p = np.array([np.interp(t, strain.times, column) for column in strain.controls.T])
        values = np.atleast_2d(y) * units
        inputs = np.broadcast_to(p, (len(values), len(p)))
        return np.asarray(model.field(theta, values, inputs, scaling) / units)

    span, start = (strain.times[0], strain.times[-1]), strain.states[0] / units
    explicit, implicit = (
        solve_ivp(
            lambda t, y: slope(t, y)[0],
            span,
            start,
            method=method,
            rtol=RTOL,
            atol=ATOL,
            t_eval=strain.times,
        )
        for method in ("RK45", "Radau")
    )
    failed = not (explicit.success and implicit.success)
    columns = implicit.nfev + implicit.njev * len(start)
    points = zip(implicit.t, implicit.y.T, strict=True)
    largest = max((_largest(partial(slope, t), y) for t, y in points), default=np.nan)
    return _Solved(explicit.nfev, columns, largest, failed)


def _largest(slope: Callable[[FloatArray], FloatArray], y: FloatArray) -> float:
    moves = STEP * np.eye(len(y))
    columns = (slope(y + moves) - slope(y - moves)) / (2.0 * STEP)
    return float(np.abs(np.linalg.eigvals(columns.T)).max())
