"""Leaks: ways in which held-out strains reach a model, and scores say more than they know."""

from __future__ import annotations

from pyscimlode.leaks.fits import audit_fit
from pyscimlode.leaks.folds import audit_folds
from pyscimlode.leaks.front import audit_leaks
from pyscimlode.leaks.report import LeakFinding, LeakReport
from pyscimlode.leaks.split import audit_split
from pyscimlode.leaks.workflow import audit_workflow

__all__ = [
    "LeakFinding",
    "LeakReport",
    "audit_fit",
    "audit_folds",
    "audit_leaks",
    "audit_split",
    "audit_workflow",
]
