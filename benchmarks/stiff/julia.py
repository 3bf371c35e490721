"""Julia's solvers on the same problems: ``problems.jl`` in a process of its own.

Julia is ``PYTHON_JULIACALL_EXE`` or the ``julia`` on PATH; its project must have the solver
packages of OrdinaryDiffEq, SciMLBase and no others.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stiff.rows import LARGEST, MAX_STEPS, Row, scaled_error
from pyscimlode.data.pathway import PARAMETER_SETS, EnzymeCourses
from pyscimlode.data.stiff_problems import STRAIN_SEED, StiffProblem

SCRIPT = Path(__file__).with_name("problems.jl")
EXPLICIT = ("Tsit5", "Vern7", "DP8")
METHODS = (
    "Rosenbrock23",
    "Rodas5P",
    "TRBDF2",
    "KenCarp4",
    "Kvaerno5",
    "FBDF",
    "QNDF",
    *EXPLICIT,
)
SAME = 1e-12
"""Largest relative difference between the two definitions of a field that counts as rounding."""


class JuliaMissing(Exception):
    """There is no Julia that can run the script; the text says why."""


def executable() -> str:
    """Return Julia's path.

    Raises:
        JuliaMissing: there is none.
    """
    found = os.environ.get("PYTHON_JULIACALL_EXE") or shutil.which("julia")
    if found is None or not Path(found).exists():
        raise JuliaMissing("no `julia` on PATH, and PYTHON_JULIACALL_EXE names none")
    return found


def measure(
    problem: StiffProblem,
    reference: np.ndarray,
    tolerances: Sequence[float],
    *,
    methods: Sequence[str] = METHODS,
    rounds: int = 5,
    timeout: float = 900.0,
) -> tuple[list[Row], dict[str, str]]:
    """Return the rows of a problem and the versions of Julia and its packages.

    Raises:
        JuliaMissing: there is no Julia, or it cannot run the script.
    """
    described = description(problem, reference, tolerances, methods, rounds)
    answer = run(described, timeout)
    checked(problem, described["probes"], answer["fields"])
    rows = []
    for found in answer["rows"]:
        if found["status"] == "not installed":
            rows += [_row(problem, reference, {**found, "rtol": rtol}) for rtol in tolerances]
        else:
            rows.append(_row(problem, reference, found))
    return rows, answer["versions"]


def description(
    problem: StiffProblem,
    reference: np.ndarray,
    tolerances: Sequence[float],
    methods: Sequence[str],
    rounds: int,
) -> dict[str, Any]:
    """Return what the script is told."""
    told: dict[str, Any] = {
        "name": problem.name,
        "initial": problem.initial.tolist(),
        "times": problem.times.tolist(),
        "rtols": list(tolerances),
        "atols": [rtol * problem.atol_factor for rtol in tolerances],
        "methods": list(methods),
        "rounds": rounds,
        "max_steps": MAX_STEPS,
        "probes": [[t, *y] for t, y in zip(problem.times[1:], reference[1:].tolist(), strict=True)],
        "constants": {},
        "enzymes": {},
    }
    if problem.name in PARAMETER_SETS:
        told["constants"] = asdict(PARAMETER_SETS[problem.name])
        courses = EnzymeCourses.draw(1, np.random.default_rng(STRAIN_SEED))
        told["enzymes"] = {name: getattr(courses, name)[0].tolist() for name in ("kf", "km", "kl")}
    return told


def run(told: dict[str, Any], timeout: float) -> dict[str, Any]:
    """Run the script on a description and return what it wrote.

    Raises:
        JuliaMissing: there is no Julia, or it cannot run the script.
    """
    julia = executable()
    project = os.environ.get("PYTHON_JULIACALL_PROJECT") or os.environ.get("JULIA_PROJECT")
    command = [julia, "--startup-file=no", "--threads=1"]
    command += [f"--project={project}"] if project else []
    with tempfile.TemporaryDirectory() as folder:
        told_path, answer_path = Path(folder) / "told.toml", Path(folder) / "answer.toml"
        told_path.write_text(as_toml(told), encoding="utf-8")
        done = subprocess.run(
            [*command, str(SCRIPT), str(told_path), str(answer_path)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise JuliaMissing(f"problems.jl failed: {done.stderr.strip()[-1500:]}")
        return tomllib.loads(answer_path.read_text(encoding="utf-8"))


def checked(problem: StiffProblem, probes: list[list[float]], fields: list[list[float]]) -> None:
    """Raise ``ValueError`` unless Julia's field is the NumPy definition at the probes."""
    for probe, field in zip(probes, fields, strict=True):
        right = problem.rhs(probe[0], probe[1:])
        terms = np.abs(problem.jacobian(probe[0], np.array(probe[1:]))) @ np.abs(probe[1:])
        if (np.abs(right - field) > SAME * (np.abs(right) + terms)).any():
            raise ValueError(
                f"problems.jl defines {problem.name!r} differently: at t = {probe[0]:g} "
                f"{field}, but NumPy has {right.tolist()}."
            )


def as_toml(told: dict[str, Any]) -> str:
    """Return flat data, and tables of one level, as TOML."""
    flat = {name: value for name, value in told.items() if not isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in flat.items()]
    for name in told.keys() - flat.keys():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(v)}" for key, v in told[name].items())]
    return "\n".join(lines) + "\n"


def _row(problem: StiffProblem, reference: np.ndarray, found: dict[str, Any]) -> Row:
    error = float("nan")
    if "values" in found:
        values = np.array(found["values"])
        error = scaled_error(values.reshape(-1, reference.shape[1]), reference)
    status = found["status"]
    if status == "success" and not error <= LARGEST:
        status = "wrong answer"
    return Row(
        problem=problem.name,
        solver=f"julia {found['method']}",
        library="julia",
        kind="explicit" if found["method"] in EXPLICIT else "implicit",
        rtol=found["rtol"],
        atol=found["rtol"] * problem.atol_factor,
        error=error,
        status=status,
        **{
            name: found[name]
            for name in ("seconds", "wall_seconds", "first_seconds", "rounds", "nfev", "steps")
            if name in found
        },
    )
