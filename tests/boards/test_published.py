from __future__ import annotations

from pathlib import Path

import pytest

import pyscimlode
from pyscimlode.boards.published import (
    PENALTIES,
    SCORES,
    TABLE_III,
    TABLE_IV,
    TABLE_V,
    PublishedScores,
    improvement,
)

BOTH = pytest.mark.parametrize("table", [TABLE_III, TABLE_IV], ids=["III", "IV"])


@BOTH
def test_printed_means_are_the_means_of_the_printed_rows(table: PublishedScores) -> None:
    calculated = [table.calculated_mean(penalty) for penalty in PENALTIES]
    assert calculated == pytest.approx(table.mean, abs=0.0051)
    assert table.calculated_tpot_mean() == pytest.approx(table.tpot_mean, abs=0.0051)


@BOTH
def test_printed_improvements_follow_from_the_printed_means(table: PublishedScores) -> None:
    calculated = [improvement(mean, table.tpot_mean) for mean in table.mean]
    assert calculated == pytest.approx(table.improvement, abs=0.0051)


def test_a_zero_field_would_have_the_largest_published_improvement() -> None:
    assert improvement(0.0, TABLE_III.tpot_mean) == 100.0
    assert improvement(2.0 * TABLE_III.tpot_mean, TABLE_III.tpot_mean) == -100.0


def test_rows_are_those_of_the_data_sets(measured_data: Path) -> None:
    for pathway, table in SCORES.items():
        data = pyscimlode.datasets.load(pathway)
        assert set(table.states) == set(data.state_names)
        assert set(table.tpot) == set(data.state_names)
        assert table.strain in data.strains


def test_table_v_has_both_steps_of_both_pathways() -> None:
    assert {(row.pathway, row.step) for row in TABLE_V} == {
        (pathway, step) for pathway in SCORES for step in ("training", "inference")
    }
    assert all(row.net < row.baseline for row in TABLE_V)
