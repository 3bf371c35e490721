"""From the start of a process to its first gradient, and what memory that takes.

``python -m benchmarks.backends.cold PROBLEM ENGINE [--quick]`` prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

STARTED = float(os.environ.get("BENCHMARK_STARTED", time.time()))
CALLS = 5


def main(name: str, engine: str, *, quick: bool) -> dict[str, float | None]:
    """Return seconds to the first gradient, those of it in the engine, and the largest memory."""
    from benchmarks.backends.problems import make
    from benchmarks.backends.processes import peak_mib
    from pyscimlode.backends.registry import get_backend

    timed = make(name, quick=quick)
    ready = time.time()
    backend = get_backend(engine)
    with backend.open(timed.problem, timed.solver, device="cpu", dtype="float64") as session:
        session.loss_and_grad(timed.theta)
        first = time.time()
        for _ in range(CALLS):
            session.loss_and_grad(timed.theta)
        memory = peak_mib()
    return {"cold_s": first - STARTED, "engine_s": first - ready, "peak_mib": memory}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], quick="--quick" in sys.argv)))
