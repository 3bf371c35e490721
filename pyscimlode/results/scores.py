"""The score table: a model beside the controls that it must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pyscimlode.objectives.metrics import COLUMNS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Scores:
    """Errors per model, strain and state.

    Attributes:
        table: columns ``model, strain, state, n, rmse, nrmse, excluded``. ``rmse`` is in the
            state's unit, at measured points after t0; ``nrmse`` is divided by the standard
            deviation of the state over a fixed set of measured points (``unit``). ``excluded``
            marks states whose score means nothing for a strain (copied between strains, or at the
            detection limit); "clean" means leave them out.
        protocol: ``"forecast"`` or ``"identity"``.
        unit: what NRMSE is divided by, in words.
        notes: what must be known to read the table.
    """

    table: pd.DataFrame
    protocol: str = "forecast"
    unit: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def from_rows(
        cls,
        rows: Sequence[tuple[Any, ...]],
        *,
        protocol: str = "forecast",
        unit: str = "",
        notes: tuple[str, ...] = (),
    ) -> Scores:
        """Build the table from rows of :func:`pyscimlode.objectives.metrics.score_rows`."""
        import pandas as pd

        return cls(pd.DataFrame(list(rows), columns=list(COLUMNS)), protocol, unit, notes)

    @property
    def models(self) -> tuple[str, ...]:
        """Names of models and controls, in order of appearance."""
        return tuple(dict.fromkeys(self.table["model"]))

    def summary(self) -> pd.DataFrame:
        """Return one row a model: mean NRMSE over states then strains, clean and over all states.

        Under the identity protocol: mean RMSE over states and strains. Under the forecast
        protocol rows are sorted, best first; NaN (a failed forecast) comes last. Identity scores
        are never ranked.
        """
        import pandas as pd

        value = "nrmse" if self.protocol == "forecast" else "rmse"
        name = value.upper()
        rows = []
        for model in self.models:
            of_model = self.table[self.table["model"] == model]
            rows.append(
                {
                    "model": model,
                    f"{name} clean": self._mean(of_model[~of_model["excluded"]], value),
                    f"{name} all": self._mean(of_model, value),
                    "strains": of_model["strain"].nunique(),
                    "states": of_model["state"].nunique(),
                }
            )
        frame = pd.DataFrame(rows).set_index("model")
        if self.protocol != "forecast":
            return frame
        return frame.sort_values(f"{name} clean", na_position="last", kind="stable")

    def value(self, model: str, *, clean: bool = True) -> float:
        """Return one model's mean NRMSE (identity: RMSE)."""
        column = "NRMSE" if self.protocol == "forecast" else "RMSE"
        summary = self.summary()[f"{column} {'clean' if clean else 'all'}"]
        return float(summary.to_dict()[model])

    def by_state(self, value: str = "nrmse") -> pd.DataFrame:
        """Return states x models, the mean over strains."""
        frame = self.table.pivot_table(
            index="state", columns="model", values=value, aggfunc=_strict_mean, sort=False
        )
        return frame[[model for model in self.models if model in frame.columns]]

    def by_strain(self) -> pd.DataFrame:
        """Return strains x models, the clean mean NRMSE over states."""
        clean = self.table[~self.table["excluded"]]
        frame = clean.pivot_table(
            index="strain", columns="model", values="nrmse", aggfunc=_strict_mean, sort=False
        )
        return frame[[model for model in self.models if model in frame.columns]]

    def to_csv(self, path: str | Path) -> None:
        """Write the long table."""
        from pyscimlode.artifacts import atomic_write_text

        atomic_write_text(Path(path), self.table.to_csv(index=False))

    def plot(self, **options: Any) -> Any:
        """Plot scores per state beside the controls; see ``pyscimlode.plots.plot_scores``."""
        from pyscimlode import plots

        return plots.plot_scores(self, **options)

    def __repr__(self) -> str:
        head = {
            "forecast": f"Forecast of held-out strains. NRMSE = RMSE / {self.unit}; 0 is perfect.",
            "identity": "Identity protocol (input = target): NOT a forecast, and not ranked.",
        }[self.protocol]
        body = self.summary().to_string(float_format=_number)
        return "\n".join([head, body, *(f"Note: {note}" for note in self.notes)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<p>{note}</p>" for note in self.notes)
        return str(self.summary().to_html(float_format=_number)) + notes

    @staticmethod
    def _mean(rows: pd.DataFrame, value: str) -> float:
        if rows.empty:
            return float("nan")
        known = rows[~_without_unit(rows)] if value == "nrmse" else rows
        per_strain = known.groupby("strain")[value].agg(_strict_mean)
        return float(_strict_mean(per_strain))


def _without_unit(rows: pd.DataFrame) -> pd.Series[bool]:
    """Rows whose NRMSE is undefined because the state does not vary, not because a solve failed."""
    without: pd.Series[bool] = rows["rmse"].notna() & rows["nrmse"].isna()
    return without


def _strict_mean(values: pd.Series[float]) -> float:
    """Return the mean; NaN if any value is NaN (a failed forecast is not left out)."""
    return float(np.mean(np.asarray(values, dtype=np.float64)))


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) >= 5e-4 or value == 0 else f"{value:.1e}"
