"""Names of the Julia engine's solvers; the Julia package has the same table."""

from __future__ import annotations

CANONICAL = ("auto", "tsit5", "dopri5", "dopri8", "rk4", "rosenbrock", "esdirk", "bdf")
OWN = (
    "julia:Tsit5",
    "julia:Vern7",
    "julia:DP8",
    "julia:DP5",
    "julia:Rosenbrock23",
    "julia:Rodas5P",
    "julia:TRBDF2",
    "julia:KenCarp4",
    "julia:Kvaerno5",
    "julia:FBDF",
    "julia:QNDF",
)
"""OrdinaryDiffEq's own names."""
SOLVERS = (*CANONICAL, *OWN)
