"""Peak memory of one candidate, measured in a process of its own.

``python -m benchmarks.speed.memory WORKLOAD CANDIDATE`` builds the candidate, resets the kernel's
high-water mark of resident memory, calls loss and gradient five times (the first one warms up or
compiles) and prints by how much the mark rose above what was resident before.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

MIB = 1024.0
ROOT = Path(__file__).parents[2]


def _status_kib(name: str) -> float | None:
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    for line in status.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    return None


def _reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


def rise_mib(workload_name: str, key: str, *, quick: bool) -> float:
    """Return the rise of resident memory in MiB, in this process."""
    from benchmarks.speed.candidates import entry
    from benchmarks.speed.workloads import make

    candidate = entry(key).make(make(workload_name, quick=quick))
    before = _status_kib("VmRSS")
    exact = before is not None and _reset_peak()
    if not exact:
        before = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    for _ in range(5):
        candidate.loss_and_grad()
    peak = _status_kib("VmHWM") if exact else None
    if peak is None:
        peak = float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return max(peak - (before or 0.0), 0.0) / MIB


def measure_memory(workload_name: str, key: str, *, quick: bool = False) -> float:
    """Return the rise of resident memory in MiB, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.memory", workload_name, key]
    result = subprocess.run(
        command + (["--quick"] if quick else []),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{result.stderr[-2000:]}")
    return float(json.loads(result.stdout.splitlines()[-1])["rise_mib"])


if __name__ == "__main__":
    from benchmarks.speed.measure import single_thread

    single_thread()
    print(json.dumps({"rise_mib": rise_mib(sys.argv[1], sys.argv[2], quick="--quick" in sys.argv)}))
