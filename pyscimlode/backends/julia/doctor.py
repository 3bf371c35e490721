"""What stands between this machine and a running Julia engine: looked at from the ground up."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pyscimlode.backends.julia.backend import JuliaBackend
from pyscimlode.backends.julia.installation import (
    EXE,
    NEEDED,
    OLDEST,
    PROJECT,
    THREADS,
    Installation,
    find_installation,
    version_tuple,
)
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.data.simulate import simulate
from pyscimlode.errors import PyscimlodeError
from pyscimlode.models.neural_ode import NeuralODE
from pyscimlode.models.scaling import member
from pyscimlode.problem import Member, Problem, build_problem

SIGNALS = "PYTHON_JULIACALL_HANDLE_SIGNALS"
PREFIXES = ("PYTHON_JULIACALL_", "PYTHON_JULIAPKG_", "PYSCIMLODE_JULIA_", "JULIA_")
SHOWN = (
    "Lux",
    "OrdinaryDiffEqCore",
    "SciMLSensitivity",
    "Optimization",
    "Optim",
    "Optimisers",
)
READY = "Nothing to do: fit(backend='julia') works here."


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        ok: whether it is as it has to be; None if it was not looked at.
        found: what was found.
        advice: what to do; empty if nothing.
    """

    name: str
    ok: bool | None
    found: str
    advice: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All checks, in the order in which they depend on each other."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether the engine runs, as far as was looked."""
        return all(check.ok is not False for check in self.checks)

    @property
    def next_step(self) -> str:
        """What to do first."""
        return next((check.advice for check in self.checks if check.ok is False), READY)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        checks = [asdict(check) for check in self.checks]
        return {"ok": self.ok, "next": self.next_step, "checks": checks}


def diagnose(*, quick: bool = False, backend: JuliaBackend | None = None) -> Diagnosis:
    """Look at Python, juliacall, Julia, its project, the environment, and at a worker.

    Args:
        quick: start neither Julia nor a worker.
        backend: the engine whose worker is tried; for tests.
    """
    found = find_installation()
    checks = [_python(), _juliacall(found), _environment(os.environ), _julia(found, quick)]
    checks.append(_project(found))
    ready = all(check.ok is not False for check in checks)
    if quick or not (ready or backend):
        why = "not asked for (--quick)" if quick else "not tried: see above"
        return Diagnosis((*checks, Check("worker", None, why)))
    return Diagnosis((*checks, _worker(backend or JuliaBackend())))


def contradictions(environ: Mapping[str, str]) -> list[str]:
    """Return what environment variables say against each other or against the engine."""
    said = []
    if bool(environ.get(EXE)) != bool(environ.get(PROJECT)):
        there, absent = (EXE, PROJECT) if environ.get(EXE) else (PROJECT, EXE)
        said.append(f"{there} is set without {absent}: set both or neither.")
    threads = environ.get(THREADS) or environ.get("JULIA_NUM_THREADS") or "1"
    if environ.get(SIGNALS) == "no" and threads != "1":
        said.append(
            f"{SIGNALS}=no with {threads} threads ends a process that imports juliacall at Julia's "
            f"first garbage collection: unset it. (pyscimlode's worker sets it to yes.)"
        )
    one, other = environ.get(THREADS), environ.get("JULIA_NUM_THREADS")
    if one and other and one != other:
        said.append(f"{THREADS}={one} and JULIA_NUM_THREADS={other} differ: unset one of them.")
    return said


def _python() -> Check:
    return Check("Python", True, f"{platform.python_version()} at {sys.executable}")


def _juliacall(found: Installation) -> Check:
    if not found.juliacall:
        return Check("juliacall", False, "not installed", "pip install 'pyscimlode[julia]'")
    return Check("juliacall", True, found.juliacall)


def _environment(environ: Mapping[str, str]) -> Check:
    named = [f"{name}={environ[name]}" for name in sorted(environ) if name.startswith(PREFIXES)]
    said = contradictions(environ)
    return Check(
        "environment", not said, "; ".join(named) or "no variable of Julia set", " ".join(said)
    )


def _julia(found: Installation, quick: bool) -> Check:
    if found.executable is None:
        return Check("Julia", False if found.juliacall else None, "none found", found.missing)
    if quick:
        return Check("Julia", True, f"{found.executable} (not started)")
    try:
        done = subprocess.run(
            [str(found.executable), "--startup-file=no", "--version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        advice = f"{found.executable} does not run; name another one with {EXE}."
        return Check("Julia", False, f"{found.executable}: {error}", advice)
    text = done.stdout.strip()
    version = version_tuple(text.rpartition(" ")[2])
    if version < OLDEST:
        return Check(
            "Julia",
            False,
            f"{text} at {found.executable}",
            f"Julia 1.10 or newer is needed: name one with {EXE}, or unset it and run "
            "`pyscimlode julia install`.",
        )
    return Check("Julia", True, f"{text} at {found.executable}")


def _project(found: Installation) -> Check:
    if found.project is None:
        return Check("project", False if found.juliacall else None, "none found", found.missing)
    named = [
        f"{name} {found.packages[name]}".strip()
        for name in (*NEEDED, *SHOWN)
        if name in found.packages
    ]
    where = f"{found.project}, chosen by {found.chosen_by}"
    if named:
        where += f", resolved with Julia {found.julia or '?'}: {', '.join(named)}"
    return Check("project", not found.missing, where, found.missing)


def _worker(backend: JuliaBackend) -> Check:
    problem = _small_problem()
    theta = problem.model.initial(problem.n_states, problem.n_controls, np.random.default_rng(0))[
        None
    ]
    try:
        start, session = _timed(lambda: backend.open(problem, SolverSpec("tsit5")))
        with session:
            first, _ = _timed(lambda: session.loss_and_grad(theta))
            again, _ = _timed(lambda: session.loss_and_grad(theta))
            z, p = problem.initial, problem.knot_values[:, 0]
            ours = session.field(theta, z, p)[0]
    except PyscimlodeError as error:
        return Check("worker", False, f"{type(error).__name__}: {error}", _advice(str(error)))
    theirs = problem.model.field(theta[0], z, p, member(problem.scaling, 0))
    error_of_field = float(np.abs(ours / theirs - 1.0).max())
    said = (
        f"ready after {start:.1f} s, first gradient {first:.2f} s, next {1000 * again:.1f} ms, "
        f"field equal to NumPy's within {error_of_field:.0e}"
    )
    if not error_of_field <= 1e-9:
        return Check("worker", False, said, "Reinstall: `pyscimlode julia install`.")
    return Check("worker", True, said)


def _small_problem() -> Problem:
    data = simulate(2, times=[0.0, 12.0, 48.0], seed=0).keep(states=["GPP"], controls=["GPPS"])
    return build_problem(data, NeuralODE(widths=(4,)), [Member(data.names)])


def _timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    value = call()
    return time.perf_counter() - started, value


def _advice(text: str) -> str:
    if "Precompil" in text or "not found in current path" in text:
        return "Julia's packages do not load: run `pyscimlode julia install`, then `... warm`."
    return "Run `pyscimlode julia warm`, and read what the worker says."
