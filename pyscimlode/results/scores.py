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
        """Return one row a model: NRMSE, clean and over all states.

        The error of a state is taken over the measured points of all held-out strains together,
        then averaged over states. Under the identity protocol: RMSE in raw units. Under the
        forecast protocol rows are sorted, best first; NaN (a failed forecast) comes last.
        Identity scores are never ranked.
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
        """Return states x models, over the measured points of all held-out strains together."""
        import pandas as pd

        columns = {}
        for model in self.models:
            of_model = self.table[self.table["model"] == model]
            columns[model] = _pooled(of_model, value)
        return pd.DataFrame(columns).reindex(list(dict.fromkeys(self.table["state"])))

    def by_strain(self) -> pd.DataFrame:
        """Return strains x models, the clean mean NRMSE over states."""
        import pandas as pd

        clean = self.table[~self.table["excluded"]]
        strains = list(dict.fromkeys(self.table["strain"]))
        return pd.DataFrame(
            {
                model: {
                    strain: self._mean(
                        clean[(clean["model"] == model) & (clean["strain"] == strain)], "nrmse"
                    )
                    for strain in strains
                }
                for model in self.models
            }
        )

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
        errors = list(_pooled(rows, value).values())
        return float(np.mean(errors)) if errors else float("nan")


def _pooled(rows: pd.DataFrame, value: str) -> dict[str, float]:
    """Return each state's root mean squared error over the points of all rows.

    NaN if any row is NaN (a failed forecast is not left out). NRMSE leaves out states that do not
    vary and so have no unit.
    """
    if value == "nrmse":
        rows = rows[~(rows["rmse"].notna() & rows["nrmse"].isna())]
    errors: dict[str, float] = {}
    for state in dict.fromkeys(rows["state"]):
        of_state = rows[rows["state"] == state]
        n = of_state["n"].to_numpy(dtype=np.float64)
        square = of_state[value].to_numpy(dtype=np.float64) ** 2
        errors[str(state)] = float(np.sqrt((n * square).sum() / n.sum()))
    return errors


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) >= 5e-4 or value == 0 else f"{value:.1e}"
