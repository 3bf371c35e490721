"""The table of measured points inside and outside of intervals, and its means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.errors import ValueRangeError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Coverage:
    """Measured points inside and outside of intervals, at several nominal levels.

    Attributes:
        name: of the model.
        intervals: what the intervals are, in words.
        table: one row a level and measured point after the start; columns ``level, strain, state,
            time, inside, width, interval_score, failed, excluded``. ``width`` and
            ``interval_score`` are in units of the state's standard deviation (NaN for a state
            that does not vary). A point whose forecast ``failed`` counts as outside. ``excluded``
            marks states that the clean mean leaves out (copied, or at the detection limit).
        kind: ``"ensemble"`` or ``"conformal"``.
        unit: what widths are divided by, in words.
        time_unit: of the times.
        notes: what must be known to read the table.
    """

    name: str
    intervals: str
    table: pd.DataFrame
    kind: str = "ensemble"
    unit: str = ""
    time_unit: str = "h"
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[float, ...]:
        """The nominal levels."""
        return tuple(dict.fromkeys(self.table["level"]))

    def summary(self, *, clean: bool = True) -> pd.DataFrame:
        """Return one row a nominal level.

        ``covered``: share of points inside, each strain weighing the same; ``standard error``: of
        that mean over strains; ``whole courses`` and ``whole strains``: share of courses (a state
        of a strain) and strains of which every point is inside; ``mean width``; ``interval
        score``: width + 2 / (1 - level) * distance of points outside (Gneiting & Raftery, JASA
        102:359 (2007), Eq. 43), lower is better. The last two are means over points, in units of
        the state's standard deviation. NaN where no state is left for the clean mean.
        """
        import pandas as pd

        counted = self._rows(clean)
        rows = []
        for level in self.levels:
            part = counted[counted["level"] == level]
            by_strain = part.groupby("strain", sort=False)["inside"].mean().to_numpy(np.float64)
            n = len(by_strain)
            error = by_strain.std(ddof=1) / np.sqrt(n) if n > 1 else float("nan")
            rows.append(
                {
                    "nominal": level,
                    "covered": by_strain.mean() if n else float("nan"),
                    "standard error": error,
                    "whole courses": part.groupby(["strain", "state"])["inside"].all().mean(),
                    "whole strains": part.groupby("strain")["inside"].all().mean(),
                    "mean width": _mean(part, "width"),
                    "interval score": _mean(part, "interval_score"),
                }
            )
        return pd.DataFrame(rows).set_index("nominal")

    def covered(self, level: float, *, clean: bool = True) -> float:
        """Return the share of points inside at a nominal level.

        Raises:
            ValueRangeError: for a level that was not asked for.
        """
        self._check_level(level)
        return float(self.summary(clean=clean)["covered"].to_dict()[level])

    def by_state(self) -> pd.DataFrame:
        """Return states x levels, the share of points inside."""
        return self._by("state")

    def by_strain(self) -> pd.DataFrame:
        """Return strains x levels, the share of points inside."""
        return self._by("strain")

    def by_time(self) -> pd.DataFrame:
        """Return times x levels, the share of points inside."""
        return self._by("time").sort_index()

    def to_csv(self, path: str | Path) -> None:
        """Write the long table."""
        from pyscimlode.artifacts import atomic_write_text

        atomic_write_text(Path(path), self.table.to_csv(index=False))

    def plot(self, **options: Any) -> Any:
        """Plot nominal against measured coverage; see ``pyscimlode.plots.plot_coverage``."""
        from pyscimlode import plots

        return plots.plot_coverage(self, **options)

    def __repr__(self) -> str:
        n_strains = self.table["strain"].nunique()
        points = len(self.table) // max(1, len(self.levels))
        head = (
            f"Coverage of {self.name}: {self.intervals}; {points} measured points of {n_strains} "
            f"held-out strain(s).\nWidths and scores in units of the {self.unit}."
        )
        body = self.summary().to_string(float_format=lambda value: f"{value:.3f}")
        return "\n".join([head, body, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{note}</p>" for note in (self.intervals, *self.notes))
        return str(self.summary().to_html(float_format=lambda value: f"{value:.3f}")) + notes

    def _rows(self, clean: bool) -> pd.DataFrame:
        return self.table[~self.table["excluded"]] if clean else self.table

    def _by(self, column: str) -> pd.DataFrame:
        means = self.table.groupby([column, "level"], sort=False)["inside"].mean()
        return means.unstack("level")[list(self.levels)]

    def _check_level(self, level: float) -> None:
        if level not in self.levels:
            raise ValueRangeError(
                f"level={level!r} was not measured; there are "
                f"{', '.join(f'{known:g}' for known in self.levels)}."
            )


def _mean(part: pd.DataFrame, column: str) -> float:
    """Return the mean over states with a unit; NaN if a forecast failed."""
    values = part[column].to_numpy(dtype=np.float64)
    without_unit = np.isnan(values) & ~part["failed"].to_numpy(dtype=bool)
    return float(values[~without_unit].mean()) if (~without_unit).any() else float("nan")
