"""Which engines run here, and everything that is measured of them on one problem."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.backends.problems import make
from benchmarks.backends.processes import call_module
from pyscimlode._version import __version__
from pyscimlode.backends.registry import backend_names, get_backend
from pyscimlode.errors import BackendUnavailable

JUDGE = "reference"


def engines_here(asked: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """Return the engines that run here, and the others with the reason."""
    here, absent = [], {}
    for name in asked or [name for name in backend_names() if name != JUDGE]:
        try:
            capabilities = get_backend(name).capabilities()
        except BackendUnavailable as error:
            absent[name] = str(error)
            continue
        if capabilities.available:
            here.append(name)
        else:
            absent[name] = capabilities.reason
    return here, absent


def measured(
    name: str, engines: Sequence[str], threads: int, *, budget: float, starts: int, quick: bool
) -> dict[str, Any]:
    """Return what one problem is, and times, memory and errors of every engine on it.

    The median of ``starts`` fresh processes says how long a start takes; none if it is zero.
    """
    timed = make(name, quick=quick)
    small = ["--quick"] if quick else []
    found = call_module("warm", [name, ",".join(engines), str(budget), *small], threads)
    for engine in engines:
        cold = [call_module("cold", [name, engine, *small], threads) for _ in range(starts)]
        cold.sort(key=lambda start: float(start["cold_s"]))
        found[engine].update(cold[len(cold) // 2] if cold else {})
    return {
        "problem": timed.described(),
        "solver": asdict(timed.solver),
        "judged": len(timed.judged),
        "stages": [f"{stage.kind} {_length(stage)}" for stage in timed.stages],
        "engines": found,
    }


def machine(engines: Sequence[str]) -> dict[str, str]:
    """Say where the figures come from."""
    processor = platform.processor() or platform.machine()
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        models = [line for line in listed.read_text().splitlines() if line.startswith("model n")]
        processor = models[0].split(":")[1].strip() if models else processor
    found = {"processor": processor, "system": platform.platform()}
    found["python"], found["pyscimlode"] = platform.python_version(), __version__
    for engine in (*engines, JUDGE):
        found.update(get_backend(engine).capabilities().versions)
    return found


def _length(stage: Any) -> int:
    return int(getattr(stage, "steps", None) or stage.max_iters)
