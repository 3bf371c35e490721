"""The results of a sweep over held-out strains and penalties."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyscimlode.errors import ExperimentError
from pyscimlode.results.fit_result import FitResult

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, eq=False)
class SweepResult:
    """One :class:`FitResult` a cell; a cell is a held-out strain and a factor of the penalty.

    Attributes:
        cells: labels of a cell, such as ``(("test", "L2"), ("pir", 1.0))``, and its result.
    """

    cells: tuple[tuple[Key, FitResult], ...]

    def __len__(self) -> int:
        return len(self.cells)

    def __iter__(self) -> Iterator[tuple[dict[str, Any], FitResult]]:
        for key, result in self.cells:
            yield dict(key), result

    def result(self, **labels: Any) -> FitResult:
        """Return the result of the one cell that has these labels.

        Raises:
            ExperimentError: when no cell or several cells have them.
        """
        found = [
            r for key, r in self.cells if all(dict(key).get(k) == v for k, v in labels.items())
        ]
        if len(found) != 1:
            listed = "; ".join(str(dict(key)) for key, _ in self.cells)
            raise ExperimentError(f"{len(found)} cells are {labels}; the cells are {listed}.")
        return found[0]

    def summary(self) -> pd.DataFrame:
        """Return the scores of every cell beside the controls, one row a cell and model."""
        import pandas as pd

        frames = []
        for key, result in self.cells:
            if result.test is None:
                continue
            frame = result.scores.summary().reset_index()
            for position, (label, value) in enumerate(key):
                frame.insert(position, label, value)
            frames.append(frame)
        if not frames:
            raise ExperimentError("This sweep held no strain out, so there is nothing to score.")
        return pd.concat(frames, ignore_index=True)

    def __repr__(self) -> str:
        lines = [f"SweepResult: {len(self)} cell(s), trained as one batch"]
        for key, result in self.cells:
            labels = ", ".join(f"{label}={value}" for label, value in key)
            lines.append(f"  {labels}: {result.name}")
        return "\n".join(lines)
