"""Gradients, forecasts and trainings of all engines in turn, in one process.

``python -m benchmarks.backends.warm PROBLEM ENGINE,ENGINE BUDGET [--quick]`` prints one line of
JSON. Engines that work in a process of their own do so here too.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.backends.interleaved import time_in_turn
from benchmarks.backends.judge import errors
from benchmarks.backends.problems import WARM_UP, Timed, make
from benchmarks.backends.processes import cpu_seconds
from pyscimlode.agreement.native import trained_natively
from pyscimlode.backends.base import Session
from pyscimlode.backends.registry import get_backend
from pyscimlode.training import Stage, train

FloatArray = npt.NDArray[np.float64]


def _shared(session: Session, theta: FloatArray, stages: tuple[Stage, ...]) -> FloatArray:
    return train(session, theta, stages).theta


LOOPS = {"shared": _shared, "native": trained_natively}


def measure(timed: Timed, engines: list[str], *, budget: float, quick: bool) -> dict[str, Any]:
    """Return errors, times of a gradient and a forecast, and of whole trainings, by engine."""
    with ExitStack() as stack:
        sessions = {
            name: stack.enter_context(
                get_backend(name).open(timed.problem, timed.solver, device="cpu", dtype="float64")
            )
            for name in engines
        }
        found: dict[str, Any] = {name: asdict(errors(timed, sessions[name])) for name in engines}
        calls = {
            "gradient": {name: _gradient(sessions[name], timed) for name in engines},
            "forecast": {name: _forecast(sessions[name], timed) for name in engines},
        }
        for kind, by_engine in calls.items():
            timings = time_in_turn(by_engine, budget=budget, min_rounds=1 if quick else 5)
            for name, timing in timings.items():
                found[name][kind] = asdict(timing)
        for name in engines:
            found[name]["training"] = _trainings(timed, sessions[name], sessions)
    return found


def _gradient(session: Session, timed: Timed) -> Any:
    return lambda: session.loss_and_grad(timed.theta)


def _forecast(session: Session, timed: Timed) -> Any:
    return lambda: session.solve(timed.theta)


def _trainings(timed: Timed, session: Session, sessions: Mapping[str, Session]) -> dict[str, Any]:
    """Train with the shared loop, and with the engine's own where it has one.

    Final losses are computed by the first engine, whoever trained.
    """
    judge = next(iter(sessions.values()))
    found = {}
    for name in LOOPS:
        if name == "native" and not hasattr(session, "train_native"):
            continue
        loop = LOOPS[name]
        loop(session, timed.theta, WARM_UP)
        cpu, wall = cpu_seconds(), time.perf_counter()
        theta = loop(session, timed.theta, timed.stages)
        seconds = time.perf_counter() - wall
        found[name] = {
            "wall_s": seconds,
            "cpu_s": cpu_seconds() - cpu,
            "first_loss": float(judge.loss(timed.theta).total[0]),
            "last_loss": float(np.asarray(judge.loss(theta).total)[0]),
        }
    return found


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    problem = make(sys.argv[1], quick=quick)
    names = sys.argv[2].split(",")
    print(json.dumps(measure(problem, names, budget=float(sys.argv[3]), quick=quick)))
