"""Reading the long table of a reproduction: errors by state and seed, means, text of cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """Whose scores: a model, and of nets the variant and the penalty's factor.

    Attributes:
        model: its name in the table.
        variant: of nets, else empty.
        pir: of nets, else None.
    """

    model: str
    variant: str = ""
    pir: float | None = None

    def of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this column."""
        same = (table["model"] == self.model) & (table["variant"] == self.variant)
        pir = table["pir"]
        return table[same & (pir.isna() if self.pir is None else pir == self.pir)]


def of_task(table: pd.DataFrame, strain: str, task: str) -> pd.DataFrame:
    """Return the rows of one held-out strain and one task."""
    return table[(table["strain"] == strain) & (table["task"] == task)]


def errors(rows: pd.DataFrame, value: str = "rmse") -> pd.DataFrame:
    """Return states x seeds of one column's rows, in the order of the rows."""
    states = list(dict.fromkeys(rows["state"]))
    seeds = list(dict.fromkeys(rows["seed"]))
    return rows.pivot(index="state", columns="seed", values=value).reindex(
        index=states, columns=seeds
    )


def means(rows: pd.DataFrame, value: str = "rmse", *, clean: bool = False) -> FloatArray:
    """Return the mean over states for each seed ``(seeds,)``.

    NaN where a forecast failed. NRMSE leaves out states that do not vary and so have no unit;
    ``clean`` leaves out states that are marked as excluded.
    """
    chosen = rows[~rows["excluded"]] if clean else rows
    if value == "nrmse":
        chosen = chosen[~(chosen["rmse"].notna() & chosen["nrmse"].isna())]
    if chosen.empty:
        return np.empty(0)
    return np.asarray(errors(chosen, value).to_numpy(dtype=np.float64).mean(axis=0))


def mean_and_sd(values: FloatArray | Sequence[float]) -> tuple[float, float]:
    """Return mean and standard deviation (ddof 0) over seeds; NaN where there is nothing.

    >>> mean_and_sd([1.0, 3.0])
    (2.0, 1.0)
    """
    found = np.asarray(values, dtype=np.float64)
    if not len(found):
        return float("nan"), float("nan")
    return float(found.mean()), float(found.std())


def text(values: FloatArray | Sequence[float]) -> str:
    """Return ``mean ± sd`` over seeds, one number alone, or what there is instead.

    >>> text([0.1, 0.3]), text([0.25]), text([float("nan")]), text([])
    ('0.200 ± 0.100', '0.250', 'failed', '')
    """
    if not len(values):
        return ""
    mean, sd = mean_and_sd(values)
    if math.isnan(mean):
        failed = int(np.isnan(np.asarray(values)).sum())
        return "failed" if len(values) == 1 else f"failed ({failed} of {len(values)})"
    return number(mean) if len(values) == 1 else f"{number(mean)} ± {number(sd)}"


def printed(values: FloatArray | Sequence[float]) -> str:
    """Return a published number with the two decimals that it was printed with.

    >>> printed([0.6])
    '0.60'
    """
    return f"{float(values[0]):.2f}" if len(values) else ""


def number(value: float) -> str:
    """Return three decimals, or two digits and an exponent where these say nothing.

    >>> number(0.1234), number(0.0), number(3e-7), number(12345.0)
    ('0.123', '0', '3.0e-07', '1.2e+04')
    """
    if value == 0.0:
        return "0"
    return f"{value:.3f}" if 5e-4 <= abs(value) < 1e4 else f"{value:.1e}"
