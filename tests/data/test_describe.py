from __future__ import annotations

import numpy as np

from pyscimlode.data import Dataset, Experiment, simulate


def test_long_lists_are_shortened_and_common_units_said_once() -> None:
    text = repr(simulate(12, times=[0, 24, 72]))
    assert "12 strains (S1, S2, S3, S4, S5, S6, S7, ... S12)" in text
    assert "3 times from 0 to 72 h" in text
    assert "Limonene [all mM]; 360 of 360 cells measured (100 %)" in text


def test_different_numbers_of_times() -> None:
    short = Experiment("A", [0, 1], [[1.0], [2.0]], np.empty((2, 0)))
    long = Experiment("B", [0, 1, 2], [[1.0]] * 3, np.empty((3, 0)))
    text = repr(Dataset((short, long), ("X",)))
    assert "2 to 3 times from 0 to 2 h" in text
    assert "no controls" in text


def test_html_is_escaped_and_has_a_row_per_experiment() -> None:
    part = Experiment("<b>A", [0, 1], [[1.0], [np.nan]], np.empty((2, 0)))
    html = Dataset((part,), ("X<Y",))._repr_html_()
    assert "<td>&lt;b&gt;A</td>" in html
    assert "X&lt;Y" in html
    assert "<td>1 of 2</td>" in html
    assert "and 5 more" in simulate(25, times=[0, 1])._repr_html_()
