"""The torch engine as a backend: what it can do here, and which session a solver needs."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import torch

from pyscimlode.backends.arguments import check_method
from pyscimlode.backends.base import Capabilities, Session
from pyscimlode.backends.solvers import IMPLICIT, SolverSpec
from pyscimlode.backends.torch.implicit.tableaus import IMPLICIT_METHODS
from pyscimlode.backends.torch.session import PortableSession
from pyscimlode.backends.torch.tableaus import METHODS
from pyscimlode.errors import BackendUnavailable, SolverError
from pyscimlode.problem import Problem

TORCHDIFFEQ = "torchdiffeq:"


class TorchBackend:
    """The torch engine on CPU and CUDA."""

    name = "torch"

    def capabilities(self) -> Capabilities:
        """Say what works here."""
        from pyscimlode.backends.torch.torchdiffeq import TORCHDIFFEQ_SOLVERS

        devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
        return Capabilities(
            available=True,
            reason="",
            solvers=("auto", *METHODS, *IMPLICIT_METHODS, *TORCHDIFFEQ_SOLVERS),
            dtypes=("float64", "float32"),
            devices=devices,
            versions={"torch": torch.__version__, "torchdiffeq": version("torchdiffeq")},
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
        """Open a problem; ``"auto"`` is tsit5.

        Args:
            problem: the problem.
            solver: see ``capabilities().solvers``.
            device: ``"auto"`` (CUDA where there is a GPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"``.
            dtype: ``"auto"`` (float64 on the CPU, float32 on CUDA), ``"float64"``, ``"float32"``.
            options: ``library="torch"`` takes the CPU through every step as a GPU goes;
                ``memory_limit`` bounds the bytes kept for a gradient.

        Raises:
            BackendUnavailable: the device is not there.
            SolverError: the engine does not have this solver or data type.
        """
        place = choose_device(device)
        precision = choose_dtype(dtype, place)
        if solver.method.startswith(TORCHDIFFEQ):
            from pyscimlode.backends.torch.torchdiffeq import TorchdiffeqSession

            return TorchdiffeqSession(problem, solver, device=place, dtype=precision)
        self._check_method(solver.method)
        return PortableSession(problem, solver, device=place, dtype=precision, **(options or {}))

    def _check_method(self, method: str) -> None:
        if method == "auto" or method in METHODS or method in IMPLICIT_METHODS:
            return
        if method in IMPLICIT:
            raise SolverError(
                f"solver={method!r}: the implicit solvers of the torch engine are "
                f"{', '.join(IMPLICIT_METHODS)}; 'auto' takes the first where a field is stiff."
            )
        check_method(self.name, method, self.capabilities().solvers)


def choose_device(name: str) -> torch.device:
    """Return the device of this name.

    Raises:
        BackendUnavailable: it is unknown or not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BackendUnavailable(
            f"device={name!r} is not known; choose 'auto', 'cpu' or 'cuda'."
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise BackendUnavailable(
            f"device={name!r}: torch sees no CUDA GPU here. Use device='cpu', or install a CUDA "
            "build of torch and a driver."
        )
    return device


def choose_dtype(name: str, device: torch.device) -> torch.dtype:
    """Return the data type of this name.

    Raises:
        SolverError: it is unknown.
    """
    if name == "auto":
        return torch.float32 if device.type == "cuda" else torch.float64
    known = {"float64": torch.float64, "float32": torch.float32}
    if name not in known:
        raise SolverError(f"dtype={name!r} is not known; choose 'auto', 'float64' or 'float32'.")
    return known[name]
