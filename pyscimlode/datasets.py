"""Named and simulated data sets: ``pyscimlode.datasets.load("limonene")`` and its kin."""

from __future__ import annotations

from pyscimlode.data.registry import available, load
from pyscimlode.data.simulate import benchmark, simulate

__all__ = ["available", "benchmark", "load", "simulate"]
