"""Units that can be converted into one another, and units named in column headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pyscimlode.errors import UnitError, did_you_mean

if TYPE_CHECKING:
    from pyscimlode.data.dataset import Dataset, FloatArray

CONVERTIBLE: tuple[Mapping[str, float], ...] = (
    {"M": 1.0, "mM": 1e-3, "uM": 1e-6, "µM": 1e-6, "μM": 1e-6, "nM": 1e-9},
    {"mol/L": 1.0, "mmol/L": 1e-3, "umol/L": 1e-6},
    {"g/L": 1.0, "mg/L": 1e-3, "ug/L": 1e-6, "mg/mL": 1.0},
    {"d": 24.0, "h": 1.0, "min": 1 / 60, "s": 1 / 3600},
)
"""Families of units and their size within the family; the two micro signs are both known."""

_HEADER = re.compile(r"^.*?[\s_]*[(\[]\s*(?P<unit>[^()\[\]]+?)\s*[)\]]\s*$")
_KNOWN = {unit for family in CONVERTIBLE for unit in family}
_TIME_UNITS = {
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}


def conversion_factor(old: str, new: str, column: str) -> float:
    """Return what values in ``old`` are to be multiplied by to be in ``new``.

    Raises:
        UnitError: when no conversion between the two is known.

    >>> conversion_factor("uM", "mM", "GPP")
    0.001
    """
    if old == new:
        return 1.0
    for family in CONVERTIBLE:
        if old in family and new in family:
            return float(f"{family[old] / family[new]:.15g}")
    raise UnitError(
        f"Column {column!r} is in {old!r} and cannot be converted to {new!r}: no conversion "
        f"between them is known.{did_you_mean(new, _KNOWN - {new})} Convert the values in the "
        "table (a molar mass may be needed)."
    )


def convert_units(
    dataset: Dataset, units: Mapping[str, str], time_unit: str | None = None
) -> Dataset:
    """Return the data set in these units; see :meth:`Dataset.with_units`."""
    columns = (*dataset.state_names, *dataset.control_names)
    check_unit_columns(units, columns)
    factors = {
        name: conversion_factor(dataset.units.get(name, unit), unit, name)
        for name, unit in units.items()
    }
    new_time_unit = time_unit or dataset.time_unit
    time_factor = conversion_factor(dataset.time_unit, new_time_unit, "time")
    state_factors = _vector(factors, dataset.state_names)
    control_factors = _vector(factors, dataset.control_names)
    changed = replace(
        dataset,
        experiments=tuple(
            replace(
                e,
                times=e.times * time_factor,
                states=e.states * state_factors,
                controls=e.controls * control_factors,
            )
            for e in dataset
        ),
        units={**dataset.units, **units},
        time_unit=new_time_unit,
    )
    notes = [
        f"{name} converted from {dataset.units[name]} to {unit}"
        for name, unit in units.items()
        if dataset.units.get(name, unit) != unit
    ]
    if new_time_unit != dataset.time_unit:
        notes.append(f"time converted from {dataset.time_unit} to {new_time_unit}")
    return changed.with_history(*notes)


def check_unit_columns(units: Mapping[str, str], columns: tuple[str, ...]) -> None:
    """Check that units are texts and belong to known columns.

    Raises:
        UnitError: naming the column.
    """
    for name, unit in units.items():
        if name not in columns:
            raise UnitError(
                f"There is a unit for {name!r}, which is no state or control."
                + did_you_mean(str(name), columns)
            )
        if not isinstance(unit, str) or not unit.strip():
            raise UnitError(
                f"The unit of {name!r} is {unit!r}; it must be a text such as 'mM' (or '1' for a "
                "number without unit)."
            )


def unit_in_header(header: str) -> str | None:
    """Return the unit that a column header ends with in brackets, if it is a known one.

    >>> unit_in_header("GPP (uM)"), unit_in_header("Sample (old)")
    ('uM', None)
    """
    match = _HEADER.match(header)
    return match["unit"] if match and match["unit"] in _KNOWN else None


def time_unit_in_header(header: str) -> str | None:
    """Return the time unit that the header of a time column names.

    >>> time_unit_in_header("Hour"), time_unit_in_header("time (min)"), time_unit_in_header("Time")
    ('h', 'min', None)
    """
    words = re.findall(r"[a-z]+", header.lower())
    return next((_TIME_UNITS[word] for word in reversed(words) if word in _TIME_UNITS), None)


def _vector(factors: Mapping[str, float], names: tuple[str, ...]) -> FloatArray:
    return np.array([factors.get(name, 1.0) for name in names])
