"""The process that :mod:`.diffeqpy` starts; the only file that imports diffeqpy.

``python -m pyscimlode.agreement.diffeqpy_worker PROBLEM.npz TRAJECTORY.npz``
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.backends.reference.integrate import RightHandSide, stops
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.status import Status
from pyscimlode.models.registry import model_from_json
from pyscimlode.models.scaling import Scaling
from pyscimlode.problem import Problem

FloatArray = npt.NDArray[np.float64]

PACKAGES = {
    "Tsit5": "OrdinaryDiffEqTsit5",
    "Vern7": "OrdinaryDiffEqVerner",
    "Rodas5P": "OrdinaryDiffEqRosenbrock",
    "KenCarp4": "OrdinaryDiffEqSDIRK",
}
"""Where an algorithm is, in a project without the whole of OrdinaryDiffEq."""

IMPLICIT = ("Rodas5P", "KenCarp4")
STATUS = {
    "Success": Status.SUCCESS,
    "MaxIters": Status.MAX_STEPS,
    "DtLessThanMin": Status.STEP_TOO_SMALL,
    "Unstable": Status.NON_FINITE,
    "DtNaN": Status.NON_FINITE,
    "ConvergenceFailure": Status.NEWTON_FAILED,
}
"""Return codes of SciMLBase; any other counts as a step that is too small."""

Step = Callable[[Callable[[float, FloatArray], FloatArray], FloatArray, float, float], Any]
"""Integrates ``f(t, y)`` from ``y`` over a leg: returns its end and a code of :class:`Status`."""


@dataclass(frozen=True)
class Leg:
    """A piece of time without a knot inside."""

    start: float
    stop: float


def read(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Problem, FloatArray, dict[str, Any]]:
    """Return the problem, without data and weights, the parameters and the rest in words."""
    words = json.loads(str(arrays["words"]))
    theta = arrays["theta"]
    members, (experiments, times) = len(theta), arrays["times"].shape
    states = len(words["state_names"])
    scaling = Scaling(
        state_scale=arrays["state_scale"],
        control_shift=arrays["control_shift"],
        control_scale=arrays["control_scale"],
        time_scale=arrays["time_scale"],
        control_transform=words["control_transform"],
        control_max=arrays["control_max"],
    )
    problem = Problem(
        model=model_from_json(words["model"]),
        scaling=scaling,
        state_names=tuple(words["state_names"]),
        control_names=tuple(words["control_names"]),
        experiment_names=tuple(words["experiment_names"]),
        times=arrays["times"],
        valid=np.ones((experiments, times), dtype=np.bool_),
        initial=arrays["initial"],
        observed=np.full((experiments, times, states), np.nan),
        knot_times=arrays["knot_times"],
        knot_values=arrays["knot_values"],
        control_interpolation=words["control_interpolation"],
        weights=np.zeros((members, experiments, times, states)),
        pir_weights=np.zeros((members, experiments, times)),
        pir=np.zeros(members),
        loss_scale=np.ones((members, states)),
    )
    return problem, theta, words


def solve(
    problem: Problem, theta: FloatArray, solver: SolverSpec, step: Step
) -> dict[str, npt.NDArray[Any]]:
    """Integrate every member and experiment from knot to knot; return arrays of a trajectory."""
    shape = (len(theta), problem.n_experiments)
    z = np.full((*shape, problem.times.shape[1], problem.n_states), np.nan)
    status = np.zeros(shape, dtype=np.int64)
    failed_at = np.full(shape, np.nan)
    nfev = np.zeros(shape, dtype=np.int64)
    for m, e in np.ndindex(shape):
        rhs = RightHandSide.of(problem, theta[m], m, e, solver)
        times, scale = problem.times[e], rhs.scaling.state_scale
        y, t = problem.initial[e] / scale, float(times[0])
        z[m, e][times == t] = problem.initial[e]
        for stop in stops(problem, e, times):
            leg = Leg(t, float(stop))
            y, code = step(rhs.on(leg), y, leg.start, leg.stop)
            if code is not Status.SUCCESS:
                status[m, e], failed_at[m, e] = int(code), leg.start
                break
            z[m, e][times == leg.stop] = y * scale
            t = leg.stop
        nfev[m, e] = rhs.nfev
    return {"z": z, "status": status, "failed_at": failed_at, "nfev": nfev}


def julia_step(algorithm: str, solver: SolverSpec) -> Step:
    """Return a step that Julia does."""
    import diffeqpy

    base = diffeqpy.load_julia_packages("Base")
    wanted = ("OrdinaryDiffEq", PACKAGES[algorithm])
    there = [name for name in wanted if base.find_package(name) is not None]
    if not there:
        raise ImportError(f"The Julia project has none of {', '.join(wanted)}.")
    library = diffeqpy.load_julia_packages(there[0])
    method = getattr(library, algorithm)
    chosen = method(autodiff=False) if algorithm in IMPLICIT else method()

    def step(
        f: Callable[[float, FloatArray], FloatArray], y: FloatArray, start: float, stop: float
    ) -> Any:
        def field(du: Any, u: Any, _: Any, t: float) -> None:
            np.asarray(du)[:] = f(float(t), np.asarray(u))

        problem = library.ODEProblem(field, base.Array(y), (start, stop))
        solution = library.solve(
            problem,
            chosen,
            reltol=solver.rtol,
            abstol=solver.atol,
            maxiters=solver.max_steps,
            save_everystep=False,
        )
        code = str(solution.retcode).rpartition(".")[2]
        return np.array(solution.u[-1]), STATUS.get(code, Status.STEP_TOO_SMALL)

    return step


def main(asked: str, answered: str) -> None:
    """Read a problem, integrate it, write the trajectories."""
    with np.load(asked, allow_pickle=False) as arrays:
        problem, theta, words = read(arrays)
    solver = SolverSpec(**words["solver"])
    found: dict[str, Any] = solve(problem, theta, solver, julia_step(words["algorithm"], solver))
    np.savez(answered, **found)


if __name__ == "__main__":
    main(*sys.argv[1:3])
