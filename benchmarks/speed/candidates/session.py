"""Our engine, called the way training calls it: through a session on a problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.speed.workloads import Workload
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.backends.torch import TorchBackend

FloatArray = npt.NDArray[np.float64]


@dataclass
class Ours:
    """A session of the torch engine; ``freeze`` probes the step grid every so many calls."""

    workload: Workload
    method: str = "tsit5"
    dtype: str = "float32"
    rtol: float = 1e-5
    atol: float = 1e-6
    freeze: int = 1

    def __post_init__(self) -> None:
        solver = SolverSpec(self.method, rtol=self.rtol, atol=self.atol, freeze=self.freeze)
        self.session = TorchBackend().open(
            self.workload.problem(), solver, device="cpu", dtype=self.dtype
        )
        self.theta = self.workload.theta[None].copy()
        self.count = 0

    def loss_and_grad(self) -> tuple[float, FloatArray]:
        """Return the loss and its gradient ``(parameters,)``."""
        refresh = self.count % self.freeze == 0
        self.count += 1
        loss, gradient = self.session.loss_and_grad(self.theta, refresh=refresh)
        return float(loss.total[0]), gradient[0]

    def trajectory(self) -> FloatArray:
        """Return ``(rows, outputs, states)``."""
        return np.asarray(self.session.solve(self.theta).z[0, :, 1:, :])
