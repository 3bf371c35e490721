"""The training problem as plain arrays, and how it is made from data sets."""

from __future__ import annotations

from pyscimlode.problem.arrays import Objective, Problem
from pyscimlode.problem.build import Member, build_problem

__all__ = ["Member", "Objective", "Problem", "build_problem"]
