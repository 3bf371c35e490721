"""Processor time and memory of this process and of the workers that it has started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROC = Path("/proc")


def workers() -> list[int]:
    """Return the ids of this process's children, and of theirs; none where /proc is missing."""
    found, waiting = [], [os.getpid()]
    while waiting:
        for listed in PROC.glob(f"{waiting.pop()}/task/*/children"):
            try:
                children = [int(word) for word in listed.read_text().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found


def cpu_seconds() -> float:
    """Return processor time of this process and of its workers that still run."""
    total = time.process_time()
    for pid in workers():
        for thread in PROC.glob(f"{pid}/task/*/schedstat"):
            try:
                total += 1e-9 * float(thread.read_text().split()[0])
            except (OSError, IndexError):
                continue
    return total


def peak_mib() -> float | None:
    """Return the sum of the largest resident memories of this process and of its workers."""
    peaks = [_peak_kib(pid) for pid in (os.getpid(), *workers())]
    known = [peak for peak in peaks if peak is not None]
    return sum(known) / 1024.0 if known else None


def _peak_kib(pid: int) -> float | None:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return None
    peaks = [float(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else None


def with_threads(count: int) -> dict[str, str]:
    """Return the environment of a process whose libraries use so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "JULIA_NUM_THREADS")
    return {**os.environ, **dict.fromkeys((*names, "PYTHON_JULIACALL_THREADS"), str(count))}


def call_module(module: str, arguments: list[str], threads: int) -> dict[str, Any]:
    """Run a module of this folder in a fresh process; return the JSON of its last line.

    Raises:
        RuntimeError: it failed; the message ends with what it wrote.
    """
    command = [sys.executable, "-m", f"benchmarks.backends.{module}", *arguments]
    environment = {**with_threads(threads), "BENCHMARK_STARTED": repr(time.time())}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with status {done.returncode}.")
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return read
