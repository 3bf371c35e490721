"""The whole published training: 600 Adam iterations on the identity workload."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from benchmarks.speed.candidates import Candidate


@dataclass(frozen=True)
class TrainingTime:
    """Result of :func:`train`.

    Attributes:
        cpu_seconds: process CPU time.
        wall_seconds: elapsed time.
        iterations: Adam iterations done.
        first_loss: loss before the first iteration.
        last_loss: loss before the last iteration.
    """

    cpu_seconds: float
    wall_seconds: float
    iterations: int
    first_loss: float
    last_loss: float


def train(
    candidate: Candidate, theta: np.ndarray, iterations: int, lr: float = 1e-3
) -> TrainingTime:
    """Minimise with Adam (Kingma & Ba 2015, algorithm 1), changing ``theta`` in place.

    Args:
        candidate: reads ``theta`` in every call.
        theta: ``(parameters,)``.
        iterations: how many.
        lr: learning rate.
    """
    first_moment, second_moment = np.zeros_like(theta), np.zeros_like(theta)
    losses = []
    cpu, wall = time.process_time(), time.perf_counter()
    for step in range(1, iterations + 1):
        loss, gradient = candidate.loss_and_grad()
        losses.append(loss)
        first_moment = 0.9 * first_moment + 0.1 * gradient
        second_moment = 0.999 * second_moment + 0.001 * gradient**2
        corrected = np.sqrt(second_moment / (1.0 - 0.999**step)) + 1e-8
        theta -= lr * first_moment / (1.0 - 0.9**step) / corrected
    return TrainingTime(
        cpu_seconds=time.process_time() - cpu,
        wall_seconds=time.perf_counter() - wall,
        iterations=iterations,
        first_loss=losses[0],
        last_loss=losses[-1],
    )
