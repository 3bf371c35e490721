"""Rates of several calls, timed in turn so that what disturbs the machine disturbs all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Timed:
    """A call to time.

    Attributes:
        call: what is timed.
        items: how many models (or sets, or steps) a call makes.
    """

    call: Callable[[], object]
    items: int


@dataclass(frozen=True)
class Rate:
    """Items a second.

    Attributes:
        cpu: median over the rounds of items per second of processor time.
        quartiles: 25th and 75th percentile of it.
        wall: median of items per elapsed second.
        ratio: median over the rounds of this call's processor time an item over the base's.
        rounds: samples.
    """

    cpu: float
    quartiles: tuple[float, float]
    wall: float
    ratio: float
    rounds: int


def rates(
    calls: Mapping[str, Timed], base: str, *, budget: float, min_rounds: int = 5
) -> dict[str, Rate]:
    """Time each call in every round, beginning with another one each time.

    Args:
        calls: what is timed, by name; each is called once before, untimed.
        base: the call that the others are compared with.
        budget: seconds after which no further round starts.
        min_rounds: rounds to do even beyond the budget.
    """
    names = list(calls)
    for timed in calls.values():
        timed.call()
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    started, done = time.perf_counter(), 0
    while done < min_rounds or time.perf_counter() - started < budget:
        first = done % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(_sample(calls[name]))
        done += 1
    seconds = {name: np.array(found) / calls[name].items for name, found in samples.items()}
    return {name: _summary(found, seconds[base]) for name, found in seconds.items()}


def _sample(timed: Timed) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    timed.call()
    return time.process_time() - cpu, time.perf_counter() - wall


def _summary(seconds: np.ndarray, base: np.ndarray) -> Rate:
    per_second = 1.0 / seconds
    low, high = np.quantile(per_second[:, 0], [0.25, 0.75])
    return Rate(
        cpu=float(np.median(per_second[:, 0])),
        quartiles=(float(low), float(high)),
        wall=float(np.median(per_second[:, 1])),
        ratio=float(np.median(seconds[:, 0] / base[:, 0])),
        rounds=len(seconds),
    )
