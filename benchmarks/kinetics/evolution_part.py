"""A generation of evolution strategies: in one process, in two, and what it consists of."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt

from benchmarks.kinetics.populations import Subject, subject
from benchmarks.kinetics.report import Part, Table
from benchmarks.kinetics.rounds import Timed, rates
from pyscimlode.kinetics import Evolution, evolve, published

WORKERS = 2
TIME_HEAD = ("generation", "s elapsed", "range", "s of this process")
SHARE_HEAD = ("piece", "ms a call", "calls", "s a generation", "share")
JUDGED = "Jacobians and eigenvalues"


def settings(quick: bool, generations: int) -> Evolution:
    """Return the published settings; tiny ones where quick."""
    tiny = {"population": 4, "models": 20} if quick else {}
    return published(generations=generations, **tiny)


def two_processes() -> ProcessPoolExecutor:
    """Return an executor of two fresh processes."""
    return ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn"))


def run(quick: bool) -> Part:
    """Measure some generations, and the pieces of one."""
    measured = subject(quick, range="batch")
    asked = settings(quick, 2 if quick else 4)
    alone = _generations(measured, asked, None)
    with two_processes() as executor:
        together = _generations(measured, asked, executor)
    times = {"in this process": alone, f"ProcessPoolExecutor({WORKERS})": together}
    rows = [_time_row(name, seconds[1:]) for name, seconds in times.items()]
    note = "The first generation is left out: it starts the workers."
    pieces, data = _pieces(measured, asked)
    return Part(
        "Evolution, published settings",
        measured.description(),
        [Table("", TIME_HEAD, rows, [note]), Table("", SHARE_HEAD, pieces)],
        data={"generations": {k: v.tolist() for k, v in times.items()}, "ms": data},
    )


def _generations(
    measured: Subject, asked: Evolution, executor: Executor | None
) -> npt.NDArray[np.float64]:
    """Return elapsed and own processor seconds ``(generations, 2)``."""
    stamps = [(time.perf_counter(), time.process_time())]
    evolve(
        measured.generator,
        measured.evaluator,
        asked,
        executor=executor,
        progress=lambda _: stamps.append((time.perf_counter(), time.process_time())),
    )
    return np.diff(np.array(stamps), axis=0)


def _time_row(name: str, seconds: npt.NDArray[np.float64]) -> list[str]:
    elapsed, own = seconds.T
    return [
        name,
        f"{np.median(elapsed):.2f}",
        f"{elapsed.min():.2f} to {elapsed.max():.2f}",
        f"{np.median(own):.2f}",
    ]


def _pieces(measured: Subject, asked: Evolution) -> tuple[list[list[str]], dict[str, float]]:
    generator, evaluator = measured.generator, measured.evaluator
    theta, size = measured.initial(), generator.layout.size
    rng = np.random.default_rng(0)
    inputs = generator.draw_noise(asked.models, rng)
    ln_km = generator.ln_km(theta, inputs)
    members, parent = asked.population, asked.population + 1

    def moved() -> npt.NDArray[np.float64]:
        noise = np.random.default_rng(0).standard_normal(size)
        noise *= asked.sigma
        noise += theta
        return noise

    pieces: dict[str, tuple[Callable[[], object], int]] = {
        "noise on the weights, to judge members and again to update": (moved, 2 * members),
        "generator": (lambda: generator.ln_km(theta, inputs), parent),
        JUDGED: (lambda: evaluator.evaluate(ln_km), parent),
    }
    calls = {name: Timed(call, 1) for name, (call, _) in pieces.items()}
    found = rates(calls, JUDGED, budget=0.0 if measured.quick else 3.0, min_rounds=3)
    seconds = {name: pieces[name][1] / rate.cpu for name, rate in found.items()}
    whole = sum(seconds.values())
    rows = [
        [
            name,
            f"{1e3 / rate.cpu:.1f}",
            str(pieces[name][1]),
            f"{seconds[name]:.2f}",
            f"{seconds[name] / whole:.0%}",
        ]
        for name, rate in found.items()
    ]
    return rows, {name: 1e3 / rate.cpu for name, rate in found.items()}
