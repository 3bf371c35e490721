"""The reference engine as a backend."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy

from pyscimlode.backends.arguments import check_host_float64, check_method
from pyscimlode.backends.base import Capabilities, Session
from pyscimlode.backends.reference.integrate import METHODS
from pyscimlode.backends.reference.session import ReferenceSession
from pyscimlode.backends.solvers import SolverSpec
from pyscimlode.problem import Problem


class ReferenceBackend:
    """SciPy in float64 on the CPU: the judge of the other engines, too slow to train with."""

    name = "reference"

    def capabilities(self) -> Capabilities:
        """Say what works here: always everything."""
        return Capabilities(
            available=True,
            reason="",
            solvers=tuple(METHODS),
            dtypes=("float64",),
            devices=("cpu",),
            versions={"numpy": np.__version__, "scipy": scipy.__version__},
        )

    def open(
        self,
        problem: Problem,
        solver: SolverSpec,
        *,
        device: str = "auto",
        dtype: str = "auto",
        options: dict[str, Any] | None = None,
    ) -> Session:
        """Open a problem; ``"auto"`` is Radau.

        Raises:
            BackendUnavailable: another device than the CPU is asked for.
            SolverError: SciPy does not have this solver, or not in this data type.
        """
        check_host_float64(self.name, device, dtype)
        check_method(self.name, solver.method, METHODS)
        return ReferenceSession(problem, solver, **(options or {}))
