"""A trained field that is stiff: networks with fast rates on simulated strains.

A production-degradation model whose rates begin at 600 per time scale (167 per hour) is trained
on four ``live-stiff`` strains with samples from the first minute on. The data determine the ratio
of production to degradation much better than either of them, so the trained rates stay fast.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pyscimlode import (
    Adam,
    Collocation,
    Dataset,
    FitResult,
    ProductionDegradation,
    SolverSpec,
    fit,
    load,
)
from pyscimlode.backends.registry import get_backend
from pyscimlode.data.simulate import simulate
from pyscimlode.models.scaling import member, stack
from pyscimlode.problem import Member, Problem, build_problem

FloatArray = npt.NDArray[np.float64]
CACHE = Path(__file__).with_name("cache")
HOURS = (
    *(0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0),
    *(12.0, 16.0, 20.0, 24.0, 36.0, 48.0, 72.0),
)
MEMBERS = 25
"""Of the ensemble: with four strains, a batch of 100 rows."""
JUDGED = 2
"""Members of the ensemble whose solutions are compared with the reference."""
SPREAD = 0.01
"""Standard deviation of an ensemble's parameters, relative to the trained ones."""
RECIPE = {
    "data": {"n": 4, "parameters": "live-stiff", "seed": 7},
    "model": {"widths": (16, 16), "features": "log", "initial_rate": 600.0},
    "collocation": {"steps": 600, "lr": 1e-2},
    "adam": {"steps": 20, "lr": 3e-3},
}


@dataclass(frozen=True, eq=False)
class TrainedField:
    """A problem of the package and the parameters that were found for it.

    Attributes:
        problem: members of four strains each.
        theta: ``(members, size)``.
        name: in the tables.
        atol_factor: absolute over relative tolerance, on scaled states.
    """

    problem: Problem
    theta: FloatArray
    name: str = "trained-field"
    atol_factor: float = 0.1

    def first(self, members: int) -> TrainedField:
        """Return the same field with the first members alone."""
        if members >= len(self.theta):
            return self
        return replace(trained_field(members=members), theta=self.theta[:members], name=self.name)

    def field(self, z: FloatArray, p: FloatArray) -> FloatArray:
        """Return dz/dt ``(rows, states)``, the NumPy definition."""
        scaling = member(self.problem.scaling, 0)
        return self.problem.model.field(self.theta[0], z, p, scaling)

    def stiffness(self) -> float:
        """Return the largest ``|Re eigenvalue|`` at the strains' states, per hour."""
        states, scale = self.problem.observed, self.problem.scaling.state_scale[0]
        found = []
        for row, z in enumerate(states):
            for time, state in enumerate(z):
                p = self.problem.knot_values[row, time][None]
                steps = 1e-6 * np.diag(scale)
                up, down = (
                    self.field(state + s * steps, np.repeat(p, len(scale), 0)) for s in (1, -1)
                )
                jacobian = ((up - down) / (2e-6 * scale[:, None])).T
                found.append(np.abs(np.linalg.eigvals(jacobian).real).max())
        return float(max(found))


@cache
def trained_field(quick: bool = False, members: int = 1) -> TrainedField:
    """Return the trained field, from the cache where it is there.

    Args:
        quick: a smaller one.
        members: fields side by side; all but the first have parameters off by ``SPREAD``.
    """
    result = trained_model(quick)
    problem = build_problem(
        result.train,
        result.model,
        [Member(result.train.names)] * members,
        objective=result.objective,
        scaling=stack([member(result.scaling, 0)] * members),
    )
    off = np.random.default_rng(0).normal(size=(members, result.theta.shape[1]))
    off[0] = 0.0
    return TrainedField(
        problem,
        result.theta * (1.0 + SPREAD * off),
        "trained-field" if members == 1 else "trained-ensemble",
    )


@cache
def trained_model(quick: bool = False) -> FitResult:
    """Train the model, or read it from the cache; ``quick`` is a smaller one that is not kept."""
    recipe = json.loads(json.dumps(RECIPE))
    if quick:
        recipe["data"]["n"] = 2
        recipe["collocation"]["steps"], recipe["adam"]["steps"] = 100, 1
    folder = CACHE / sha256(json.dumps(recipe).encode()).hexdigest()[:12]
    if folder.is_dir():
        return load(folder)
    result = fit(
        training_strains(recipe["data"]),
        model=ProductionDegradation(**recipe["model"]),
        stages=(Collocation(**recipe["collocation"]), Adam(**recipe["adam"])),
        solver=SolverSpec("tsit5", rtol=1e-3, atol=1e-4, max_steps=50_000),
        ensemble=1,
        seed=0,
        progress=False,
    )
    if not quick:
        _cache()
        result.save(folder)
    return result


def training_strains(recipe: dict[str, int]) -> Dataset:
    """Return the strains that the field is trained on."""
    return simulate(times=HOURS, **recipe)


def reference_trajectory(trained: TrainedField, rtol: float = 1e-12) -> FloatArray:
    """Return ``(members, strains, times, states)`` by the reference engine's Radau."""
    spec = SolverSpec("scipy:Radau", rtol=rtol, atol=0.1 * rtol, max_steps=1_000_000)
    with get_backend("reference").open(trained.problem, spec) as session:
        return session.solve(trained.theta).z


def reference_gradient(
    trained: TrainedField, rtol: float = 1e-8, *, quick: bool = False
) -> FloatArray:
    """Return ``(size,)`` by forward sensitivities on Radau's steps; kept, as it takes minutes."""
    key = sha256(trained.theta.tobytes() + repr(rtol).encode()).hexdigest()[:12]
    path = CACHE / f"gradient-{key}.npy"
    if path.is_file():
        return np.load(path)
    spec = SolverSpec("scipy:Radau", rtol=rtol, atol=0.1 * rtol, max_steps=1_000_000)
    with get_backend("reference").open(trained.problem, spec) as session:
        gradient = session.loss_and_grad(trained.theta)[1][0]
    if not quick:
        _cache()
        np.save(path, gradient)
    return gradient


def _cache() -> None:
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
