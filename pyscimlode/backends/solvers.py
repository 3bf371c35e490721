"""Solver names and options, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass

from pyscimlode.errors import SolverError, did_you_mean

EXPLICIT = ("tsit5", "dopri5", "dopri8", "rk4")
IMPLICIT = ("rosenbrock", "esdirk", "bdf")


@dataclass(frozen=True)
class SolverSpec:
    """A solver and its options.

    Attributes:
        method: a canonical name: explicit (``"tsit5"``, ``"dopri5"``, ``"dopri8"``, ``"rk4"``),
            implicit (``"rosenbrock"``, ``"esdirk"``, ``"bdf"``) or ``"auto"``, which finds out;
            or ``"library:name"`` for a solver of an engine's own library, such as
            ``"torchdiffeq:dopri8"`` or ``"julia:Rodas5P"``. Each engine says which it has
            (``Capabilities.solvers``).
        rtol: relative tolerance, on scaled states.
        atol: absolute tolerance, on scaled states.
        max_steps: attempted steps an experiment may take before it counts as failed.
        step_size: step of fixed-step methods, in the data set's time unit.
        freeze: reuse the adaptive step grid for so many training iterations before it is probed
            again; 1 adapts in every iteration.
    """

    method: str = "auto"
    rtol: float = 1e-5
    atol: float = 1e-6
    max_steps: int = 10_000
    step_size: float | None = None
    freeze: int = 1

    def __post_init__(self) -> None:
        known = ("auto", *EXPLICIT, *IMPLICIT)
        if ":" not in self.method and self.method not in known:
            raise SolverError(
                f"solver={self.method!r} is not known; choose one of {', '.join(known)}, or an "
                "engine's own such as 'torchdiffeq:dopri8'." + did_you_mean(self.method, known)
            )
        for name in ("rtol", "atol"):
            value = getattr(self, name)
            if not 0.0 < value < 1.0:
                raise SolverError(f"{name}={value!r}: tolerances lie between 0 and 1.")
        if self.max_steps < 1 or self.freeze < 1:
            raise SolverError("max_steps and freeze are at least 1.")
        if self.step_size is not None and not self.step_size > 0.0:
            raise SolverError(f"step_size={self.step_size!r}: a step is positive.")
