"""Data sets: reading, validation, interpolation, audit, named and simulated data."""

from __future__ import annotations

from pyscimlode.data.audit import AuditReport, Finding
from pyscimlode.data.dataset import Dataset, Experiment, Provenance
from pyscimlode.data.interpolation import (
    controls_at,
    interpolate_by_row,
    interpolate_by_time,
    knots,
)
from pyscimlode.data.reading import from_frame, read_csv, read_excel
from pyscimlode.data.registry import available, load
from pyscimlode.data.simulate import benchmark, simulate
from pyscimlode.data.splits import leave_one_strain_out, split
from pyscimlode.data.validation import validate_for_training

__all__ = [
    "AuditReport",
    "Dataset",
    "Experiment",
    "Finding",
    "Provenance",
    "available",
    "benchmark",
    "controls_at",
    "from_frame",
    "interpolate_by_row",
    "interpolate_by_time",
    "knots",
    "leave_one_strain_out",
    "load",
    "read_csv",
    "read_excel",
    "simulate",
    "split",
    "validate_for_training",
]
