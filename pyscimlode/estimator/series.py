"""From a table of time series to the data set that it means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pyscimlode.data.dataset import Dataset, Experiment
from pyscimlode.errors import ColumnError, ExperimentError, TimeError, ValueRangeError
from pyscimlode.estimator.tables import IDS, RESERVED, START, Rows, target_table

FloatArray = npt.NDArray[np.float64]


def series_rows(X: Any, y: Any = None, *, like: Dataset | None = None) -> Rows:
    """Return the data set that a table of time series means.

    Args:
        X: the table; :mod:`pyscimlode.estimator.tables` describes its columns.
        y: ``(rows, states)``, states after the start; None when they are asked for.
        like: a data set whose units of time and interpolation hold.

    Raises:
        ColumnError: for columns that are missing, or targets that are not the states of ``X``.
        TimeError: for two rows of a series at one time, or a row before the start.
        ExperimentError: for starts that differ within a series, or contradict ``y``.
        ValueRangeError: for cells that are no numbers.
    """
    state_names, control_names, id_column = _series_columns(X)
    ids = X[id_column].astype(str).to_numpy()
    strains = X["strain" if "strain" in X.columns else id_column].astype(str).to_numpy()
    times = _numbers(X, ["time"])[:, 0]
    starts = _numbers(X, [f"{name}{START}" for name in state_names])
    begins = _numbers(X, [f"time{START}"])[:, 0] if f"time{START}" in X.columns else None
    controls = _numbers(X, list(control_names))
    targets = None if y is None else target_table(y, state_names, len(X))
    experiments = []
    experiment_of = np.zeros(len(X), dtype=np.intp)
    time_of = np.zeros(len(X), dtype=np.intp)
    for index, name in enumerate(dict.fromkeys(ids)):
        rows = np.flatnonzero(ids == name)
        begin = times[rows].min() if begins is None else _same(begins[rows], name, f"time{START}")
        grid = _grid(times[rows], begin, name)
        at = np.searchsorted(grid, times[rows])
        states = np.full((len(grid), len(state_names)), np.nan)
        if targets is not None:
            states[at] = targets[rows]
        start = np.array(
            [_same(c, name, n) for c, n in zip(starts[rows].T, state_names, strict=True)]
        )
        _check_start(states[0], start, name, state_names)
        states[0] = start
        inputs = np.full((len(grid), len(control_names)), np.nan)
        inputs[at] = controls[rows]
        experiments.append(Experiment(name, grid, states, inputs, str(strains[rows[0]])))
        experiment_of[rows], time_of[rows] = index, at
    dataset = Dataset(
        tuple(experiments),
        state_names,
        control_names,
        time_unit="h" if like is None else like.time_unit,
        control_interpolation="linear" if like is None else like.control_interpolation,
    )
    return Rows(dataset, experiment_of, time_of)


def _series_columns(X: Any) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Return states, controls and the column of ids."""
    names = [str(name) for name in getattr(X, "columns", ())]
    ids = [name for name in IDS if name in names]
    states = tuple(n.removesuffix(START) for n in names if n.endswith(START) and n not in RESERVED)
    for what, there in (
        ("'strain' or 'experiment'", ids),
        ("'time'", "time" in names),
        (f"'<state>{START}' (a state at the start)", states),
    ):
        if not there:
            raise ColumnError(
                f"X has no column {what}; it has {', '.join(names[:12]) or 'no named columns'}. "
                "A table of time series is what to_Xy(dataset) returns."
            )
    controls = tuple(n for n in names if n not in RESERVED and not n.endswith(START))
    return states, controls, ids[0]


def _numbers(X: Any, columns: list[str]) -> FloatArray:
    try:
        return np.asarray(X[columns].to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        raise ValueRangeError(
            f"The columns {', '.join(columns)} of X are not all numbers ({error}). Every column "
            "that is no id, time or start is taken as a control."
        ) from error


def _same(values: FloatArray, name: str, what: str) -> float:
    """Return the one value of a column over the rows of a series; NaN if none is known."""
    known = np.unique(values[np.isfinite(values)])
    if len(known) > 1:
        raise ExperimentError(
            f"Rows of {name!r} have different starts: {what} is {known[0]:g} and {known[1]:g}. The "
            "start is the same in all rows of a series; replicates need ids of their own in a "
            "column 'experiment'."
        )
    return float(known[0]) if len(known) else float("nan")


def _grid(times: FloatArray, begin: float, name: str) -> FloatArray:
    """Return the start and the rows' times, sorted; two times at least."""
    if not np.isfinite(times).all() or not np.isfinite(begin):
        raise TimeError(f"A row of {name!r} has no time.")
    ordered = np.sort(times)
    if (np.diff(ordered) == 0).any():
        twice = ordered[int(np.argmax(np.diff(ordered) == 0))]
        raise TimeError(
            f"{name!r} has two rows at time {twice:g}. Replicates need ids of their own in a "
            "column 'experiment'."
        )
    if ordered[0] < begin:
        raise TimeError(f"A row of {name!r} at time {ordered[0]:g} is before its start, {begin:g}.")
    grid = np.union1d(ordered, [begin])
    return grid if len(grid) > 1 else np.append(grid, grid[0] + 1.0)


def _check_start(
    measured: FloatArray, start: FloatArray, name: str, state_names: Sequence[str]
) -> None:
    """Check that a measured first row and the start columns agree."""
    differ = np.isfinite(measured) & ~np.isclose(measured, start, rtol=1e-6, atol=0.0)
    if differ.any():
        column = int(np.argmax(differ))
        raise ExperimentError(
            f"The first row of {name!r} has {state_names[column]} = {measured[column]:g} in y, but "
            f"{state_names[column]}{START} = {start[column]:g} in X. Was the series cut? All rows "
            f"of a strain stay together, or X says when it starts in a column time{START}."
        )
