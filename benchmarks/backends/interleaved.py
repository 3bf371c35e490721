"""Times of several calls in turn, so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.backends.processes import cpu_seconds

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Times of one call.

    Attributes:
        wall_ms: median elapsed time.
        cpu_ms: median processor time, of the engine's worker too.
        quartiles_ms: 25th and 75th percentile of the elapsed time.
        rounds: samples.
    """

    wall_ms: float
    cpu_ms: float
    quartiles_ms: tuple[float, float]
    rounds: int


def time_in_turn(
    calls: Mapping[str, Call], *, budget: float, min_rounds: int = 5, max_rounds: int = 200
) -> dict[str, Timing]:
    """Time each call in every round, beginning with another one each time.

    A sample is the second of two consecutive calls: as in training, where a call follows its like.

    Args:
        calls: what is timed, by name.
        budget: seconds after which no further round starts.
        min_rounds: rounds to do even beyond the budget.
        max_rounds: rounds to do at most.
    """
    names = list(calls)
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    started = time.perf_counter()
    done = 0
    while done < min_rounds or (done < max_rounds and time.perf_counter() - started < budget):
        first = done % max(len(names), 1)
        for name in names[first:] + names[:first]:
            samples[name].append(_sample(calls[name]))
        done += 1
    return {name: _summary(found) for name, found in samples.items()}


def _sample(call: Call) -> tuple[float, float]:
    call()
    cpu, wall = cpu_seconds(), time.perf_counter()
    call()
    return time.perf_counter() - wall, cpu_seconds() - cpu


def _summary(samples: list[tuple[float, float]]) -> Timing:
    wall, cpu = 1e3 * np.array(samples).T
    low, high = np.quantile(wall, [0.25, 0.75])
    return Timing(
        float(np.median(wall)), float(np.median(cpu)), (float(low), float(high)), len(samples)
    )
