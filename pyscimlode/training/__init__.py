"""Training: stages of NumPy and SciPy optimisers on the flat parameter vector of any engine."""

from __future__ import annotations

from pyscimlode.errors import TrainingInterrupted
from pyscimlode.training.collocation import CollocationTargets, collocation_targets
from pyscimlode.training.events import Event
from pyscimlode.training.history import history_frame
from pyscimlode.training.loop import train
from pyscimlode.training.progress import ProgressPrinter, make_progress
from pyscimlode.training.stages import (
    BFGS,
    LBFGS,
    PUBLISHED_STAGES,
    Adam,
    Collocation,
    Stage,
    stage_from_json,
    stage_to_json,
)
from pyscimlode.training.state import StageReport, TrainState
from pyscimlode.training.validation import Validation

__all__ = [
    "BFGS",
    "LBFGS",
    "PUBLISHED_STAGES",
    "Adam",
    "Collocation",
    "CollocationTargets",
    "Event",
    "ProgressPrinter",
    "Stage",
    "StageReport",
    "TrainState",
    "TrainingInterrupted",
    "Validation",
    "collocation_targets",
    "history_frame",
    "make_progress",
    "stage_from_json",
    "stage_to_json",
    "train",
]
