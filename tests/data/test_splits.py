from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.data import Dataset, Experiment, leave_one_strain_out, split
from pyscimlode.data.splits import check_disjoint
from pyscimlode.errors import ExperimentError


def dataset(*ids: tuple[str, str]) -> Dataset:
    parts = [
        Experiment(name, [0, 1], [[1.0], [2.0]], np.empty((2, 0)), strain) for name, strain in ids
    ]
    return Dataset(tuple(parts), ("X",))


REPLICATED = dataset(("A1", "A"), ("A2", "A"), ("B", "B"), ("C", "C"))


@pytest.mark.parametrize(
    ("test", "trained", "tested"),
    [
        ("B", ("A1", "A2", "C"), ("B",)),
        (["A"], ("B", "C"), ("A1", "A2")),
        (["A2", "A1"], ("B", "C"), ("A2", "A1")),
        (("C", "B"), ("A1", "A2"), ("C", "B")),
        (["B", "B"], ("A1", "A2", "C"), ("B",)),
    ],
)
def test_split_by_strain(
    test: str | list[str], trained: tuple[str, ...], tested: tuple[str, ...]
) -> None:
    train, held_out = split(REPLICATED, test)
    assert train.names == trained
    assert held_out.names == tested


def test_split_is_noted() -> None:
    train, test = split(REPLICATED, ["B", "C"])
    assert train.provenance.history == ("training part of a split, test strains B, C",)
    assert test.provenance.history == ("test part of a split, test strains B, C",)


def test_every_strain_is_left_out_once_with_all_its_replicates() -> None:
    folds = [(s, train.names, test.names) for s, train, test in leave_one_strain_out(REPLICATED)]
    assert folds == [
        ("A", ("B", "C"), ("A1", "A2")),
        ("B", ("A1", "A2", "C"), ("B",)),
        ("C", ("A1", "A2", "B"), ("C",)),
    ]


def test_chosen_strains_are_left_out() -> None:
    assert [strain for strain, _, _ in leave_one_strain_out(REPLICATED, ["C"])] == ["C"]


def test_a_replicate_on_the_other_side_is_found() -> None:
    with pytest.raises(ExperimentError, match=r"training: A1; test: A2"):
        check_disjoint(REPLICATED.select(["A1", "B"]), REPLICATED.select(["A2", "C"]))
    check_disjoint(REPLICATED.select(["A"]), REPLICATED.select(["B", "C"]))
