"""The Julia engine as a backend: whether it runs here, and sessions on its one worker."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

from pyscimlode.backends.arguments import check_host_float64, check_method
from pyscimlode.backends.base import Capabilities, Session
from pyscimlode.backends.julia.installation import (
    find_installation,
    require,
    worker_environment,
)
from pyscimlode.backends.julia.limits import Limits
from pyscimlode.backends.julia.session import JuliaSession
from pyscimlode.backends.julia.shared import Engine
from pyscimlode.backends.julia.solvers import SOLVERS
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.errors import SolverError, did_you_mean
from pyscimlode.problem import Problem

SENSITIVITIES = ("auto", "gauss", "interpolating", "forwarddiff")
OPTIONS = ("sensitivity", "threads", "timeout", "start_timeout", "memory_limit")
TOLD = (
    "OrdinaryDiffEqCore",
    "SciMLSensitivity",
    "Lux",
    "Zygote",
    "ReverseDiff",
    "ForwardDiff",
    "Optimization",
    "Optim",
    "Optimisers",
    "Pyscimlode",
    "PythonCall",
)
"""Packages whose versions are told."""


class JuliaBackend:
    """Lux, OrdinaryDiffEq and SciMLSensitivity in one worker process.

    Args:
        engine: another worker than Julia's, which is then taken to run here; for tests.
    """

    name = "julia"

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine = engine

    def capabilities(self) -> Capabilities:
        """Say what works here; Julia is not started, and nothing is downloaded."""
        found = find_installation()
        versions = {"juliacall": found.juliacall, "julia": found.julia}
        versions |= {name: found.packages.get(name, "") for name in TOLD}
        missing = "" if self._engine is not None else found.missing
        return Capabilities(
            available=not missing,
            reason=missing,
            solvers=SOLVERS,
            dtypes=("float64",),
            devices=("cpu",),
            versions={name: value for name, value in versions.items() if value},
        )

    def open(
        self,
        problem: Problem,
        solver: SolverSpec,
        *,
        device: str = "auto",
        dtype: str = "auto",
        options: dict[str, Any] | None = None,
    ) -> Session:
        """Open a problem; the first one starts the worker, which takes seconds.

        Args:
            problem: the problem.
            solver: see ``capabilities().solvers``.
            device: ``"auto"`` or ``"cpu"``.
            dtype: ``"auto"`` or ``"float64"``.
            options: ``sensitivity``, one of auto, gauss, interpolating, forwarddiff;
                ``threads`` of Julia, which the first problem opened decides for the worker;
                ``timeout`` and ``start_timeout`` in seconds and ``memory_limit`` in bytes, see
                :class:`~pyscimlode.backends.julia.limits.Limits`.

        Raises:
            BackendUnavailable: Julia is not installed, or another device is asked for.
            SolverError: the engine does not have this solver, data type or option.
            EngineError: the worker does not start, or fails.
        """
        check_host_float64("Julia", device, dtype)
        check_method("Julia", solver.method, SOLVERS)
        chosen = _checked(options or {})
        limits = Limits.chosen(
            chosen.pop("start_timeout", None),
            chosen.pop("timeout", None),
            chosen.pop("memory_limit", None),
        )
        return JuliaSession(self._running(), problem, solver, limits, chosen)

    def _running(self) -> Engine:
        if self._engine is not None:
            return self._engine
        require()
        return julia_engine()


@cache
def julia_engine() -> Engine:
    """Return the worker that all sessions share."""
    return Engine(_command, lambda threads: worker_environment(find_installation(), threads))


def _command() -> list[str]:
    return [sys.executable, "-P", "-m", "pyscimlode.backends.julia.worker"]


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    for name in options:
        if name not in OPTIONS:
            raise SolverError(
                f"options={{{name!r}: ...}} is not known to the Julia engine; it has "
                f"{', '.join(OPTIONS)}." + did_you_mean(name, OPTIONS)
            )
    sensitivity = options.get("sensitivity", "auto")
    if sensitivity not in SENSITIVITIES:
        raise SolverError(
            f"sensitivity={sensitivity!r} is not one of {', '.join(SENSITIVITIES)}."
            + did_you_mean(str(sensitivity), SENSITIVITIES)
        )
    threads = options.get("threads")
    if threads is not None and not (isinstance(threads, int) and threads >= 1):
        raise SolverError(f"threads={threads!r} must be a whole number, at least 1.")
    return {"sensitivity": "auto", "threads": None, **options}
