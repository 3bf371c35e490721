"""Implicit solvers of the torch engine, and a function that solves any field with them."""

from __future__ import annotations

from pyscimlode.backends.torch.implicit.functions import SolveStats, odeint_implicit
from pyscimlode.backends.torch.implicit.tableaus import IMPLICIT_METHODS

__all__ = ["IMPLICIT_METHODS", "SolveStats", "odeint_implicit"]
