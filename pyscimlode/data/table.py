"""A wide table (one row per strain and time, one column per measurement) as a data set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pyscimlode.data.dataset import Dataset, Experiment, FloatArray, Interpolation, Provenance
from pyscimlode.data.numbers import Where, holds_numbers, parse_ids, parse_numbers, parse_times
from pyscimlode.data.roles import Roles, resolve_roles
from pyscimlode.data.units import (
    CONVERTIBLE,
    check_unit_columns,
    time_unit_in_header,
    unit_in_header,
)
from pyscimlode.data.validation import check_interpolation
from pyscimlode.errors import (
    ColumnError,
    DataError,
    ExperimentError,
    TimeError,
    UnitError,
    ValueRangeError,
)

if TYPE_CHECKING:
    import pandas as pd

ONE_EXPERIMENT = "experiment"
"""Name of the strain of a table without a strain column."""


def from_frame(
    frame: pd.DataFrame,
    *,
    time: str | None = None,
    experiment: str | None = None,
    states: str | Sequence[str] | None = None,
    controls: str | Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    time_unit: str | None = None,
    replicate: str | None = None,
    replicates: Literal["separate", "mean"] = "separate",
    control_interpolation: Interpolation = "linear",
    negative: Literal["error", "allow"] = "error",
    decimal: str = ".",
    missing: Collection[str] = (),
    provenance: Provenance | None = None,
) -> Dataset:
    """Return the data set of a wide table.

    Roles that are not given are guessed from the headers; the provenance's history says what
    was guessed, and naming the roles overrides it. Rows are sorted by time.

    Args:
        frame: one row per strain and time (and replicate); empty cells were not measured.
        time: the time column.
        experiment: the strain column; without one, the table is a single strain.
        states: the states (metabolites).
        controls: the controls (measured inputs, proteins); ``[]`` for none.
        units: unit of states and controls; a unit in a header, as in ``GPP (uM)``, is found.
        time_unit: unit of the times; by default from the header of the time column, else ``h``.
        replicate: the column that tells replicates of a strain apart.
        replicates: keep them as ``"separate"`` experiments of one strain, or take the ``"mean"``
            over those measured at each time.
        control_interpolation: ``"linear"`` or ``"step"``.
        negative: ``"allow"`` for values such as logarithms; concentrations are not negative.
        decimal: decimal sign of cells that are text.
        missing: more texts that mean "not measured", such as ``["n.d."]``.
        provenance: where the table comes from; what is done here is added to its history.

    Raises:
        ColumnError: for columns that are missing, unknown, empty, repeated or in two roles.
        TimeError: for times that are empty, not numbers, negative, or repeated in a strain.
        ValueRangeError: for cells that are not numbers, infinite or negative.
        ExperimentError: for rows without a strain.
        UnitError: for units that contradict the headers.
        DataError: for a table without rows.

    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"Strain": ["A", "A"], "Hour": [0, 4], "Limonene (mM)": [0, 0.3], "GPPS": [2e5, 4e5]}
    ... )
    >>> from_frame(table)
    Dataset (frame): 1 strain (A), 2 times from 0 to 4 h
      1 state: Limonene (mM) [mM]; 2 of 2 cells measured (100 %)
      1 control: GPPS (linear in time)
    """
    _check_options(replicates, negative, decimal, control_interpolation)
    table, notes = _tidy(frame)
    roles = resolve_roles(
        list(table.columns),
        lambda column: holds_numbers(table[column], missing),
        time=time,
        experiment=experiment,
        replicate=replicate,
        states=states,
        controls=controls,
    )
    notes += roles.notes
    times = parse_times(table[roles.time], roles.time, decimal=decimal, missing=missing)
    strains = (
        [ONE_EXPERIMENT] * len(table)
        if roles.experiment is None
        else parse_ids(table[roles.experiment], roles.experiment)
    )

    def where(row: int) -> str:
        return f"in strain {strains[row]!r} at time {times[row]:g}"

    columns = {
        name: parse_numbers(table[name], name, where, decimal=decimal, missing=missing)
        for name in (*roles.states, *roles.controls)
    }
    state_names, control_names = _without_empty(roles, columns, notes)
    if negative == "error":
        _check_not_negative(columns, where)
    found_units = _units((*state_names, *control_names), units)
    ids = strains
    if roles.replicate is not None:
        ids = _replicate_ids(strains, parse_ids(table[roles.replicate], roles.replicate))
        if replicates == "mean" and ids != strains:
            notes.append("replicates averaged per strain and time")
    experiments = _experiments(
        times,
        strains,
        ids,
        _stack(columns, state_names, len(table)),
        _stack(columns, control_names, len(table)),
        mean=replicates == "mean",
        roles=roles,
    )
    origin = provenance or Provenance("frame")
    return Dataset(
        experiments=tuple(experiments),
        state_names=state_names,
        control_names=control_names,
        units=found_units,
        time_unit=_time_unit(roles.time, time_unit),
        control_interpolation=control_interpolation,
        provenance=Provenance(origin.source, origin.details, (*origin.history, *notes)),
    )


def _check_options(replicates: str, negative: str, decimal: str, interpolation: str) -> None:
    for name, value, allowed in (
        ("replicates", replicates, ("separate", "mean")),
        ("negative", negative, ("error", "allow")),
        ("decimal", decimal, (".", ",")),
    ):
        if value not in allowed:
            raise DataError(f"{name} is {value!r}; it must be {allowed[0]!r} or {allowed[1]!r}.")
    check_interpolation(interpolation)


def _tidy(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"A pandas DataFrame is needed, not {type(frame).__name__}.")
    table = frame.reset_index() if any(name is not None for name in frame.index.names) else frame
    if table.columns.nlevels > 1:
        raise ColumnError("The table has headers of several levels; one row of headers is needed.")
    table = table.set_axis([str(column).strip() for column in table.columns], axis=1)
    notes = []
    unnamed = [i for i, c in enumerate(table.columns) if not c or c.startswith("Unnamed: ")]
    if unnamed:
        table = table.iloc[:, [i for i in range(table.shape[1]) if i not in unnamed]]
        notes.append(f"{len(unnamed)} column(s) without header left out")
    repeated = table.columns[table.columns.duplicated()]
    if len(repeated):
        raise ColumnError(f"Two columns are named {repeated[0]!r}; rename or remove one.")
    blank = (table.isna() | table.astype(str).apply(lambda c: c.str.strip()).eq("")).all(axis=1)
    if blank.any():
        table = table[~blank]
        notes.append(f"{int(blank.sum())} empty row(s) left out")
    if table.shape[1] == 0 or len(table) == 0:
        raise DataError("The table has no rows with content; at least two times are needed.")
    return table.reset_index(drop=True), notes


def _without_empty(
    roles: Roles, columns: dict[str, FloatArray], notes: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    empty = {name for name, values in columns.items() if not np.isfinite(values).any()}
    for role, names in (("states", roles.states), ("controls", roles.controls)):
        for name in names:
            if name not in empty:
                continue
            if role not in roles.guessed:
                raise ColumnError(f"Column {name!r} has no value; leave it out of {role}=...")
            notes.append(f"column {name!r} left out: it has no value")
    states = tuple(name for name in roles.states if name not in empty)
    controls = tuple(name for name in roles.controls if name not in empty)
    if not states:
        raise ColumnError(f"No state has any value: {', '.join(roles.states)} are all empty.")
    return states, controls


def _check_not_negative(columns: Mapping[str, FloatArray], where: Where) -> None:
    for name, values in columns.items():
        if (values < 0).any():
            row = int(np.argmax(values < 0))
            raise ValueRangeError(
                f"Column {name!r} is negative ({values[row]:g}) {where(row)}. Concentrations and "
                "amounts are not: set it to 0 or leave the cell empty; for values that may be "
                "negative, such as logarithms, pass negative='allow'."
            )


def _units(columns: Sequence[str], given: Mapping[str, str] | None) -> dict[str, str]:
    check_unit_columns(given or {}, tuple(columns))
    units = {}
    for name in columns:
        in_header = unit_in_header(name)
        unit = (given or {}).get(name, in_header)
        if unit is None:
            continue
        if in_header is not None and not _same_unit(unit, in_header):
            raise UnitError(
                f"The header of column {name!r} says {in_header!r}, but units= says {unit!r}. "
                "Correct one of them; to convert, read it as it is and use with_units()."
            )
        units[name] = unit
    return units


def _same_unit(one: str, other: str) -> bool:
    return one == other or any(family.get(one, 1) == family.get(other, 2) for family in CONVERTIBLE)


def _time_unit(header: str, given: str | None) -> str:
    in_header = time_unit_in_header(header)
    if given is not None and in_header is not None and given != in_header:
        raise UnitError(
            f"The header of time column {header!r} says {in_header!r}, but time_unit= says "
            f"{given!r}. Correct one of them; to convert, use with_units(time_unit=...)."
        )
    return given or in_header or "h"


def _replicate_ids(strains: list[str], replicates: list[str]) -> list[str]:
    of_strain: dict[str, set[str]] = {}
    for strain, replicate in zip(strains, replicates, strict=True):
        of_strain.setdefault(strain, set()).add(replicate)
    ids = []
    for strain, replicate in zip(strains, replicates, strict=True):
        if len(of_strain[strain]) == 1:
            ids.append(strain)
        elif replicate.startswith(strain):
            ids.append(replicate)
        else:
            ids.append(f"{strain}-r{replicate}" if replicate.isdigit() else f"{strain}-{replicate}")
    return ids


def _experiments(
    times: FloatArray,
    strains: list[str],
    ids: list[str],
    states: FloatArray,
    controls: FloatArray,
    *,
    mean: bool,
    roles: Roles,
) -> list[Experiment]:
    names = np.array(strains if mean else ids)
    strain_of = dict(zip(names.tolist(), strains, strict=True))
    experiments = []
    for name in dict.fromkeys(names.tolist()):
        rows = np.flatnonzero(names == name)
        rows = rows[np.argsort(times[rows], kind="stable")]
        grid = times[rows]
        if mean:
            _check_repeats([(ids[row], times[row]) for row in rows], roles)
            grid = np.unique(grid)
            blocks = [rows[times[rows] == at] for at in grid]
            state_rows = np.stack([_mean(states[block]) for block in blocks])
            control_rows = np.stack([_mean(controls[block]) for block in blocks])
        else:
            _check_repeats([(name, at) for at in grid], roles)
            state_rows, control_rows = states[rows], controls[rows]
        experiments.append(Experiment(name, grid, state_rows, control_rows, strain_of[name]))
    return experiments


def _check_repeats(keys: list[tuple[str, Any]], roles: Roles) -> None:
    seen: set[tuple[str, Any]] = set()
    for key in keys:
        if key not in seen:
            seen.add(key)
            continue
        name, at = key
        if roles.experiment is None:
            raise ExperimentError(
                f"Time {at:g} occurs more than once and there is no strain column. Say which "
                "column tells the strains apart with experiment=..."
            )
        raise TimeError(
            f"Strain {name!r} has more than one row at time {at:g}. If they are replicates, say "
            "which column tells them apart with replicate=...; if two strains share an id, give "
            "them different ids; otherwise remove a row."
        )


def _mean(block: FloatArray) -> FloatArray:
    measured = np.isfinite(block)
    counts = measured.sum(axis=0)
    totals = np.where(measured, block, 0.0).sum(axis=0)
    mean: FloatArray = np.divide(totals, counts, out=np.full(len(totals), np.nan), where=counts > 0)
    return mean


def _stack(columns: Mapping[str, FloatArray], names: Sequence[str], rows: int) -> FloatArray:
    return np.stack([columns[name] for name in names], axis=1) if names else np.empty((rows, 0))
