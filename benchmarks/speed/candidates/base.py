"""What a candidate is: something that computes a loss, its gradient and a trajectory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.speed.workloads import NAMES, Workload

FloatArray = npt.NDArray[np.float64]


class Candidate(Protocol):
    """One way to compute the loss and gradient of a workload, ready to be called."""

    def loss_and_grad(self) -> tuple[float, FloatArray]:
        """Return the loss and its gradient ``(parameters,)``; this is what is timed."""
        ...

    def trajectory(self) -> FloatArray:
        """Return ``(rows, outputs, states)`` at the workload's outputs."""
        ...


@dataclass(frozen=True)
class Entry:
    """A candidate in the table.

    Attributes:
        key: short name for the command line.
        label: what the table says.
        make: builds the candidate for a workload.
        requires: packages that must be importable.
        calls: timed calls in one sample; more than one where calls differ from each other.
        workloads: names of the workloads it takes part in.
    """

    key: str
    label: str
    make: Callable[[Workload], Candidate]
    requires: tuple[str, ...]
    calls: int = 1
    workloads: tuple[str, ...] = NAMES
