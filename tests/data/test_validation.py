"""What is allowed, and what is warned of; what fails is in the catalogue of bad inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyscimlode.data import Dataset, Experiment, simulate, split, validate_for_training
from pyscimlode.errors import DataWarning

NAN = np.nan


def dataset(name: str = "A", **parts: Any) -> Dataset:
    values = {
        "times": [0, 1, 2, 3, 4],
        "states": [[0.1, 1.0], [0.2, 2.0], [0.4, 3.0], [0.5, 3.0], [0.6, 3.0]],
        "controls": [[5.0]] * 5,
    }
    return Dataset((Experiment(name, **{**values, **parts}),), ("X", "Y"), ("E",))


def test_simulated_strains_are_fine() -> None:
    validate_for_training(*split(simulate(3, times=[0, 24, 72]), "S2"))


def test_a_state_that_one_strain_never_has_is_fine() -> None:
    without = dataset("B", states=[[0.1, NAN], [0.2, NAN], [0.3, NAN], [0.4, NAN], [0.5, NAN]])
    both = Dataset((*dataset("A"), *without), ("X", "Y"), ("E",))
    validate_for_training(both)
    validate_for_training(dataset("A"), without)


def test_a_single_measured_control_value_is_enough_for_few_times() -> None:
    short = dataset(times=[0, 1], states=[[1, 2], [3, 4]], controls=[[1], [NAN]])
    validate_for_training(short)


@pytest.mark.parametrize(
    ("train", "test", "text"),
    [
        (
            dataset(states=[[1, 0.5], [2, 0.5], [3, 0.5], [4, 0.5], [5, 0.5]]),
            None,
            r"State 'Y' is 0\.5 in all training strains: it does not vary",
        ),
        (
            dataset(states=[[1, 2], [-2, 3], [3, 4], [4, 5], [5, 6]]),
            None,
            r"Column 'X' of experiment 'A' is negative at time 1",
        ),
        (
            dataset(controls=[[1], [2], [3], [4], [-5]]),
            None,
            r"Column 'E' of experiment 'A' is negative at time 4",
        ),
        (
            dataset(controls=[[1], [2], [NAN], [NAN], [NAN]]),
            None,
            r"Control 'E' of experiment 'A' is not measured for 3 of 4 h",
        ),
        (
            dataset(),
            dataset("B", times=[0, 0.1, 0.2, 0.5, 4], controls=[[1], [2], [3], [4], [5]]),
            r"Control 'E' of experiment 'B' is not measured for 3\.5 of 4 h",
        ),
        (
            dataset(),
            dataset("B", times=[0, 1, 2, 3, 5]),
            r"'B' goes on to 5 h, but no training strain beyond 4 h",
        ),
        (
            dataset(),
            dataset("B", states=[[1, 2]] + [[NAN, NAN]] * 4),
            r"Test experiment 'B' has no measured state after its first time",
        ),
    ],
    ids=["constant", "negative", "negative-control", "gap", "gap-test", "longer", "unscored"],
)
def test_warnings(train: Dataset, test: Dataset | None, text: str) -> None:
    with pytest.warns(DataWarning, match=text):
        validate_for_training(train, test)


def test_a_level_that_was_set_has_no_gap_between_late_times() -> None:
    validate_for_training(dataset("A"), dataset("B", times=[0, 0.1, 0.2, 0.5, 4]))


def test_a_constant_state_in_the_test_strain_alone_is_fine() -> None:
    constant = dataset("B", states=[[1, 0.5], [2, 0.5], [3, 0.5], [4, 0.5], [5, 0.5]])
    validate_for_training(dataset("A"), constant)
