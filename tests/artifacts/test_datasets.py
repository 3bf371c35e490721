from __future__ import annotations

import json

import numpy as np
import pytest

from pyscimlode.artifacts.datasets import dataset_arrays, dataset_from, describe_dataset
from pyscimlode.data.simulate import simulate


def test_a_data_set_comes_back_as_it_was() -> None:
    dataset = simulate(n=3, times=(0, 6, 12), noise=0.1, seed=2).with_history("made for a test")
    described = json.loads(json.dumps(describe_dataset(dataset)))
    back = dataset_from("train", described, dataset_arrays("train", dataset))
    assert back.content_hash == dataset.content_hash == described["content_hash"]
    assert back.provenance == dataset.provenance


def test_values_can_be_left_out_and_a_missing_array_is_an_error() -> None:
    dataset = simulate(n=2, times=(0, 6, 12))
    arrays = dataset_arrays("x", dataset, values=False)
    back = dataset_from("x", describe_dataset(dataset), arrays)
    assert back.n_measured == 0
    np.testing.assert_array_equal(back["S1"].times, [0, 6, 12])
    with pytest.raises(KeyError, match="y/0/times"):
        dataset_from("y", describe_dataset(dataset), arrays)
