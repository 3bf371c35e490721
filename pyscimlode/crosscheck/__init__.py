"""A second opinion: whether engines agree on a problem, and where they first differ."""

from __future__ import annotations

from pyscimlode.crosscheck.agreement import Agreement, Rung, Where
from pyscimlode.crosscheck.ladder import LEVELS, check_engines

__all__ = ["LEVELS", "Agreement", "Rung", "Where", "check_engines"]
