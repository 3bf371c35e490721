"""Run every candidate on a workload: errors first, then times in pairs, then memory."""

from __future__ import annotations

import importlib.util
import platform
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.speed.candidates import ENTRIES, OURS, PUBLISHED, TUNED, Candidate, Entry, entry
from benchmarks.speed.measure import Pair, time_pair
from benchmarks.speed.memory import measure_memory
from benchmarks.speed.reference import Errors, errors, make_reference
from benchmarks.speed.training import TrainingTime, train
from benchmarks.speed.workloads import Workload, make
from pyscimlode._version import __version__

PACKAGES = ("numpy", "scipy", "torch", "torchdiffeq", "jax", "jaxlib", "diffrax")


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        key: of the candidate.
        label: of the candidate.
        missing: packages that are not installed; then nothing else is known.
        errors: against the float64 reference.
        pair: times beside our engine's.
        versus: how many times faster than a torchdiffeq configuration the candidate is, from
            pairs of its own; filled for our candidates.
        memory_mib: rise of resident memory.
    """

    key: str
    label: str
    missing: tuple[str, ...] = ()
    errors: Errors | None = None
    pair: Pair | None = None
    versus: dict[str, float] | None = None
    memory_mib: float | None = None


@dataclass(frozen=True)
class Table:
    """The rows of one workload and how well the reference gradient agrees with SciPy."""

    workload: str
    reference_error: float
    rows: tuple[Row, ...]


def missing_packages(item: Entry) -> tuple[str, ...]:
    """Return the packages of a candidate that are not installed."""
    return tuple(name for name in item.requires if importlib.util.find_spec(name) is None)


def run_workload(
    name: str,
    *,
    quick: bool,
    budget: float,
    memory: bool,
    say: Callable[[str], None],
) -> Table:
    """Measure every candidate of a workload against our engine."""
    workload = make(name, quick=quick)
    reference = make_reference(workload)
    base_entry = entry(OURS)
    base = base_entry.make(workload)
    base.loss_and_grad()
    min_rounds = 1 if quick else 5
    built: dict[str, Candidate] = {}
    rows = []
    for item in (item for item in ENTRIES if name in item.workloads):
        say(f"{name}: {item.label}")
        missing = missing_packages(item)
        if missing:
            rows.append(Row(item.key, item.label, missing=missing))
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            candidate = built[item.key] = item.make(workload)
            found = errors(candidate, reference)
            pair = time_pair(
                candidate.loss_and_grad,
                base.loss_and_grad,
                calls=(item.calls, 1),
                budget=budget,
                min_rounds=min_rounds,
            )
        rows.append(
            Row(
                item.key,
                item.label,
                errors=found,
                pair=pair,
                versus=_versus(candidate, item, built, workload, budget, min_rounds),
                memory_mib=measure_memory(name, item.key, quick=quick) if memory else None,
            )
        )
    return Table(name, reference.directional_error, tuple(rows))


def _versus(
    candidate: Candidate,
    item: Entry,
    built: dict[str, Candidate],
    workload: Workload,
    budget: float,
    min_rounds: int,
) -> dict[str, float] | None:
    """Return ratios of the torchdiffeq configurations' times over one of our candidates' time."""
    if not item.key.startswith(OURS):
        return None
    ratios = {}
    for key in (PUBLISHED, TUNED):
        if missing_packages(entry(key)):
            continue
        if key not in built:
            built[key] = entry(key).make(workload)
            built[key].loss_and_grad()
        pair = time_pair(
            built[key].loss_and_grad,
            candidate.loss_and_grad,
            calls=(1, item.calls),
            budget=budget,
            min_rounds=min_rounds,
        )
        ratios[key] = pair.ratio
    return ratios


def run_training(*, quick: bool, iterations: int) -> dict[str, TrainingTime]:
    """Return the time of the published training with our candidates."""
    from benchmarks.speed.candidates.session import Ours

    results = {}
    for item in ENTRIES:
        if not item.key.startswith(OURS):
            continue
        candidate = item.make(make("identity", quick=quick))
        assert isinstance(candidate, Ours)
        results[item.key] = train(candidate, candidate.theta[0], iterations)
    return results


def machine() -> dict[str, str]:
    """Say where the numbers come from."""
    processor = platform.processor() or platform.machine()
    cpu_info = Path("/proc/cpuinfo")
    if cpu_info.exists():
        models = [line for line in cpu_info.read_text().splitlines() if line.startswith("model n")]
        processor = models[0].split(":")[1].strip() if models else processor
    found = {"processor": processor, "system": platform.platform(), "threads": "1"}
    found["python"], found["pyscimlode"] = platform.python_version(), __version__
    for package in PACKAGES:
        installed = importlib.util.find_spec(package) is not None
        found[package] = version(package) if installed else "not installed"
    return found
