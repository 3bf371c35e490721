"""Tables that scikit-learn can split, ``X`` and ``y``, and the data sets that they mean.

**Time series** are a DataFrame with a row a strain and time. ``X`` says what a forecast may know:

====================  ===========================================================================
``experiment``        id of the series; ``strain`` is the id where this column is missing
``strain``            strain of the series; the id where this column is missing
``time``              of the row
``time@0``            time of the strain's start; its first row where this column is missing
``<state>@0``         state at the start, the same in all rows of a series; one column a state
any other             a control p(t), NaN where it was not measured
====================  ===========================================================================

``y`` has a column a state, NaN where it was not measured. A forecast at one row needs the controls
of the rows before it, so all rows of a strain stay together: split with ``LeaveOneStrainOut``.

**End points** are an array or DataFrame without those columns, a row a strain: ``X`` has its
controls, which stay as they are, and ``y`` its states at the end. All strains start from one state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.data.validation import check_columns
from pyscimlode.errors import ColumnError, ExperimentError, TimeError, ValueRangeError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

START = "@0"
IDS = ("experiment", "strain")
RESERVED = (*IDS, "time", f"time{START}")


def to_Xy(dataset: Dataset) -> tuple[pd.DataFrame, pd.DataFrame, npt.NDArray[Any]]:
    """Return ``(X, y, groups)`` of a data set, a row an experiment and time.

    ``X`` and ``y`` are as the module describes; ``groups`` are the strains of the rows.

    Raises:
        ColumnError: when a state or control has the name of one of the other columns.

    >>> import pyscimlode
    >>> data = pyscimlode.datasets.simulate(n=2, times=[0, 12, 24])
    >>> X, y, groups = to_Xy(data.keep(states=["GPP"], controls=["MK"]))
    >>> list(X.columns), list(y.columns), groups.tolist()[2:4]
    (['experiment', 'strain', 'time', 'time@0', 'GPP@0', 'MK'], ['GPP'], ['S1', 'S2'])
    """
    import pandas as pd

    for name in (*dataset.state_names, *dataset.control_names):
        if name in RESERVED or name.endswith(START):
            raise ColumnError(
                f"A state or control is named {name!r}, which means something else in a table for "
                f"scikit-learn ({', '.join(RESERVED)}, *{START}). Rename it."
            )
    tables, targets = [], []
    for experiment in dataset:
        table = pd.DataFrame(
            {
                "experiment": experiment.name,
                "strain": experiment.strain,
                "time": experiment.times,
                f"time{START}": experiment.times[0],
            }
        )
        for name, value in zip(dataset.state_names, experiment.states[0], strict=True):
            table[f"{name}{START}"] = value
        for name, column in zip(dataset.control_names, experiment.controls.T, strict=True):
            table[name] = column
        tables.append(table)
        targets.append(pd.DataFrame(experiment.states, columns=list(dataset.state_names)))
    X = pd.concat(tables, ignore_index=True)
    return X, pd.concat(targets, ignore_index=True), X["strain"].to_numpy()


@dataclass(frozen=True, eq=False)
class Rows:
    """A data set made from a table, and where each row of the table is in it.

    Attributes:
        dataset: the experiments.
        experiment_of: ``(rows,)`` position of the row's experiment.
        time_of: ``(rows,)`` position of the row's time in that experiment.
    """

    dataset: Dataset
    experiment_of: npt.NDArray[np.intp]
    time_of: npt.NDArray[np.intp]

    @property
    def at_start(self) -> npt.NDArray[np.bool_]:
        """``(rows,)``, True for rows at the start of a forecast, which are given."""
        return np.asarray(self.time_of == 0)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> Rows:
        """Return the rows that :func:`to_Xy` makes."""
        counts = [len(e.times) for e in dataset]
        return cls(
            dataset,
            np.repeat(np.arange(len(counts)), counts),
            np.concatenate([np.arange(n) for n in counts]),
        )


def is_series(X: Any) -> bool:
    """Return whether a table is one of time series, by its column names.

    Raises:
        ColumnError: for a column that is nearly one of theirs, such as ``Time``.
    """
    names = [str(name) for name in getattr(X, "columns", ())]
    if any(name in RESERVED or name.endswith(START) for name in names):
        return True
    for name in names:
        if name.strip().lower() in RESERVED:
            raise ColumnError(
                f"Column {name!r} of X: time series have columns called 'time', and 'strain' or "
                f"'experiment', spelt like this. Rename it to {name.strip().lower()!r}."
            )
    return False


def end_point_rows(
    X: FloatArray,
    y: FloatArray | None,
    *,
    state_names: Sequence[str],
    control_names: Sequence[str],
    horizon: float,
    initial: float | Sequence[float],
    groups: Sequence[Any] | npt.NDArray[Any] | None = None,
) -> Rows:
    """Return the data set of end points: each row a strain at time 0 and at the horizon.

    Raises:
        ColumnError: for names that are repeated.
        ExperimentError: for groups of another number of rows.
        TimeError: for a horizon that is not positive.
        ValueRangeError: for initial states that do not fit.
    """
    if not np.isfinite(horizon) or horizon <= 0:
        raise TimeError(f"horizon={horizon!r}: the time of the end points must be positive.")
    check_columns(state_names, control_names)
    start = np.asarray(initial, dtype=np.float64)
    if start.shape not in ((), (len(state_names),)) or not np.isfinite(start).all():
        raise ValueRangeError(
            f"initial={initial!r}: give one number, or one for each of {len(state_names)} states."
        )
    strains = [f"row {i}" for i in range(len(X))] if groups is None else list(map(str, groups))
    if len(strains) != len(X):
        raise ExperimentError(
            f"groups names the strains of {len(strains)} rows, and X has {len(X)} rows."
        )
    ends = np.full((len(X), len(state_names)), np.nan) if y is None else y
    experiments = tuple(
        Experiment(
            f"row {i}",
            np.array([0.0, horizon]),
            np.stack([np.broadcast_to(start, ends[i].shape), ends[i]]),
            np.stack([X[i], X[i]]),
            strains[i],
        )
        for i in range(len(X))
    )
    dataset = Dataset(experiments, tuple(state_names), tuple(control_names))
    return Rows(dataset, np.arange(len(X)), np.ones(len(X), dtype=np.intp))


def target_table(y: Any, state_names: Sequence[str], n_rows: int) -> FloatArray:
    """Return ``(rows, states)`` from what stands for ``y``, NaN where nothing was measured.

    Raises:
        ColumnError: for other states than named, or another number of rows.
        ValueRangeError: for cells that are no numbers.
    """
    if hasattr(y, "columns"):
        if set(map(str, y.columns)) != set(state_names):
            apart = sorted(set(map(str, y.columns)) ^ set(state_names))
            raise ColumnError(
                f"y and the columns '<state>{START}' of X name different states: only one of them "
                f"has {', '.join(apart)}. Every state needs both."
            )
        y = y[list(state_names)]
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueRangeError(f"The cells of y are not all numbers ({error}).") from error
    table = values[:, None] if values.ndim == 1 else values
    if table.shape != (n_rows, len(state_names)):
        raise ColumnError(
            f"y has shape {values.shape}; X has {n_rows} rows and names {len(state_names)} states "
            f"({', '.join(state_names[:8])}) in its columns '<state>{START}'."
        )
    return table
