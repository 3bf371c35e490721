from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data import Dataset, Experiment
from pyscimlode.data.units import conversion_factor, time_unit_in_header, unit_in_header


def dataset() -> Dataset:
    part = Experiment("A", [0, 6], [[1.0, 2.0], [3.0, np.nan]], [[5.0], [6.0]])
    return Dataset((part,), ("X", "Y"), ("E",), units={"X": "mM"})


def test_known_units_are_converted_and_unknown_ones_declared() -> None:
    changed = dataset().with_units({"X": "uM", "Y": "g/L"}, time_unit="min")
    np.testing.assert_array_equal(changed["A"].states, [[1000, 2], [3000, np.nan]])
    assert changed["A"].times.tolist() == [0, 360]
    assert changed.units == {"X": "uM", "Y": "g/L"}
    assert changed.time_unit == "min"
    assert changed.provenance.history == (
        "X converted from mM to uM",
        "time converted from h to min",
    )


def test_there_and_back_is_the_same() -> None:
    there = dataset().with_units({"X": "nM"}, time_unit="d")
    back = there.with_units({"X": "mM"}, time_unit="h")
    np.testing.assert_allclose(back["A"].states, dataset()["A"].states, rtol=1e-15)
    np.testing.assert_allclose(back["A"].times, dataset()["A"].times, rtol=1e-15)


@pytest.mark.parametrize(
    ("old", "new", "factor"),
    [
        ("mM", "uM", 1000.0),
        ("µM", "mM", 1e-3),
        ("g/L", "mg/L", 1e3),
        ("d", "h", 24.0),
        ("x", "x", 1),
    ],
)
def test_factors(old: str, new: str, factor: float) -> None:
    assert conversion_factor(old, new, "X") == factor


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("GPP (uM)", "uM"),
        ("GPP [mM]", "mM"),
        ("Limonene(g/L)", "g/L"),
        ("GPP", None),
        ("Mev (total)", None),
        ("IPP/DMAPP (uM)", "uM"),
    ],
)
def test_unit_in_header(header: str, unit: str | None) -> None:
    assert unit_in_header(header) == unit


@pytest.mark.parametrize(
    ("header", "unit"),
    [("Hour", "h"), ("time [s]", "s"), ("t_min", "min"), ("Time (days)", "d"), ("time", None)],
)
def test_time_unit_in_header(header: str, unit: str | None) -> None:
    assert time_unit_in_header(header) == unit
