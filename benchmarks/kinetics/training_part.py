"""A whole evolution of 50 generations on two cores."""

from __future__ import annotations

import sys
import time

from benchmarks.kinetics.evolution_part import WORKERS, settings, two_processes
from benchmarks.kinetics.populations import subject
from benchmarks.kinetics.report import Part, Table, Target
from pyscimlode.kinetics import Generation, evolve

GENERATIONS, QUICK_GENERATIONS = 50, 2
MINUTES = 10.0
HEAD = ("generations", "minutes elapsed", "population valid in the last", "parent valid")


def run(quick: bool) -> Part:
    """Train once by the published recipe."""
    measured = subject(quick, range="batch")
    asked = settings(quick, QUICK_GENERATIONS if quick else GENERATIONS)

    def progress(generation: Generation) -> None:
        share = generation.incidence.mean()
        line = f"generation {generation.number} of {generation.generations}: {share:.1%} valid"
        print(line, file=sys.stderr, flush=True)

    started = time.perf_counter()
    with two_processes() as executor:
        result = evolve(
            measured.generator, measured.evaluator, asked, executor=executor, progress=progress
        )
    minutes = (time.perf_counter() - started) / 60.0
    last, parent = result.incidence[-1].mean(), result.parent_incidence[-1]
    row = [str(asked.generations), f"{minutes:.2f}", f"{last:.1%}", f"{parent:.1%}"]
    note = (
        f"Published recipe ({asked.population} members, {asked.models} models each, seed "
        f"{asked.seed}) with ProcessPoolExecutor({WORKERS}), its start included."
    )
    target = Target(
        f"{GENERATIONS} generations of evolution on {WORKERS} cores",
        f"at most {MINUTES:.0f} min",
        f"{minutes:.1f} min",
        minutes <= MINUTES,
    )
    return Part(
        "Whole evolution",
        measured.description(),
        [Table("", HEAD, [row], [note])],
        [target] if measured.full_size else (),
        {"minutes": minutes, "incidence": result.incidence.tolist()},
    )
