"""The course of training as compact arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from pyscimlode.training.state import TrainState

FloatArray = npt.NDArray[np.float64]
MEMBER_COLUMNS = ("total", "data", "pir", "lipschitz", "gradient_norm", "failures")
ROW_COLUMNS = ("stage_index", "iteration", "lr")


@dataclass(frozen=True, eq=False)
class Row:
    """One iteration of all members.

    Attributes:
        iteration: from 1, within the stage.
        lr: learning rate, NaN where a stage has none.
        total: ``(members,)`` loss; NaN for members that were not evaluated.
        data: ``(members,)`` data term.
        pir: ``(members,)`` penalty.
        lipschitz: ``(members,)`` penalty, 0 where there is none.
        gradient_norm: ``(members,)`` Euclidean norm before clipping.
        failures: ``(members,)`` experiments whose solve failed.
        message: what went wrong, else empty; not kept.
    """

    iteration: int
    lr: float
    total: FloatArray
    data: FloatArray
    pir: FloatArray
    lipschitz: FloatArray
    gradient_norm: FloatArray
    failures: FloatArray
    message: str = ""


class Recorder:
    """Rows in arrays that grow by doubling."""

    def __init__(self, members: int, arrays: dict[str, npt.NDArray[np.float64]] | None = None):
        self.members = members
        self.rows = 0
        self._capacity = 0
        self._arrays: dict[str, FloatArray] = {}
        self._reserve(256)
        if arrays is not None:
            rows = len(arrays["iteration"])
            self._reserve(rows)
            for name in (*ROW_COLUMNS, *MEMBER_COLUMNS):
                self._arrays[name][:rows] = arrays[name]
            self.rows = rows

    def append(self, stage_index: int, row: Row) -> None:
        """Keep one row."""
        if self.rows == self._capacity:
            self._reserve(2 * self._capacity)
        at = self.rows
        self._arrays["stage_index"][at] = stage_index
        for name in ("iteration", "lr", *MEMBER_COLUMNS):
            self._arrays[name][at] = getattr(row, name)
        self.rows = at + 1

    def arrays(self) -> dict[str, FloatArray]:
        """Return copies: ``(rows,)`` for the row's own columns, ``(rows, members)`` for others."""
        return {name: array[: self.rows].copy() for name, array in self._arrays.items()}

    def _reserve(self, capacity: int) -> None:
        if capacity <= self._capacity:
            return
        for name in (*ROW_COLUMNS, *MEMBER_COLUMNS):
            shape = (capacity,) if name in ROW_COLUMNS else (capacity, self.members)
            grown = np.full(shape, np.nan)
            if self.rows:
                grown[: self.rows] = self._arrays[name][: self.rows]
            self._arrays[name] = grown
        self._capacity = capacity


def history_frame(state: TrainState) -> pd.DataFrame:
    """Return the history as a table, one row an iteration and member.

    Columns: stage (its kind), stage_index, iteration, member, total, data, pir, lipschitz,
    gradient_norm, lr, failures. Members that were not evaluated in an iteration have no row.
    """
    import pandas as pd

    arrays = state.history
    rows, members = arrays["total"].shape
    kinds = np.array([stage.kind for stage in state.stages] or [""], dtype=object)
    stage_index = arrays["stage_index"].astype(np.int64)
    failures = arrays["failures"].ravel()
    used = np.isfinite(failures)
    frame = {
        "stage": np.repeat(kinds[stage_index], members),
        "stage_index": np.repeat(stage_index, members),
        "iteration": np.repeat(arrays["iteration"].astype(np.int64), members),
        "member": np.tile(np.arange(members), rows),
        "total": arrays["total"].ravel(),
        "data": arrays["data"].ravel(),
        "pir": arrays["pir"].ravel(),
        "lipschitz": arrays["lipschitz"].ravel(),
        "gradient_norm": arrays["gradient_norm"].ravel(),
        "lr": np.repeat(arrays["lr"], members),
    }
    table = pd.DataFrame({name: values[used] for name, values in frame.items()})
    table["failures"] = failures[used].astype(np.int64)
    return table
