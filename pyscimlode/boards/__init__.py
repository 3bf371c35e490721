"""Score boards: models side by side, and the published tables beside our own."""

from __future__ import annotations

from pyscimlode.boards.comparison import Comparison
from pyscimlode.boards.entrants import ENTRANTS
from pyscimlode.boards.front import compare
from pyscimlode.boards.tasks import PROTOCOLS, Task

__all__ = ["ENTRANTS", "PROTOCOLS", "Comparison", "Task", "compare"]
