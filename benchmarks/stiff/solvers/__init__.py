"""All solvers, by library: of functions, and of trained fields."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import partial
from importlib import import_module

from benchmarks.stiff.rows import Solution, Solver
from benchmarks.stiff.solvers import engines, scipy, torchdiffeq

DIFFRAX = {
    "Kvaerno3": "implicit",
    "Kvaerno4": "implicit",
    "Kvaerno5": "implicit",
    "Tsit5": "explicit",
    "Dopri8": "explicit",
}


def of_functions() -> tuple[Solver, ...]:
    """Return solvers of functions; Julia's are in ``benchmarks.stiff.julia``."""
    return (*scipy.SOLVERS, *torchdiffeq.SOLVERS, *_own(), *_diffrax("diffrax", tuple(DIFFRAX)))


def of_trained_fields() -> tuple[Solver, ...]:
    """Return solvers of a trained field."""
    return (*engines.solvers(), *_diffrax("diffrax_trained", ("Kvaerno5", "Tsit5")))


def missing(solver: Solver) -> tuple[str, ...]:
    """Return the packages of a solver that are not installed."""
    return tuple(name for name in solver.requires if importlib.util.find_spec(name) is None)


def _own() -> tuple[Solver, ...]:
    from benchmarks.stiff.solvers import pyscimlode

    return pyscimlode.SOLVERS


def _diffrax(module: str, methods: tuple[str, ...]) -> tuple[Solver, ...]:
    return tuple(
        Solver("diffrax", m, DIFFRAX[m], partial(_late, module, m), ("jax", "diffrax"))
        for m in methods
    )


def _late(module: str, method: str, *arguments: object) -> Callable[[], Solution]:
    """Import jax when a solver is prepared, not before."""
    import jax

    jax.config.update("jax_enable_x64", True)
    prepare = import_module(f"benchmarks.stiff.solvers.{module}").prepare
    prepared: Callable[[], Solution] = prepare(method, *arguments)
    return prepared
