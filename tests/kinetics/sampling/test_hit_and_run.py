from __future__ import annotations

import numpy as np
import pytest

from pyscimlode.errors import DataError
from pyscimlode.kinetics.sampling.hit_and_run import Polytope, sample_polytope


def box(low: np.ndarray, high: np.ndarray) -> Polytope:
    eye = np.eye(len(low))
    return Polytope(
        np.concatenate([eye, -eye]), np.concatenate([high, -low]), np.zeros((0, len(low))), low[:0]
    )


def test_samples_of_a_long_thin_box_are_uniform() -> None:
    low, high = np.array([0.0, -1e-3]), np.array([1e3, 1e-3])
    x = sample_polytope(box(low, high), 1000, np.random.default_rng(1), thinning=10)
    assert np.all((x >= low) & (x <= high))
    share = (x - low) / (high - low)
    # 1,000 independent points have a standard error of 0.009 in the mean
    np.testing.assert_allclose(share.mean(axis=0), 0.5, atol=0.04)
    np.testing.assert_allclose(share.std(axis=0), 1 / np.sqrt(12), atol=0.02)


def test_samples_of_a_simplex_have_its_moments() -> None:
    simplex = Polytope(-np.eye(3), np.zeros(3), np.ones((1, 3)), np.ones(1))
    x = sample_polytope(simplex, 1000, np.random.default_rng(2), thinning=10)
    np.testing.assert_allclose(x.sum(axis=1), 1.0, atol=1e-12)
    assert x.min() >= -1e-9
    np.testing.assert_allclose(x.mean(axis=0), 1 / 3, atol=0.02)
    # the Dirichlet distribution with weights of one has the variance 1/18
    np.testing.assert_allclose(x.var(axis=0), 1 / 18, rtol=0.2)


def test_the_seed_decides() -> None:
    square = box(np.zeros(2), np.ones(2))
    first, again, other = (sample_polytope(square, 5, np.random.default_rng(s)) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_empty_and_unbounded_polytopes_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(DataError, match=r"empty or flat; widen its bounds"):
        sample_polytope(box(np.ones(2), np.zeros(2)), 1, rng)
    half = Polytope(-np.eye(2), np.zeros(2), np.zeros((0, 2)), np.zeros(0))
    with pytest.raises(DataError, match=r"not bounded; give every coordinate bounds"):
        sample_polytope(half, 1, rng)
