"""One problem with all its solvers, Julia's included.

The problems that are functions are in :mod:`pyscimlode.data.stiff_problems`, so that they can be
used without this folder; the trained field is in ``trained.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.speed.suite import machine
from benchmarks.stiff import julia, trained
from benchmarks.stiff.rows import FloatArray, Row, Solver, scaled_error
from benchmarks.stiff.solvers import engines, missing, of_functions, of_trained_fields
from benchmarks.stiff.suite import measure
from pyscimlode.data.stiff_problems import stiff_problem, stiffness

Key = tuple[str, str, float]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """What was measured of one problem.

    Attributes:
        rows: one a solve.
        facts: of the problem: stiffness, error of the reference.
        left_out: solver or library -> why it was not run.
        machine: where the numbers come from.
    """

    rows: tuple[Row, ...] = ()
    facts: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)


def measure_problem(
    name: str,
    tolerances: Sequence[float],
    *,
    known: Collection[Key] = (),
    words: Sequence[str] = (),
    limit: float = 3.0,
    rounds: int = 3,
    quick: bool = False,
    say: Say = lambda text: None,
) -> Measured:
    """Measure every solver on a problem.

    Args:
        name: of the problem.
        tolerances: relative ones, loosest first.
        known: keys of rows that are not measured again.
        words: solvers whose name contains one of these; empty takes all.
        limit: CPU seconds a solve may take.
        rounds: timed rounds.
        quick: a smaller trained field.
        say: is told of the progress.
    """
    arguments = {"known": known, "limit": limit, "rounds": rounds, "say": say}
    if name in ("trained-field", "trained-ensemble"):
        members = 1 if name == "trained-field" else trained.JUDGED if quick else trained.MEMBERS
        return _field(trained.trained_field(quick, members), tolerances, words, arguments)
    if name == "trained-gradient":
        return _gradient(tolerances, words, quick, arguments)
    problem = stiff_problem(name)
    reference = problem.reference()
    other = problem.reference(1e-12)
    facts = {
        "stiffness": float(stiffness(problem, reference).max()),
        "length": float(problem.times[-1]),
        "reference_error": scaled_error(other, reference),
    }
    there, left_out = _chosen(of_functions(), words)
    rows = measure(problem, reference, there, tolerances, **arguments)
    found = Measured(tuple(rows), {name: facts}, left_out, machine())
    methods = [m for m in julia.METHODS if _wanted(f"julia {m}", words)]
    methods = [m for m in methods if not all((name, f"julia {m}", t) in known for t in tolerances)]
    if not methods:
        return found
    say(f"{name}: julia")
    try:
        more, versions = julia.measure(
            problem, reference, tolerances, methods=methods, rounds=rounds
        )
    except julia.JuliaMissing as error:
        return replace(found, left_out={**left_out, "julia": str(error)})
    return replace(found, rows=(*rows, *more), machine={**found.machine, **versions})


def _field(
    problem: trained.TrainedField,
    tolerances: Sequence[float],
    words: Sequence[str],
    arguments: dict[str, object],
) -> Measured:
    judged = problem.first(trained.JUDGED)
    reference = trained.reference_trajectory(judged)
    facts = {
        "stiffness": problem.stiffness(),
        "length": float(problem.problem.times.max()),
        "rows": float(len(problem.theta) * problem.problem.n_experiments),
        "reference_error": scaled_error(trained.reference_trajectory(judged, 1e-11), reference),
    }
    there, left_out = _chosen(of_trained_fields(), words)
    rows = measure(problem, reference, there, tolerances, error=first_members, **arguments)
    left_out |= engines.left_out()
    return Measured(tuple(rows), {problem.name: facts}, left_out, machine())


def _gradient(
    tolerances: Sequence[float], words: Sequence[str], quick: bool, arguments: dict[str, object]
) -> Measured:
    problem = replace(trained.trained_field(quick), name="trained-gradient")
    reference = trained.reference_gradient(problem, quick=quick)[None]
    there, left_out = _chosen(engines.solvers(gradients=True), words)
    rows = measure(problem, reference, there, tolerances, error=relative_error, **arguments)
    facts = {"stiffness": problem.stiffness(), "length": float(problem.problem.times.max())}
    return Measured(tuple(rows), {problem.name: facts}, left_out, machine())


def labels(name: str) -> tuple[str, ...]:
    """Return all solvers that a problem's complete table has, installed or not."""
    if name == "trained-gradient":
        return engines.labels(gradients=True)
    if name.startswith("trained"):
        return (*engines.labels(), *(s.label for s in of_trained_fields() if s.requires))
    return (*(s.label for s in of_functions()), *(f"julia {m}" for m in julia.METHODS))


def first_members(values: FloatArray, reference: FloatArray) -> float:
    """Return the error of those members that the reference has; all members take the time."""
    return scaled_error(values.reshape(-1, *reference.shape[1:])[: len(reference)], reference)


def relative_error(values: FloatArray, reference: FloatArray) -> float:
    """Return the 2-norm of the error over that of the reference; infinite when not finite."""
    if not np.isfinite(values).all():
        return float("inf")
    return float(np.linalg.norm(values - reference) / np.linalg.norm(reference))


def _chosen(solvers: Sequence[Solver], words: Sequence[str]) -> tuple[list[Solver], dict[str, str]]:
    """Return the wanted solvers whose packages are there, and why others are left out."""
    wanted = [solver for solver in solvers if _wanted(solver.label, words)]
    left_out = {
        solver.library: f"not installed: {', '.join(missing(solver))}"
        for solver in wanted
        if missing(solver)
    }
    return [solver for solver in wanted if not missing(solver)], left_out


def _wanted(label: str, words: Sequence[str]) -> bool:
    return not words or any(word in label for word in words)
