"""A second opinion: whether engines agree on a problem, and where they first differ."""

from __future__ import annotations

from pyscimlode.agreement.diffeqpy import diffeqpy_rung, solve_with_diffeqpy
from pyscimlode.agreement.ladder import LEVELS, START_LEVELS, USUAL_LEVELS, check_engines
from pyscimlode.agreement.native import NativePlan, repeat_member
from pyscimlode.agreement.rungs import Agreement, Rung, Where

__all__ = [
    "LEVELS",
    "START_LEVELS",
    "USUAL_LEVELS",
    "Agreement",
    "NativePlan",
    "Rung",
    "Where",
    "check_engines",
    "diffeqpy_rung",
    "repeat_member",
    "solve_with_diffeqpy",
]
