"""One task in a process of its own: its time and by how much it raises resident memory.

``python -m benchmarks.kinetics.alone TASK [--quick]`` prints the findings as JSON. The kernel's
high-water mark of resident memory is reset after the imports and after the case is read, so the
rise is what the task itself needs.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.kinetics.populations import Subject, subject
from pyscimlode.kinetics import evolve, published
from pyscimlode.kinetics.formats.parameter_sets import read_parameter_sets, write_generated_sets

ROOT = Path(__file__).parents[2]
MODELS, POPULATION = 10_000, 20
SETS, WITH_VMAX, QUICK_SETS = 1_000_000, 100_000, 2_000
Findings = dict[str, Any]


def measured_alone(task: str, quick: bool) -> Findings:
    """Return ``cpu``, ``wall`` (s), ``rise_mib`` and what the task says itself.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, "-m", "benchmarks.kinetics.alone", task, *["--quick"] * quick]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return dict(json.loads(result.stdout.splitlines()[-1]))


def _evaluate(measured: Subject, *, screened: bool = False) -> Findings:
    models = 500 if measured.quick else MODELS
    ln_km = measured.generator.sample(measured.initial(), models)
    evaluation = measured.evaluator.evaluate(ln_km, screened=screened)
    return {"models": models, "incidence": evaluation.incidence}


def _population(measured: Subject) -> Findings:
    settings = published(generations=1, population=POPULATION, models=20 if measured.quick else 100)
    result = evolve(measured.generator, measured.evaluator, settings)
    return {"population": POPULATION, "incidence": float(result.incidence.mean())}


def _write(measured: Subject, ending: str, *, vmax: bool = False) -> Findings:
    """Write sets of an untrained generator and read the last ones back."""
    sets = QUICK_SETS if measured.quick else WITH_VMAX if vmax else SETS
    generator, theta = measured.generator, measured.initial()
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"sets{ending}"
        before = time.process_time(), time.perf_counter()
        write_generated_sets(
            path, generator, theta, sets, evaluator=measured.evaluator if vmax else None
        )
        cpu, wall = time.process_time() - before[0], time.perf_counter() - before[1]
        last = read_parameter_sets(path, start=sets - 100)
        bytes_ = path.stat().st_size
    finite = bool(np.isfinite(last.values).all() and (last.values > 0).all())
    if len(last.values) != 100 or not finite:
        raise RuntimeError(f"The last of {sets} sets did not come back from {path.name}.")
    return {"sets": sets, "bytes": bytes_, "columns": len(last.names), "cpu": cpu, "wall": wall}


TASKS: dict[str, Callable[[Subject], Findings]] = {
    "evaluate": _evaluate,
    "evaluate-screened": lambda s: _evaluate(s, screened=True),
    "population": _population,
    "h5": lambda s: _write(s, ".h5"),
    "parquet": lambda s: _write(s, ".parquet"),
    "h5-vmax": lambda s: _write(s, ".h5", vmax=True),
    "parquet-vmax": lambda s: _write(s, ".parquet", vmax=True),
}


def _run(task: str, quick: bool) -> Findings:
    measured = subject(quick)
    before = _resident_kib()
    cpu, wall = time.process_time(), time.perf_counter()
    found = TASKS[task](measured)
    times = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    return {**times, **found, "rise_mib": max(_peak_kib() - before, 0.0) / 1024.0}


def _resident_kib() -> float:
    """Reset the high-water mark and return what is resident; else the mark itself."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return _status_kib("VmRSS")


def _peak_kib() -> float:
    if Path("/proc/self/status").exists():
        return _status_kib("VmHWM")
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _status_kib(name: str) -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    raise RuntimeError(f"/proc/self/status has no {name}.")


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], "--quick" in sys.argv)))
