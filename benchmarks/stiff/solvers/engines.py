"""The package's engines on a trained field: trajectories, and gradients of its loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.stiff.rows import MAX_STEPS, Solution, Solver
from benchmarks.stiff.trained import TrainedField
from pyscimlode.backends.base import Session
from pyscimlode.backends.registry import backend_names, get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.errors import EngineError, PyscimlodeError

IMPLICIT, SWITCHING, EXPLICIT = "implicit", "switching", "explicit"
METHODS: dict[str, dict[str, str]] = {
    "reference": {
        "scipy:Radau": IMPLICIT,
        "scipy:BDF": IMPLICIT,
        "scipy:LSODA": SWITCHING,
    },
    "torch": {
        "rosenbrock": IMPLICIT,
        "esdirk": IMPLICIT,
        "auto": SWITCHING,
        "tsit5": EXPLICIT,
        "dopri8": EXPLICIT,
        "torchdiffeq:dopri5": EXPLICIT,
        "torchdiffeq:dopri8": EXPLICIT,
    },
    "julia": {
        "julia:Rosenbrock23": IMPLICIT,
        "julia:Rodas5P": IMPLICIT,
        "julia:TRBDF2": IMPLICIT,
        "julia:KenCarp4": IMPLICIT,
        "julia:Kvaerno5": IMPLICIT,
        "julia:FBDF": IMPLICIT,
        "julia:QNDF": IMPLICIT,
        "julia:Tsit5": EXPLICIT,
        "julia:Vern7": EXPLICIT,
        "julia:DP8": EXPLICIT,
    },
}
GRADIENTS = (
    "rosenbrock",
    "esdirk",
    "auto",
    "tsit5",
    "torchdiffeq:dopri5",
    "julia:Rodas5P",
    "julia:KenCarp4",
    "julia:TRBDF2",
    "julia:Tsit5",
)
LIBRARIES = {"reference": "scipy", "torch": "pyscimlode", "julia": "julia"}


def solvers(*, gradients: bool = False) -> tuple[Solver, ...]:
    """Return the solvers of the engines that are there; see :func:`absent` for the others."""
    found = []
    for engine, methods in METHODS.items():
        if absent(engine):
            continue
        known = get_backend(engine).capabilities().solvers
        for method, kind in methods.items():
            if method not in known or (gradients and method not in GRADIENTS):
                continue
            prepare = partial(_prepare_gradient if gradients else _prepare_solve, engine, method)
            library, _, name = _label(engine, method).partition(" ")
            found.append(Solver(library, name, kind, prepare))
    return tuple(found)


def labels(*, gradients: bool = False) -> tuple[str, ...]:
    """Return what tables call the solvers, whether their engines are there or not."""
    return tuple(
        _label(engine, method)
        for engine, methods in METHODS.items()
        for method in methods
        if not gradients or method in GRADIENTS
    )


def _label(engine: str, method: str) -> str:
    library, _, name = method.rpartition(":")
    return f"{library or LIBRARIES[engine]} {name}"


def absent(engine: str) -> str:
    """Return why an engine cannot be used, empty where it can."""
    if engine not in backend_names():
        return "not registered"
    return get_backend(engine).capabilities().reason


def left_out() -> dict[str, str]:
    """Return engines and solvers of the list that are not there, and why."""
    reasons = {}
    for engine, methods in METHODS.items():
        reason = absent(engine)
        if reason:
            reasons[engine] = reason
            continue
        known = get_backend(engine).capabilities().solvers
        reasons |= {f"{engine} {m}": "not among its solvers" for m in methods if m not in known}
    return reasons


def _open(engine: str, method: str, trained: TrainedField, rtol: float, atol: float) -> Session:
    spec = SolverSpec(method, rtol=rtol, atol=atol, max_steps=MAX_STEPS)
    return get_backend(engine).open(trained.problem, spec, device="cpu", dtype="float64")


def _prepare_solve(
    engine: str, method: str, trained: TrainedField, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the solve of all strains; the step limit also bounds its time."""
    nothing = np.full((len(trained.theta), *trained.problem.observed.shape), np.nan)
    try:
        session = _open(engine, method, trained, rtol, atol)
    except EngineError as error:
        failed = Solution(nothing, f"{type(error).__name__}: {error}"[:80])
        return lambda: failed

    def solve() -> Solution:
        try:
            found = session.solve(trained.theta)
        except (PyscimlodeError, AssertionError, RuntimeError) as error:
            return Solution(nothing, f"{type(error).__name__}: {error}"[:80])
        worst = Status(int(found.status.max()))
        status = "success" if worst is Status.SUCCESS else worst.name
        return Solution(found.z, status, int(found.nfev.sum()))

    return solve


def _prepare_gradient(
    engine: str, method: str, trained: TrainedField, rtol: float, atol: float, limit: float
) -> Callable[[], Solution]:
    """Return the loss and gradient of all strains; the values are the gradient ``(1, size)``."""
    try:
        session = _open(engine, method, trained, rtol, atol)
    except EngineError as error:
        failed = Solution(np.full(trained.theta.shape, np.nan), f"{error}"[:80])
        return lambda: failed

    def solve() -> Solution:
        try:
            parts, gradient = session.loss_and_grad(trained.theta)
        except (PyscimlodeError, AssertionError, RuntimeError) as error:
            return Solution(np.full(trained.theta.shape, np.nan), f"{error}"[:80])
        worst = Status(int(parts.status.max()))
        status = "success" if worst is Status.SUCCESS else worst.name
        return Solution(gradient, status, parts.nfev)

    return solve
