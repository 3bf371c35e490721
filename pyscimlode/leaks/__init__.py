"""Leaks: ways in which held-out strains reach a model, and scores say more than they know."""

from __future__ import annotations

from pyscimlode.leaks.folds import audit_folds
from pyscimlode.leaks.report import LeakFinding, LeakReport
from pyscimlode.leaks.split import audit_split

__all__ = ["LeakFinding", "LeakReport", "audit_folds", "audit_split"]
