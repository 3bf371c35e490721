"""Interleaved pairs in one process, process CPU time, medians of ratios."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Call = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Pair:
    """Two candidates timed in turn.

    Attributes:
        seconds: median CPU time of one call of the candidate.
        base_seconds: median CPU time of one call of the base, in the same rounds.
        ratio: median over rounds of candidate time over base time.
        ratio_quartiles: 25th and 75th percentile of that ratio.
        rounds: number of rounds.
    """

    seconds: float
    base_seconds: float
    ratio: float
    ratio_quartiles: tuple[float, float]
    rounds: int


def single_thread() -> None:
    """Keep this process and its libraries to one thread on one core; call before importing them."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def seconds_per_call(call: Call, calls: int, clock: Clock = time.process_time) -> float:
    """Return the CPU time of one of ``calls`` consecutive calls, after one that is not timed.

    As in training, where a call follows its like: the first one after a call of something else
    finds cold caches and returned memory, which costs a fast candidate several times its time.
    """
    call()
    start = clock()
    for _ in range(calls):
        call()
    return (clock() - start) / calls


def time_pair(
    candidate: Call,
    base: Call,
    *,
    calls: tuple[int, int] = (1, 1),
    budget: float = 10.0,
    min_rounds: int = 5,
    max_rounds: int = 200,
    clock: Clock = time.process_time,
) -> Pair:
    """Time two warmed-up candidates in turn, the order swapped in every round.

    Args:
        candidate: what is timed.
        base: what it is compared with.
        calls: calls in one sample of the candidate and of the base.
        budget: CPU seconds after which no further round starts.
        min_rounds: rounds to do even beyond the budget.
        max_rounds: rounds to do at most.
        clock: of process CPU time, in seconds.
    """
    samples: list[tuple[float, float]] = []
    start = clock()
    while len(samples) < min_rounds or (len(samples) < max_rounds and clock() - start < budget):
        if len(samples) % 2:
            second = seconds_per_call(base, calls[1], clock)
            first = seconds_per_call(candidate, calls[0], clock)
        else:
            first = seconds_per_call(candidate, calls[0], clock)
            second = seconds_per_call(base, calls[1], clock)
        samples.append((first, second))
    times = np.array(samples)
    ratios = times[:, 0] / times[:, 1]
    low, high = np.quantile(ratios, [0.25, 0.75])
    return Pair(
        seconds=float(np.median(times[:, 0])),
        base_seconds=float(np.median(times[:, 1])),
        ratio=float(np.median(ratios)),
        ratio_quartiles=(float(low), float(high)),
        rounds=len(samples),
    )
