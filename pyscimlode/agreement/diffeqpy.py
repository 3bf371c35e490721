"""One more solver for comparisons: Julia's, called from Python through diffeqpy.

The field is the model's NumPy definition; only the steps are Julia's. diffeqpy imports juliacall,
so it runs in a fresh interpreter (:mod:`.diffeqpy_worker`) that never imports torch.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.agreement.ladder import TIGHT, TOLERANCES
from pyscimlode.agreement.levels import compare_trajectories
from pyscimlode.agreement.rungs import Rung, without_answer
from pyscimlode.backends.arguments import checked_theta
from pyscimlode.backends.base import Trajectory
from pyscimlode.backends.registry import get_backend
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.errors import BackendUnavailable, EngineTimeout, PyscimlodeError, SolverError
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]

NAME = "diffeqpy"
ALGORITHMS = {
    "auto": "Vern7",
    "tsit5": "Tsit5",
    "dopri8": "Vern7",
    "rosenbrock": "Rodas5P",
    "esdirk": "KenCarp4",
}
"""Names of solvers and what they are in OrdinaryDiffEq. ``"auto"`` is not for stiff fields."""

WORKER = "pyscimlode.agreement.diffeqpy_worker"
LAST = 2000
"""Characters of the worker's output that an error shows."""


def why_not() -> str:
    """Return why diffeqpy does not run here and what to do; empty where it does."""
    if importlib.util.find_spec("diffeqpy") is None:
        return "diffeqpy is not installed; do so with: python -m pip install 'pyscimlode[diffeqpy]'"
    if shutil.which("julia", path=_environment(install=False)["PATH"]) is None:
        return (
            "diffeqpy finds no Julia: add the folder of the executable `julia` to PATH, or set "
            "PYTHON_JULIACALL_EXE to it"
        )
    return ""


def solve_with_diffeqpy(
    problem: Problem,
    theta: npt.ArrayLike,
    *,
    solver: SolverSpec = TIGHT,
    seconds: float = 900.0,
    install: bool = False,
) -> Trajectory:
    """Integrate all members and experiments of a problem with a solver of Julia.

    Args:
        problem: the problem.
        theta: ``(members, size)``, or ``(size,)`` for one member.
        solver: one of ``"auto"`` (Vern7), ``"tsit5"``, ``"dopri8"`` (Vern7), ``"rosenbrock"``
            (Rodas5P) and ``"esdirk"`` (KenCarp4), with tolerances on scaled states.
        seconds: after which the worker is ended. Julia compiles for a minute.
        install: let diffeqpy install its Julia packages (gigabytes, once). Otherwise they must be
            there, in its own project or in that of ``PYTHON_JULIACALL_EXE`` and
            ``PYTHON_JULIACALL_PROJECT``.

    Returns:
        trajectories ``(members, experiments, times, states)`` in measured units.

    Raises:
        BackendUnavailable: diffeqpy, Julia or its packages are missing, or the worker failed.
        EngineTimeout: the worker took too long.
        SolverError: for another method.
    """
    parameters = checked_theta(problem, np.array(theta, dtype=np.float64, ndmin=2))
    if solver.method not in ALGORITHMS:
        raise SolverError(
            f"solver={solver.method!r}: with diffeqpy there are {', '.join(ALGORITHMS)}."
        )
    reason = why_not()
    if reason:
        raise BackendUnavailable(f"{reason}.")
    with tempfile.TemporaryDirectory(prefix="pyscimlode-") as folder:
        asked, answered = Path(folder) / "problem.npz", Path(folder) / "trajectory.npz"
        arrays: dict[str, Any] = described(problem, parameters, solver)
        np.savez(asked, **arrays)
        _run([str(asked), str(answered)], seconds, install)
        with np.load(answered, allow_pickle=False) as found:
            return Trajectory(
                times=problem.times.copy(),
                z=found["z"],
                status=found["status"],
                failed_at=found["failed_at"],
                nfev=found["nfev"],
            )


def diffeqpy_rung(problem: Problem, theta: FloatArray, judge: str = "reference") -> Rung:
    """Compare trajectories of diffeqpy with those of an engine, as a rung of a ladder."""
    tolerance = TOLERANCES["trajectory"]
    started = time.perf_counter()
    try:
        ours = solve_with_diffeqpy(problem, theta)
        with get_backend(judge).open(problem, TIGHT, device="cpu", dtype="float64") as session:
            theirs = session.solve(theta)
    except PyscimlodeError as failure:
        return without_answer("trajectory", NAME, tolerance, failure)
    error, where, note = compare_trajectories(problem, ours, theirs, tolerance)
    verdict = "agrees" if error <= tolerance else "differs"
    seconds = time.perf_counter() - started
    return Rung("trajectory", NAME, verdict, error, tolerance, where, note, seconds)  # type: ignore[arg-type]


def described(
    problem: Problem, theta: FloatArray, solver: SolverSpec
) -> dict[str, npt.NDArray[np.generic]]:
    """Return what the worker needs, as arrays; the rest is JSON in one of them."""
    scaling = problem.scaling
    words = {
        "model": problem.model.to_json(),
        "state_names": problem.state_names,
        "control_names": problem.control_names,
        "experiment_names": problem.experiment_names,
        "control_interpolation": problem.control_interpolation,
        "control_transform": scaling.control_transform,
        "solver": asdict(solver),
        "algorithm": ALGORITHMS[solver.method],
    }
    return {
        "words": np.array(json.dumps(words)),
        "theta": theta,
        "times": problem.times,
        "initial": problem.initial,
        "knot_times": problem.knot_times,
        "knot_values": problem.knot_values,
        "state_scale": scaling.state_scale,
        "control_shift": scaling.control_shift,
        "control_scale": scaling.control_scale,
        "control_max": scaling.largest_controls,
        "time_scale": np.asarray(scaling.time_scale),
    }


def _run(arguments: list[str], seconds: float, install: bool) -> None:
    command = [sys.executable, "-m", WORKER, *arguments]
    try:
        done = subprocess.run(
            command,
            env=_environment(install=install),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EngineTimeout(
            f"diffeqpy did not answer within {seconds:g} s and was ended; raise `seconds`.",
            int(Status.TIMEOUT),
        ) from None
    if done.returncode:
        said = done.stdout.decode(errors="replace").strip()[-LAST:]
        raise BackendUnavailable(
            "diffeqpy failed. If Julia packages are missing, call with install=True, or set "
            "PYTHON_JULIACALL_EXE and PYTHON_JULIACALL_PROJECT to a project that has them. It said:"
            f"\n{said}"
        )


def _environment(*, install: bool) -> dict[str, str]:
    """Return the worker's environment: no downloads unless asked for."""
    environment = dict(os.environ)
    environment.setdefault("PATH", os.defpath)
    executable = environment.get("PYTHON_JULIACALL_EXE")
    if executable:
        environment["PATH"] = os.pathsep.join([str(Path(executable).parent), environment["PATH"]])
    environment.setdefault("JULIA_CONDAPKG_BACKEND", "Null")
    if not install:
        environment.setdefault("PYTHON_JULIAPKG_OFFLINE", "yes")
        environment.setdefault("JULIA_PKG_OFFLINE", "true")
    return environment
