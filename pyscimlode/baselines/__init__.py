"""What any model must beat: controls that need no training."""

from __future__ import annotations

from pyscimlode.baselines.controls import CONTROLS, Control, control_predictions

__all__ = ["CONTROLS", "Control", "control_predictions"]
