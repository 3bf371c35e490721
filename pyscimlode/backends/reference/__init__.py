"""The reference engine: NumPy fields and SciPy solvers in float64, slow and trusted."""

from __future__ import annotations

from pyscimlode.backends.reference.backend import ReferenceBackend

__all__ = ["ReferenceBackend"]
